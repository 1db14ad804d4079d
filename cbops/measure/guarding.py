"""What the guard reads of a tenant at an instant: one request, the same figures as for a day.

Source: the metrics section of the domain description.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from cbops.measure.counting import count, increase, select
from cbops.measure.names import (
    DECISIONS,
    EVENTS,
    LATENCY_COUNT,
    LATENCY_SUM,
    TRANSITIONS,
    documented,
    server_query,
)
from cbops.measure.targets import find_targets
from cbops.measure.walks import Walked, walk_circuits
from cbops.model.base import from_ms, to_ms
from cbops.model.config import MetricsConfig
from cbops.model.guard import CircuitReading, Reading
from cbops.model.series import Fetched, Matcher, SeriesQuery

HISTORY = timedelta(hours=1)  # how far back the circuits' transitions are read
MISSED = 3  # scrapes that may be late before the last sample is an old one


def guard_query(config: MetricsConfig, tenant: str) -> SeriesQuery:
    """What to fetch for `guard_reading`, over the last hour or the window where that is longer."""
    return server_query(
        config,
        "the guarded tenant",
        (EVENTS, TRANSITIONS, DECISIONS, LATENCY_COUNT, LATENCY_SUM),
        (Matcher("tenant_id", "=", tenant),),
    )


def guard_reading(
    fetched: Fetched, config: MetricsConfig, at: datetime, window_seconds: int, stale_seconds: int
) -> Reading:
    """The figures over the window before `at`, of all providers together, and each circuit's state."""
    series = documented(config, fetched)
    targets = find_targets(series)
    end = to_ms(at)
    last = max((target.times[-1] for target in targets.all if target.times), default=None)
    if last is None:
        return Reading(at=at)
    start = end - window_seconds * 1000
    cadence = max((target.interval for target in targets.all), default=0) / 1000
    results = count(select(series, LATENCY_COUNT), targets, start, end) if _has(fetched, config) else None
    total = increase(select(series, LATENCY_SUM), targets, start, end) if results else 0
    return Reading(
        at=at,
        circuits=tuple(
            _circuit(each) for each in walk_circuits(series, targets, to_ms(fetched.record.start), end)
        ),
        success=count(select(series, EVENTS, {"event_type": "success"}), targets, start, end),
        failure=count(select(series, EVENTS, {"event_type": "failure"}), targets, start, end),
        decisions=count(select(series, DECISIONS), targets, start, end),
        latency_ms=total / results if results else None,
        latency_count=results,
        sample_age=max(0.0, (end - last) / 1000),
        sample_limit=max(float(stale_seconds), MISSED * cadence),
    )


def _has(fetched: Fetched, config: MetricsConfig) -> bool:
    """Whether the router exports latencies at all."""
    return any(one.name == LATENCY_COUNT for one in documented(config, fetched))


def _circuit(found: Walked) -> CircuitReading:
    """Where it stands now; a restart closed it too."""
    moves = [step.at for step in found.steps if step.edges or step.restart]
    run = found.walk.runs[-1] if found.walk.runs else None
    running = run is not None and run.closed is None and not run.carried
    return CircuitReading(
        provider=found.walk.provider,
        instance=found.walk.instance,
        state=found.walk.state,
        moved_at=from_ms(moves[-1]) if moves and moves[-1] > found.walk.start else None,
        opened_at=from_ms(run.opened) if running and run is not None else None,
    )
