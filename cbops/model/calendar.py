"""Calendar days of a rollout's time zone; 23 and 25 hours included."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cbops.errors import ConfigError
from cbops.model.base import as_utc
from cbops.model.day_window import DayWindow


def zone(name: str) -> ZoneInfo:
    """The IANA time zone; ConfigError when there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f"'{name}' is not a time zone", hint="Use an IANA name such as UTC or Europe/Berlin."
        ) from error


def midnight(day: date, tz: ZoneInfo) -> datetime:
    """The first instant of that local date, in UTC (also where midnight itself is skipped)."""
    local = datetime.combine(day, time(0), tz)
    utc = as_utc(local)
    # A skipped midnight maps to before the date begins: step to where the date has begun.
    while utc.astimezone(tz).date() < day:
        utc += timedelta(minutes=15)
    return utc


def day_date(number: int, enabled_at: datetime, tz: ZoneInfo) -> date:
    """The date of day `number`; day 1 is the date of enabling, 0 the day before."""
    return enabled_at.astimezone(tz).date() + timedelta(days=number - 1)


def day_number(day: date, enabled_at: datetime, tz: ZoneInfo) -> int:
    """The inverse of `day_date`."""
    return (day - enabled_at.astimezone(tz).date()).days + 1


def day_window(number: int, enabled_at: datetime, as_of: datetime, tz: ZoneInfo) -> DayWindow | None:
    """The window of a day as seen at `as_of`; None when nothing of it has passed.

    Day 1 starts at enabling and day 0 (the last of the baseline) ends there.
    """
    day = day_date(number, enabled_at, tz)
    begin, after = midnight(day, tz), midnight(day + timedelta(days=1), tz)
    start = max(begin, enabled_at) if number >= 1 else begin
    end = min(after, as_of)
    if number < 1:
        end = min(end, as_utc(enabled_at))
    if end <= start:
        return None
    partial = end < after and number >= 1
    return DayWindow(
        day=number,
        date=day,
        start=as_utc(start),
        end=as_utc(end),
        partial=partial,
        full=start == begin and end == after,
    )


def days_begun(enabled_at: datetime, as_of: datetime, tz: ZoneInfo) -> range:
    """The numbers of the days of which something has passed at `as_of`."""
    last = day_number(as_of.astimezone(tz).date(), enabled_at, tz)
    if last >= 1 and day_window(last, enabled_at, as_of, tz) is None:
        last -= 1
    return range(1, last + 1)
