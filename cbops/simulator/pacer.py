"""Real time: a thread that moves the practice router's clock along."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self

from cbops.simulator.router import Router

_STEP_SECONDS = 0.1


class Pacer:
    """While the `with` block lasts, `speed` seconds pass in the router for each second of `monotonic`.

    A failure inside the simulation is raised again when the block is left.
    """

    def __init__(self, router: Router, speed: float, monotonic: Callable[[], float]) -> None:
        self._router = router
        self._speed = speed
        self._monotonic = monotonic
        self._stop = Event()
        self._failure: Exception | None = None
        self._thread = Thread(target=self._run, name="practice-clock", daemon=True)

    def __enter__(self) -> Self:
        """Start the clock."""
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop the clock, and wait for its thread."""
        self._stop.set()
        self._thread.join()
        if self._failure is not None and error is None:
            raise self._failure

    def _run(self) -> None:
        begin, origin = self._monotonic(), self._router.now_ms
        try:
            while not self._stop.wait(_STEP_SECONDS):
                self._router.advance_to(origin + int((self._monotonic() - begin) * self._speed * 1000))
        except Exception as failure:  # noqa: BLE001 - handed to the thread that stops the clock
            self._failure = failure
