"""Why a circuit opened, where the trigger series can tell.

The router sets a reason's series to 1 at each opening and never counts it up, so only its birth is news:
a reason born in the scrape interval of the opening caused it; and when an instance has only ever set one
reason for openings, every opening had it. Otherwise the reason stays unknown.
Source: 'The state gauge sticks' and the reasons of the breaker in the domain description.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from cbops.measure.circuits import Run
from cbops.measure.counting import increments
from cbops.measure.names import TRIGGER_REASON
from cbops.measure.targets import Targets
from cbops.model.series import Series

OPENING_REASONS = frozenset(
    {"failure_threshold_exceeded", "error_rate_threshold_exceeded", "latency_threshold_exceeded"}
)


def trigger_series(series: Iterable[Series]) -> tuple[Series, ...]:
    """The trigger series that belong to openings from closed."""
    return tuple(
        one for one in series if one.name == TRIGGER_REASON and one.labels.get("reason") in OPENING_REASONS
    )


def reason_of(run: Run, openings: int, triggers: Sequence[Series], targets: Targets) -> str | None:
    """The reason of one opening; `openings` is how many fell into its scrape interval."""
    mine = [
        one
        for one in triggers
        if one.labels.get("provider_id") == run.provider and targets.of(one).instance == run.instance
    ]
    born = {one.labels["reason"] for one in mine if _born_at(one, targets, run.opened)}
    if len(born) == 1 and openings == 1:
        return born.pop()
    alive = {one.labels["reason"] for one in mine if _has(one, run.opened)}
    return alive.pop() if len(alive) == 1 else None


def _born_at(series: Series, targets: Targets, at: int) -> bool:
    return bool(increments(series, targets.of(series), at - 1, at))


def _has(series: Series, at: int) -> bool:
    index = bisect_left(series.times, at)
    return index < len(series.times) and series.times[index] == at
