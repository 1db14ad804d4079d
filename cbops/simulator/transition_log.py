"""The practice router's log: a line of JSON for each start and each transition, as routers write them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from cbops.errors import StorageError
from cbops.model.base import from_ms, iso

STARTED = "router_started"
TRANSITION = "circuit_breaker_state_transition"


class TransitionLog:
    """Appends to a file and flushes each line; times are the router's, in milliseconds since the epoch.

    StorageError when the file can't be opened or takes no line at the start. A line that is refused later
    is lost, as a router goes on without its log: `on_failure` is told once. Close it, or use it as a
    context manager.
    """

    def __init__(self, path: Path, on_failure: Callable[[StorageError], None] = lambda _: None) -> None:
        self._path = path
        self._on_failure = on_failure
        self._instance = ""
        self.lost = 0
        try:
            self._out = path.open("a", encoding="utf-8")
        except OSError as error:
            raise self._refused(error) from error

    def started(self, at_ms: int, instance: str) -> None:
        """The router serves as that instance (`host:port`) from now on. StorageError."""
        self._instance = instance
        try:
            self._line(at_ms, STARTED, {})
        except OSError as error:
            raise self._refused(error) from error

    def restarted(self, at_ms: int) -> None:
        """The router forgot its circuits; no transition tells it."""
        self._try(at_ms, STARTED, {})

    def transition(  # noqa: PLR0917 - as the circuits call their listener
        self, tenant: str, provider: str, at_ms: int, source: str, target: str, reason: str
    ) -> None:
        """One circuit moved."""
        told = {"tenant_id": tenant, "provider_id": provider, "from": source, "to": target, "reason": reason}
        self._try(at_ms, TRANSITION, told)

    def close(self) -> None:
        """Give the file back."""
        try:
            self._out.close()
        except OSError:
            self.lost += 1  # what a full disk has kept back

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _try(self, at_ms: int, event: str, told: dict[str, str]) -> None:
        try:
            self._line(at_ms, event, told)
        except OSError as error:
            self.lost += 1
            if self.lost == 1:
                self._on_failure(self._refused(error))

    def _line(self, at_ms: int, event: str, told: dict[str, str]) -> None:
        line = {"timestamp": iso(from_ms(at_ms)), "level": "info", "event": event, **told}
        self._out.write(json.dumps({**line, "instance": self._instance}, ensure_ascii=False) + "\n")
        self._out.flush()

    def _refused(self, error: OSError) -> StorageError:
        return StorageError(
            f"the log {self._path} can't be written: {error.strerror or error}",
            hint="Check its folder, its permissions and the space on the disk, or name another file.",
        )
