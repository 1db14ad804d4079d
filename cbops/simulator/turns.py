"""A lock whose waiters get their turn, even against a thread that takes it again at once."""

from __future__ import annotations

from threading import Lock
from types import TracebackType


class TurnLock:
    """Whoever waits for it stands in the door, so the last owner can't come in again before. Not reentrant."""

    def __init__(self) -> None:
        self._door = Lock()
        self._inside = Lock()

    def __enter__(self) -> None:
        with self._door:
            self._inside.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inside.release()
