"""Numbers, spans and times in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from functools import partial
from zoneinfo import ZoneInfo

from cbops.model.base import from_ms

_SECOND, _MINUTE, _HOUR, _DAY = 1000, 60_000, 3_600_000, 86_400_000


def counted(number: int, one: str, many: str | None = None) -> str:
    """'1 failure', '1,973 failures'."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percent(rate: float) -> str:
    """'8.3 %'; whole ones without a point."""
    value = f"{rate * 100:.1f}"
    return f"{value.removesuffix('.0')} %"


def span(ms: float) -> str:
    """'250 ms', '12.5 s', '3 min 20 s', '2 h 5 min', '7 days'."""
    whole = round(ms)
    if whole < _SECOND:
        return f"{whole} ms"
    if whole < _MINUTE - 50:
        return f"{whole / _SECOND:.1f}".removesuffix(".0") + " s"
    whole = round(whole / _SECOND) * _SECOND
    for unit, name, part, part_name in ((_HOUR, "min", _SECOND, "s"), (_DAY, "h", _MINUTE, "min")):
        if whole < unit:
            size = _MINUTE if name == "min" else _HOUR
            rest = whole % size // part
            return f"{whole // size} {name}" + (f" {rest} {part_name}" if rest else "")
    days, rest = divmod(whole, _DAY)
    hours = rest // _HOUR
    return counted(days, "day") + (f" {hours} h" if hours else "")


def clock_time(ms: int, zone: tzinfo) -> str:
    """A date and time there: '2025-01-27 13:00:00 +01:00'."""
    local = from_ms(ms).astimezone(zone)
    if not local.utcoffset():
        return f"{local:%Y-%m-%d %H:%M:%S} UTC"
    offset = f"{local:%z}"
    return f"{local:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def trace_time(ms: int) -> str:
    """A time of the trace's own clock: '+0:01:45', '+49:00:00.250'."""
    seconds, rest = divmod(abs(ms), _SECOND)
    fraction = f".{rest:03d}" if rest else ""
    return f"{'-' if ms < 0 else '+'}{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}{fraction}"


def teller(clock: str, timezone: str) -> Callable[[int], str]:
    """How times of this clock are told, dates in the time zone of that name."""
    return partial(clock_time, zone=ZoneInfo(timezone)) if clock == "wall" else trace_time


def listed(parts: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
