"""A real HTTP server on this machine that misbehaves as it is told: what a proxy, a cable or a broken server does."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """One request; `reply` of the server decides what becomes of it."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes: each would wait 40 ms for the other
    form = ""

    def do_GET(self) -> None:
        self.form = ""  # of the request before, on the same connection
        self._do()

    def do_POST(self) -> None:
        self.form = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
        self._do()

    def do_PUT(self) -> None:
        self.do_POST()

    def do_PATCH(self) -> None:
        self.do_POST()

    def _do(self) -> None:
        seen: Loopback = self.server.seen  # type: ignore[attr-defined]
        seen.requests.append((self.command, self.path, dict(self.headers), self.form))
        try:
            seen.reply(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True  # the client has heard enough

    def answer(self, status: int, body: bytes, kind: str = "application/json", **headers: str) -> None:
        """A whole answer."""
        self.send_response(status)
        for name, value in {"content-type": kind, "content-length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@dataclass
class Loopback:
    """What came, and what is answered."""

    reply: Callable[[Handler], None]
    url: str = ""
    requests: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)


@contextmanager
def serving(reply: Callable[[Handler], None]) -> Iterator[Loopback]:
    """The server, in threads that end with it."""
    seen = Loopback(reply)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.seen = seen  # type: ignore[attr-defined]
        seen.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield seen
        finally:
            server.shutdown()
            thread.join()
