"""What every client of one server is: closed in the end, counted, and asked for the server's clock."""

from __future__ import annotations

from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from cbops.clients.dates import http_date


class Connection(Protocol):
    """What sends the calls."""

    requests: int  # sent so far, repeated ones too
    date: str | None  # the `Date` header of the last answer

    def close(self) -> None:
        """Give the connections back."""
        ...


class Client:
    """Close it, or use it as a context manager."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def close(self) -> None:
        """Give the connections back."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def requests(self) -> int:
        """How many were sent so far."""
        return self._connection.requests

    @property
    def date(self) -> datetime | None:
        """The server's clock as of its last answer, of whatever kind, cut to the second; null where it doesn't say."""
        return http_date(self._connection.date)
