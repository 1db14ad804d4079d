"""The practice router as a real HTTP server: blocking, or in a thread beside the caller."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from threading import Event, Thread
from types import TracebackType
from typing import Self

import uvicorn

from cbops.errors import InputError
from cbops.simulator.api import create_app
from cbops.simulator.pacer import Pacer
from cbops.simulator.router import Router

_STOP_SECONDS = 15


def serve(
    router: Router,
    host: str,
    port: int,
    *,
    token: str,
    speed: float | None = None,
    monotonic: Callable[[], float] = time.monotonic,
    on_listening: Callable[[str], None] | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until Ctrl-C (KeyboardInterrupt) or SIGTERM; `on_ready` is told the URL once calls are taken.

    `on_listening` is told it before time begins; what it raises ends the call.

    `speed` None: time stands still until `POST /sim/advance`; a number: that many seconds pass each second.
    The state file is written at the end. InputError when the port can't be had.
    """
    config = _config(router, token, virtual=speed is None)
    listener = _listen(host, port)
    ready = None if on_ready is None else lambda: on_ready(_url(listener))
    server = _Server(config, ready, router.save)
    try:
        if on_listening is not None:
            on_listening(_url(listener))
        with _pacing(router, speed, monotonic):
            server.run(sockets=[listener])
    finally:
        listener.close()


class RunningServer:
    """The practice router in a thread of this process, for as long as the `with` block lasts.

    Entering waits until calls are taken; `url` is its address. Port 0 takes a free one. Leaving stops
    it and waits for its end. InputError when the port can't be had.
    """

    def __init__(
        self,
        router: Router,
        *,
        token: str,
        host: str = "127.0.0.1",
        port: int = 0,
        speed: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.router = router
        self.token = token
        self._address = (host, port)
        self._speed = speed
        self._monotonic = monotonic

    def __enter__(self) -> Self:
        """Start, and wait until calls are taken."""
        up = Event()
        self._server = _Server(_config(self.router, self.token, virtual=self._speed is None), up.set)
        self._listener = _listen(*self._address)
        self.url = _url(self._listener)
        self._pacer = _pacing(self.router, self._speed, self._monotonic)
        self._thread = Thread(target=self._run, args=(up,), name="practice-router", daemon=True)
        self._thread.start()
        up.wait()
        assert self._server.started, "the server's thread ended before it took calls"
        self._pacer.__enter__()
        return self

    def _run(self, up: Event) -> None:
        try:
            self._server.run(sockets=[self._listener])
        finally:
            up.set()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, and wait for the end."""
        self._server.should_exit = True
        try:
            self._pacer.__exit__(kind, error, traceback)
        finally:
            self._thread.join(_STOP_SECONDS)
            self._listener.close()


class _Server(uvicorn.Server):
    """Says when it takes calls, and when it no longer does."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], object] | None,
        stopped: Callable[[], object] | None = None,
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stopped = stopped

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self._ready is not None:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # Not after `run`: that ends by raising the signal again, which may end the process.
        await super().shutdown(sockets)
        if self._stopped is not None:
            self._stopped()


def _config(router: Router, token: str, *, virtual: bool) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(router, token, virtual=virtual),
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        date_header=False,  # the application sends its own clock's
        timeout_graceful_shutdown=5,
    )


def _pacing(
    router: Router, speed: float | None, monotonic: Callable[[], float]
) -> AbstractContextManager[object]:
    return nullcontext() if speed is None else Pacer(router, speed, monotonic)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sends small packets at once only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        said = getattr(error, "strerror", None) or error
        raise InputError(
            f"can't listen on {host}:{port}: {said}", hint="Name another port, or stop what uses this one."
        ) from error
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
