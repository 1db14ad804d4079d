"""The clock of a server, as its answers show it."""

from __future__ import annotations

from datetime import datetime
from email.utils import parsedate_to_datetime

from cbops.model.base import as_utc


def http_date(header: str | None) -> datetime | None:
    """The instant of a `Date` header, cut to the second as such headers are; null where there is none or it is none."""
    if header is None:
        return None
    try:
        return as_utc(parsedate_to_datetime(header))
    except (ValueError, OverflowError):
        return None
