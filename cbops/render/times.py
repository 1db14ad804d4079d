"""Instants of a replay as a person reads them: dates of a time zone, or times from a trace's own beginning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from cbops.model.base import as_utc, from_ms, to_ms
from cbops.model.calendar import zone
from cbops.model.forecast import Forecast
from cbops.render import text

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local times are counted from it
_SECOND, _MINUTE, _HOUR, _DAY = 1_000, 60_000, 3_600_000, 86_400_000
_STEPS = (
    *(size * unit for unit in (1, 10, 100) for size in (1, 2, 5)),
    *(size * unit for unit in (_SECOND, _MINUTE) for size in (1, 2, 5, 10, 15, 30)),
    *(size * _HOUR for size in (1, 2, 3, 6, 12)),
    *(size * _DAY for size in (1, 2, 3, 5, 7, 14, 28, 91, 182, 364, 1820, 3640, 36400)),
)


@dataclass(frozen=True, slots=True)
class Times:
    """How times are told. `relative`: the instants are no dates but milliseconds from a beginning."""

    tz: tzinfo
    name: str
    relative: bool = False

    @classmethod
    def of(cls, forecast: Forecast) -> Times:
        """Those of a forecast; ConfigError when its time zone is unknown."""
        return cls(zone(forecast.timezone), forecast.timezone, forecast.traffic.clock == "relative")

    @property
    def about(self) -> str:
        """What the times are: `times in UTC`."""
        return "times from the beginning of the trace" if self.relative else f"times in {self.name}"

    def instant(self, at: datetime) -> str:
        """`2025-01-27 09:00:00 UTC`, or `+0:01:45` from the beginning."""
        return offset(to_ms(at)) if self.relative else text.instant(at, self.tz)

    def interval(self, start: datetime, end: datetime) -> str:
        """From, to and the length: `2025-01-27 09:00:00 to 09:01:45 UTC (1 min 45 s)`."""
        if not self.relative:
            return text.interval(start, end, self.tz)
        length = text.duration((as_utc(end) - as_utc(start)).total_seconds())
        return f"{self.instant(start)} to {self.instant(end)} ({length})"


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on a time axis."""

    at_ms: int
    label: str


def offset(ms: int) -> str:
    """A time from the beginning: `+0:01:45`, `+49:00:00.250`."""
    seconds, rest = divmod(abs(ms), 1000)
    fraction = f".{rest:03d}" if rest else ""
    sign = "-" if ms < 0 else "+"
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"


def ticks(begin_ms: int, end_ms: int, times: Times, room: int) -> tuple[Tick, ...]:
    """Marks at round times from `begin_ms` to before `end_ms`, as many as `room` characters hold with their labels.

    Round is meant on the clock of the time zone; no mark at all where not even one label fits.
    """
    for step in _STEPS:
        if (end_ms - begin_ms) // step > room:
            continue
        found = _at_steps(begin_ms, end_ms, times, step, 2 * room + 2)
        width = max((len(tick.label) for tick in found), default=0) + 2
        if len(found) * width <= room:
            return found
    return ()


def _at_steps(begin_ms: int, end_ms: int, times: Times, step: int, most: int) -> tuple[Tick, ...]:
    """`most`: how many are tried, some more than there are, for a clock that is set back shows more hours."""
    one_day = _local(begin_ms, times) // _DAY == _local(end_ms - 1, times) // _DAY
    first = -(-_local(begin_ms, times) // step) * step
    found: list[Tick] = []
    last = _local(end_ms - 1, times)
    for local in range(first, min(first + most * step, last + 1), step):
        at = _instant(local, times)
        # Where the clock is set back, a local time comes twice and is marked once.
        if begin_ms <= at < end_ms and (not found or at > found[-1].at_ms):
            found.append(Tick(at, _label(at, times, step, one_day=one_day)))
    return tuple(found)


def _local(ms: int, times: Times) -> int:
    """Milliseconds on the clock of the zone, as if that were counted from 1970 there."""
    if times.relative:
        return ms
    naive = from_ms(ms).astimezone(times.tz).replace(tzinfo=None)
    return (naive - _EPOCH) // timedelta(milliseconds=1)


def _instant(local: int, times: Times) -> int:
    if times.relative:
        return local
    return to_ms((_EPOCH + timedelta(milliseconds=local)).replace(tzinfo=times.tz))


def _label(at: int, times: Times, step: int, *, one_day: bool) -> str:
    if times.relative:
        return offset(at)
    local = from_ms(at).astimezone(times.tz)
    if step >= _DAY:
        return f"{local:%Y-%m-%d}"
    clock = f"{local:%H:%M}" if step >= _MINUTE else f"{local:%H:%M:%S}"
    if step < _SECOND:
        clock = f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}"
    return clock if one_day else f"{local:%m-%d} {clock}"
