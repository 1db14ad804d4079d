"""A real HTTP server before the router: it passes calls on, and does harm to those that it is told to."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from loopback import Handler, Loopback

Passed = tuple[int, bytes, str]  # status, body, content type


@dataclass
class Call:
    """One call at the proxy: its name (`GET history`), and the ways to go on with it."""

    name: str
    handler: Handler
    forward: Callable[[], Passed]
    released: threading.Event

    def answer(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        """A whole answer, and the end of the connection."""
        self.handler.answer(status, body, kind, connection="close", **headers)

    def begin(self, status: int, length: int, kind: str = "application/json") -> None:
        """The head of an answer."""
        self.handler.send_response(status)
        for name, value in (("content-type", kind), ("content-length", length), ("connection", "close")):
            self.handler.send_header(name, str(value))
        self.handler.end_headers()


Harm = Callable[[Call], None]


def name_of(method: str, path: str) -> str:
    """`PUT`, `GET policies`, `GET history`, `POST reload` and so on."""
    if method == "PUT":
        return "PUT"
    last = urlsplit(path).path.rstrip("/").rpartition("/")[2]
    return f"{method} {last if last in KNOWN else 'policy'}"


KNOWN = ("policies", "history", "validate", "reload", "disable")


@dataclass
class _Orders:
    """Which call the harm begins at: (name, which of that name), and whether it goes on from there."""

    at: tuple[str, int] | None = None
    harm: Harm | None = None
    lasting: bool = False
    begun: bool = False
    refuse_after: int | None = None  # that many calls are answered, then nothing listens any more
    seen: Counter[str] = field(default_factory=Counter)


class Proxy:
    """Listens at `url`, on one port for as long as the `with` block lasts, except where it is told not to."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urlsplit(upstream).netloc
        self._orders = _Orders()
        self._released = threading.Event()
        self._lock = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0
        self.calls: list[str] = []

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.well()
        self._close()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def well(self) -> None:
        """From now on everything is passed on; whoever still waits is let go."""
        self._released.set()
        self._released = threading.Event()
        with self._lock:
            self._orders, self.calls = _Orders(), []
        if self._server is None:
            self._listen()

    def harm(self, harm: Harm, at: tuple[str, int], *, lasting: bool) -> None:
        """Do that to the n-th call of that name, and with `lasting` to every call after it."""
        self.well()
        self._orders = _Orders(at, harm, lasting)

    def refuse(self, after: int) -> None:
        """Nothing listens any more once so many calls were answered."""
        self.well()
        self._orders = _Orders(refuse_after=after)
        if after == 0:
            self._close()

    def _listen(self) -> None:
        server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        server.daemon_threads = True
        server.block_on_close = False
        server.seen = Loopback(self._reply)  # type: ignore[attr-defined]
        self._server, self._port = server, server.server_port
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()

    def _close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    def _reply(self, handler: Handler) -> None:
        name = name_of(handler.command, handler.path)
        with self._lock:
            orders = self._orders
            self.calls.append(name)
            orders.seen[name] += 1
            hit = orders.at == (name, orders.seen[name])
            orders.begun = orders.begun or hit
            harmed = hit or (orders.begun and orders.lasting)
            last = orders.refuse_after == len(self.calls)
        call = Call(name, handler, lambda: self._forward(handler), self._released)
        if harmed and orders.harm is not None:
            orders.harm(call)
            return
        status, body, kind = call.forward()
        if last:
            self._close()  # before the answer: the next call finds nobody
        call.answer(status, body, kind)

    def _forward(self, handler: Handler) -> Passed:
        connection = http.client.HTTPConnection(self._upstream, timeout=10)
        headers = {name: value for name, value in handler.headers.items() if name.lower() != "connection"}
        try:
            connection.request(handler.command, handler.path, body=handler.form.encode(), headers=headers)
            response = connection.getresponse()
            return response.status, response.read(), response.headers.get("content-type", "")
        finally:
            connection.close()
