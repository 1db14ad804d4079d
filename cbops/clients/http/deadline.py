"""The time that one call may take in all.

The time-outs of an HTTP client hold for each read alone: a server that sends a byte now and then, or falls silent in
the middle of its answer, keeps a call going for longer. Here the connection itself is cut when the time is over.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock, Timer
from typing import Any

import httpx

from cbops.errors import CbopsError

_MADE = ("connection.connect_tcp.complete", "connection.start_tls.complete")


class Deadline:
    """For the calls of one client, one at a time. `trace` is for the extension of that name of each request."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._stream: Any = None  # the connection that was made last, which is the one in use
        self._call: object | None = None  # the running one
        self._over = False

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Hears of a connection when it is made."""
        if event in _MADE:
            with self._lock:
                self._stream = info["return_value"]
                if self._over:
                    self._cut()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """httpx.ReadTimeout where what runs here takes longer, whatever else it raises then."""
        call = object()
        with self._lock:
            self._call, self._over = call, False
        timer = Timer(seconds, self._expire, (call,))
        timer.daemon = True
        timer.start()
        try:
            yield
        except httpx.ConnectTimeout:
            raise
        except (httpx.HTTPError, CbopsError):
            if self._ended():
                raise httpx.ReadTimeout("the whole answer") from None
            raise
        finally:
            timer.cancel()
            ended = self._ended()
        if ended:  # without a length, an answer that was cut looks like a whole one
            raise httpx.ReadTimeout("the whole answer")

    def _expire(self, call: object) -> None:
        with self._lock:
            if self._call is call:
                self._over = True
                self._cut()

    def _ended(self) -> bool:
        """The call is over, and its time was up before."""
        with self._lock:
            self._call = None
            return self._over

    def _cut(self) -> None:
        connection = None if self._stream is None else self._stream.get_extra_info("socket")
        if isinstance(connection, socket.socket):
            with contextlib.suppress(OSError):  # closed already
                # Not TLS's own shutdown, which another thread must not call while this one reads.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)
