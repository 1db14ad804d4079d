"""Arrivals of a day: a rate for each minute, and the next request drawn from it exactly."""

from __future__ import annotations

import math

from cbops.simulator.scenarios import DayCurve

MINUTE_MS = 60_000
_MINUTES = 1440
_PEAK_SHIFT = 0.3  # of a day: the sine peaks at 13:12


def pace(curve: DayCurve) -> tuple[float, ...]:
    """Mean milliseconds between requests for each minute of the day (UTC); infinite without traffic."""
    hours = {each.hour: each.rpm for each in curve.hours}
    rates = (
        hours.get(
            minute // 60,
            curve.rpm * (1 + curve.swing * math.sin(2 * math.pi * (minute / _MINUTES - _PEAK_SHIFT))),
        )
        for minute in range(_MINUTES)
    )
    return tuple(MINUTE_MS / rate if rate > 0 else math.inf for rate in rates)


def next_arrival(pace_ms: tuple[float, ...], at_ms: int, draw: float) -> int:
    """The time of the first request after `at_ms` (ms since the epoch), from a number in [0, 1).

    A Poisson process whose rate is constant within a minute. At least one minute of the day must have traffic.
    """
    need = -math.log(1 - draw)  # requests expected until the next one comes
    minute = at_ms // MINUTE_MS
    gap = need * pace_ms[minute % _MINUTES]
    left = (minute + 1) * MINUTE_MS - at_ms
    if gap < left:
        return at_ms + int(gap)
    return _beyond(pace_ms, minute, need - left / pace_ms[minute % _MINUTES])


def _beyond(pace_ms: tuple[float, ...], minute: int, need: float) -> int:
    while True:
        minute += 1
        step = pace_ms[minute % _MINUTES]
        if need * step < MINUTE_MS:
            return minute * MINUTE_MS + int(need * step)
        need -= MINUTE_MS / step
