"""What commands tell of the router's logs that they read."""

from __future__ import annotations

from pydantic import Field

from cbops.model.base import Frozen, Instant


class LogsAnswer(Frozen):
    """(from, to] is the time that the lines cover; `unread` lines tell nothing, `others` are of other tenants."""

    files: int
    lines: int
    unread: int
    transitions: int
    others: int
    start: Instant | None = Field(alias="from")
    end: Instant | None = Field(alias="to")
