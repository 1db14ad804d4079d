"""Late imports, in one place: a command imports only what it uses."""

from __future__ import annotations

import importlib
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from threading import current_thread, main_thread
from types import FrameType
from typing import Any

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def lazy(module: str, name: str) -> Any:  # noqa: ANN401 - the caller states the type that it expects
    """The object of that name, its module imported now; ImportError and AttributeError are bugs."""
    with _signals_later():
        imported = importlib.import_module(module)
    return getattr(imported, name)


@contextmanager
def _signals_later() -> Iterator[None]:
    """Ctrl-C and SIGTERM act when the block ends: one that raises while a compiled module sets itself up
    (DuckDB's is one) aborts the process.
    """
    if current_thread() is not main_thread():  # only the main thread gets them
        yield
        return
    came: list[tuple[int, FrameType | None]] = []
    handlers = {each: signal.getsignal(each) for each in _SIGNALS}
    held = {each: handler for each, handler in handlers.items() if callable(handler)}
    for each in held:
        signal.signal(each, lambda number, frame: came.append((number, frame)))
    try:
        yield
    finally:
        for each, handler in held.items():
            signal.signal(each, handler)
    for number, frame in came[:1]:
        held[signal.Signals(number)](number, frame)
