"""Whether a change freeze is on at an instant, and until when; pure.

Wall clocks: a time that a change of the clocks skips or repeats begins a freeze at its earliest meaning and ends it
at its latest, so no change of the clocks opens a gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cbops.model.base import as_utc
from cbops.model.calendar import zone
from cbops.model.config_safeguards import FreezeConfig
from cbops.model.freezing import Moment, Weekly, moment

_MOST = 50  # freezes one after the other


@dataclass(frozen=True, slots=True)
class Freeze:
    """A freeze that is on, or follows without a pause; `end` in UTC, `local` as on its wall clock."""

    name: str
    end: datetime
    local: datetime


def frozen(freezes: Iterable[FreezeConfig], now: datetime, timezone: str) -> tuple[Freeze, ...]:
    """The freezes that are on, and those that follow without a pause, in the order of their ends; empty: none is on.

    The last one's `end` is the first instant without a freeze.
    """
    known = tuple(freezes)
    chain: list[Freeze] = []
    until = as_utc(now)
    while len(chain) < _MOST:
        on = [freeze for each in known if (freeze := _at(each, until, timezone)) is not None]
        if not on:
            break
        last = max(on, key=lambda each: each.end)
        # Of those that are on now all are told; later only what makes it longer.
        chain += sorted(on, key=lambda each: each.end) if not chain else [last]
        until = last.end
    return tuple(chain)


def _at(freeze: FreezeConfig, now: datetime, timezone: str) -> Freeze | None:
    tz = zone(freeze.timezone or timezone)
    ends = [end for start, end in _spans(freeze, tz, now) if start <= now < end]
    if not ends:
        return None
    end = max(ends)
    return Freeze(freeze.name, end, end.astimezone(tz))


def _spans(freeze: FreezeConfig, tz: ZoneInfo, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    start, end = moment(freeze.start), moment(freeze.end)
    if not isinstance(start, Weekly) or not isinstance(end, Weekly):
        yield _instant(start, tz, last=False), _instant(end, tz, last=True)
        return
    today = now.astimezone(tz).date()
    for week in (-1, 0):
        monday = today - timedelta(days=today.weekday() - 7 * week)
        first, last = start.on(monday), end.on(monday)
        if last <= first:
            last = end.on(monday + timedelta(days=7))
        yield min(_meanings(first, tz)), max(_meanings(last, tz))


def _instant(one: Moment, tz: ZoneInfo, *, last: bool) -> datetime:
    """A dated moment in UTC; a date as an end is its last instant's successor."""
    if isinstance(one, datetime) and one.tzinfo is not None:
        return as_utc(one)
    if isinstance(one, Weekly):
        raise TypeError("a weekly moment has no date")
    local = one if isinstance(one, datetime) else _midnight(one, last=last)
    return max(_meanings(local, tz)) if last else min(_meanings(local, tz))


def _midnight(day: date, *, last: bool) -> datetime:
    return datetime.combine(day + timedelta(days=1) if last else day, time())


def _meanings(local: datetime, tz: ZoneInfo) -> tuple[datetime, datetime]:
    """What a wall clock's time may mean, in UTC: twice the same but for the hour of a change."""
    return (
        local.replace(tzinfo=tz, fold=0).astimezone(UTC),
        local.replace(tzinfo=tz, fold=1).astimezone(UTC),
    )
