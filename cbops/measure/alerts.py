"""Alerts of a tenant as intervals, from Prometheus' own ALERTS series.

Source: the section on alerts in the domain description.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median

from cbops.measure.names import ALERTS
from cbops.model.base import from_ms
from cbops.model.observation import AlertInterval
from cbops.model.series import Series
from cbops.model.spans import united

# A hole of more usual distances than this between two samples ends an interval.
HOLE = 2.5
_OURS = "RouterCircuitBreaker"


def alert_intervals(
    series: Iterable[Series], tenant: str, window: tuple[int, int], interval_ms: float
) -> tuple[AlertInterval, ...]:
    """What fired for the tenant in (start, end], cut to it; ascending.

    An alert without a tenant label counts when its name is one of the breaker's. `interval_ms` is the
    usual distance of two samples where a series itself is too short to tell.
    """
    found: dict[tuple[str, str | None, str | None], list[tuple[int, int]]] = {}
    for one in series:
        name = one.labels.get("alertname", "")
        if one.name != ALERTS or one.labels.get("alertstate") != "firing" or not name:
            continue
        owner = one.labels.get("tenant_id", "")
        if owner != tenant and (owner or not name.startswith(_OURS)):
            continue
        key = (name, one.labels.get("severity"), one.labels.get("provider_id"))
        found.setdefault(key, []).extend(_runs(one, window, interval_ms))
    intervals = [
        AlertInterval(
            name=name, severity=severity, provider=provider, start=from_ms(first), end=from_ms(last)
        )
        for (name, severity, provider), runs in found.items()
        for first, last in united(runs)
    ]
    return tuple(sorted(intervals, key=lambda one: (one.start, one.name, one.provider or "")))


def _runs(series: Series, window: tuple[int, int], interval_ms: float) -> list[tuple[int, int]]:
    """Runs of samples with no long hole; the one before the window only joins what follows it."""
    start, end = window
    times = [
        time for time, value in zip(series.times, series.values, strict=True) if value == 1 and time <= end
    ]
    longest = HOLE * _usual(times, interval_ms)
    runs: list[tuple[int, int]] = []
    for time in times:
        if runs and time - runs[-1][1] <= longest:
            runs[-1] = (runs[-1][0], time)
        else:
            runs.append((time, time))
    return [(max(first, start), last) for first, last in runs if last > start]


def _usual(times: Sequence[int], interval_ms: float) -> float:
    distances = [later - earlier for earlier, later in pairwise(times)]
    if len(distances) < 2:
        return interval_ms
    return min(float(median(distances)), interval_ms) if interval_ms else float(median(distances))
