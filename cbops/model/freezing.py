"""When a change freeze begins and ends, as it stands in the configuration.

Dated: `2026-12-20` (a whole day; as an end it is included), `2026-12-20T18:00` (local time of the freeze) or with an
offset. Weekly: `Fri 16:00`; `Sun 24:00` is the end of Sunday.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_FIRST_YEAR, _LAST_YEAR = 1970, 9000  # as for any other time that a person gives
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKLY = re.compile(r"(?P<day>[A-Za-z]{3,9})\s+(?P<hour>\d{1,2}):(?P<minute>\d\d)", re.ASCII)
_NAMES = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass(frozen=True, slots=True)
class Weekly:
    """A moment of every week; `minutes` since Monday's midnight on the wall clock, up to the end of Sunday."""

    minutes: int

    def on(self, monday: date) -> datetime:
        """On the wall clock of the week that begins with `monday`."""
        days, rest = divmod(self.minutes, 1440)
        return datetime.combine(monday + timedelta(days=days), time(rest // 60, rest % 60))


Moment = Weekly | date | datetime  # a datetime without an offset is local


def moment(text: str) -> Moment:
    """Read a moment. ValueError says what it should look like."""
    found = _WEEKLY.fullmatch(text.strip())
    if found is not None:
        return _weekly(found["day"].lower(), int(found["hour"]), int(found["minute"]), text)
    dated = _dated(text)
    if not _FIRST_YEAR <= dated.year < _LAST_YEAR:
        raise ValueError(f"'{text}' is not within the years 1970 to 9000")
    return dated


def _dated(text: str) -> date | datetime:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        pass
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(
            f"'{text}' is no moment such as 2026-12-20, 2026-12-20T18:00 or 'Fri 16:00'"
        ) from None


def _weekly(name: str, hour: int, minute: int, text: str) -> Weekly:
    day = next((k for k, full in enumerate(_NAMES) if name in (full, DAYS[k])), None)
    if day is None or minute > 59 or hour * 60 + minute > 1440:
        raise ValueError(f"'{text}' is no moment of a week such as 'Fri 16:00'")
    return Weekly(day * 1440 + hour * 60 + minute)


def in_order(start: Moment, end: Moment) -> str | None:
    """What is wrong with a freeze from one moment to another; null: nothing."""
    if isinstance(start, Weekly) is not isinstance(end, Weekly):
        return "one end is weekly and the other dated"
    if isinstance(start, Weekly) and isinstance(end, Weekly):
        same = (end.minutes - start.minutes) % (7 * 1440) == 0
        return "it ends when it begins" if same else None
    return _dates_in_order(start, end)


def _dates_in_order(start: Moment, end: Moment) -> str | None:
    first, last = _plain(start), _plain(end)
    if first is None or last is None:
        return None
    late = last < first or (last == first and isinstance(end, datetime))
    return "it ends before it begins" if late else None


def _plain(one: Moment) -> datetime | None:
    """On a wall clock, for a comparison that a few hours don't matter to; null where it has an offset."""
    if isinstance(one, datetime):
        return one if one.tzinfo is None else None
    return None if isinstance(one, Weekly) else datetime.combine(one, time())
