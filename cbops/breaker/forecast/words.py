"""Numbers, spans and times in words."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cbops.model.base import from_ms, iso

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
    if whole < _MINUTE:
        return f"{whole / _SECOND:.1f}".removesuffix(".0") + " s"
    for unit, name, part, part_name in ((_HOUR, "min", _SECOND, "s"), (_DAY, "h", _MINUTE, "min")):
        if whole < unit:
            size = _MINUTE if name == "min" else _HOUR
            rest = whole % size // part
            return f"{whole // size} {name}" + (f" {rest} {part_name}" if rest else "")
    days, rest = divmod(whole, _DAY)
    hours = rest // _HOUR
    return counted(days, "day") + (f" {hours} h" if hours else "")


def clock_time(ms: int) -> str:
    """A date and time in UTC."""
    return iso(from_ms(ms))


def trace_time(ms: int) -> str:
    """A time of the trace's own clock."""
    return f"{ms / _SECOND:,.3f} s"


def teller(clock: str) -> Callable[[int], str]:
    """How times of this clock are told."""
    return clock_time if clock == "wall" else trace_time


def listed(parts: Sequence[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    return " and ".join(filter(None, (", ".join(parts[:-1]), *parts[-1:])))
