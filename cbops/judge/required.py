"""Series that criterion 5 requires, and that gave no answer.

Source: the metrics section of the domain description ('Zero or unknown', 'Births').
"""

from __future__ import annotations

from collections.abc import Sequence

from cbops.judge.case import Case
from cbops.judge.figures import results_of, slack, total
from cbops.model.observation import Observation, ProviderDay

ERROR_RATE = "router_circuit_breaker_error_rate"
TRANSITIONS = "router_circuit_breaker_state_transitions_total"
# What measuring says where it looked for a metric and it isn't there, although it should be.
_ABSENT = ("transitions_absent", "metric_under_another_name")


def missing_series(case: Case) -> list[str]:
    """Required series without an answer on some day; a counter never born is 0 and not missing."""
    days = case.observed.days
    missing = [name for name in ("events", "transitions", "latency") if not _present(days, name)]
    if "transitions" not in missing and transitions_missing(case):
        missing.append("transitions")
    if any(day.decisions is None for day in days) or no_decisions_at_all(case):
        missing.append("decisions")
    if any(_without_rate(day) for day in days):
        missing.append("error_rate")
    return missing


def transitions_missing(case: Case) -> bool:
    """Whether circuits moved on a day and no series of transitions tells it: the metric goes by another name."""
    if any(_said_absent(day) for day in case.observed.days):
        return True
    return not _ever_moved(case) and any(
        (day.fallback_decisions or 0) > slack(day, 0) for day in case.observed.days
    )


def no_decisions_at_all(case: Case) -> bool:
    """Results on record but not one decision on any day: the metric goes by another name."""
    results = sum(results_of(day) or 0 for day in case.observed.days)
    return results > 0 and not any(day.decisions for day in case.observed.days)


def _said_absent(day: Observation) -> bool:
    """Measuring found no series of transitions on a day without any, and a reason why there should be."""
    return not day.transitions and any(
        finding.code in _ABSENT and finding.numbers.get("metric") == TRANSITIONS for finding in day.findings
    )


def _ever_moved(case: Case) -> bool:
    return bool(case.not_closed) or any(
        day.transitions
        or day.circuits
        or any(state != "closed" for state in day.state_at_start.values())
        or any(_moves(figures) for figures in day.providers.values())
        for day in case.observed.days
    )


def _moves(figures: ProviderDay) -> int | None:
    moved = figures.transitions
    return total((moved.open, moved.half_open, moved.closed))


def _present(days: Sequence[Observation], read: str) -> bool:
    def of(figures: ProviderDay) -> int | None:
        if read == "events":
            return total((figures.events.success, figures.events.failure))
        return _moves(figures) if read == "transitions" else figures.latency.count

    return all(day.providers and all(of(p) is not None for p in day.providers.values()) for day in days)


def _without_rate(day: Observation) -> bool:
    """Results, and no gauge of the error rate among the metrics that were found; null where nobody looked."""
    return bool(day.metrics and results_of(day)) and all(one.metric != ERROR_RATE for one in day.metrics)
