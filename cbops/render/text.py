"""Figures and times as a person reads them; plain functions, shared with the terminal output.

Unknown is said as `unknown`, never shown as 0.
"""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta, tzinfo

from cbops.model.base import as_utc

UNKNOWN = "unknown"
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# ZWNJ and ZWJ belong to the spelling of several scripts and to emoji; they cannot reorder text.
_JOINERS = ("\u200c", "\u200d")


def number(value: int | None) -> str:
    """A whole number with thousands separators: `12,345`."""
    return UNKNOWN if value is None else f"{value:,}"


def counted(value: int | None, one: str, many: str | None = None) -> str:
    """A number with its noun: `1 open`, `2 opens`, `unknown opens`."""
    return f"{number(value)} {one if value == 1 else many or one + 's'}"


def percent(ratio: float | None, digits: int = 2) -> str:
    """A quotient in per cent; one that is too small to show is not shown as zero."""
    if ratio is None:
        return UNKNOWN
    least = 10.0**-digits
    if 0 < ratio * 100 < least / 2:
        return f"<{least:.{digits}f} %"
    return f"{ratio * 100:.{digits}f} %"


def share(ratio: float) -> str:
    """A share of a whole in per cent, cut and not rounded: 100 % is said only of all of it."""
    if ratio >= 1:
        return "100 %"
    return f"{int(ratio * 1000) / 10:.1f} %"


def points(before: float | None, after: float | None) -> str:
    """The change between two quotients in percentage points: `+0.30 points`, `no change`."""
    if before is None or after is None:
        return f"change {UNKNOWN}"
    change = round((after - before) * 100, 2)
    return f"{change:+.2f} points" if change else "no change"


def duration(seconds: float) -> str:
    """The two largest units: `45 s`, `1 min 45 s`, `2 h 3 min`, `3 d 4 h`; under ten seconds with tenths."""
    if seconds < 10:
        tenths = f"{max(seconds, 0.0):.1f}"
        return f"{tenths.removesuffix('.0')} s"
    rest = round(seconds)
    sizes = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
    parts = []
    for size, unit in sizes:
        amount, rest = divmod(rest, size)
        parts.append((amount, unit))
    first = next(i for i, (amount, _) in enumerate(parts) if amount)
    return " ".join(f"{amount} {unit}" for amount, unit in parts[first : first + 2] if amount)


def instant(at: datetime, tz: tzinfo = UTC) -> str:
    """Local date and time to the second, with the zone: `2025-01-27 09:00:00 UTC`."""
    local = as_utc(at).astimezone(tz)
    return f"{local:%Y-%m-%d %H:%M:%S} {_offset(local)}"


def local_date(at: datetime, tz: tzinfo = UTC) -> str:
    """The date in that zone: `2025-01-27`."""
    return f"{as_utc(at).astimezone(tz):%Y-%m-%d}"


def interval(start: datetime, end: datetime, tz: tzinfo = UTC) -> str:
    """`2025-01-27 09:00:00 to 09:01:45 UTC (1 min 45 s)`; the date and zone are repeated where they differ."""
    first, last = as_utc(start).astimezone(tz), as_utc(end).astimezone(tz)
    length = duration((as_utc(end) - as_utc(start)).total_seconds())
    if _offset(first) != _offset(last):
        return f"{instant(start, tz)} to {instant(end, tz)} ({length})"
    until = f"{last:%H:%M:%S}" if first.date() == last.date() else f"{last:%Y-%m-%d %H:%M:%S}"
    return f"{first:%Y-%m-%d %H:%M:%S} to {until} {_offset(last)} ({length})"


def _offset(local: datetime) -> str:
    minutes = int((local.utcoffset() or timedelta(0)).total_seconds()) // 60
    if not minutes:
        return "UTC"
    sign, size = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"{sign}{size // 60:02d}:{size % 60:02d}"


def one_line(text: str) -> str:
    """Text from outside on one line: any white space is one space, and what a terminal or a reader's eye
    could be tricked with (control characters, bidirectional marks, lone surrogates) is `\ufffd`.
    """
    seen = " ".join(text.split())
    return "".join(REPLACEMENT if _tricks(char) else char for char in seen)


def _tricks(char: str) -> bool:
    return unicodedata.category(char) in ("Cc", "Cf", "Cs") and char not in _JOINERS


def shorten(text: str, width: int) -> str:
    """The text on one line of at most `width` characters; what was cut off shows as `…`."""
    line = one_line(text)
    return line if len(line) <= width else line[: max(width - 1, 0)].rstrip() + "…"
