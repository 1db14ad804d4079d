"""The slow judge of totals: the circuits of an answer added up one by one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from cbops.model.forecast import CircuitForecast, ForecastTotals, Outcomes


def totals_of(circuits: Sequence[CircuitForecast]) -> ForecastTotals:
    """The sums, and the medians over the outages in which a circuit opened."""
    admitted, denied = _sum(each.admitted for each in circuits), _sum(each.denied for each in circuits)
    episodes = [episode for each in circuits for episode in each.episodes]
    outages = [outage for each in circuits for outage in each.outages]
    met = [outage for outage in outages if outage.opened_after_ms is not None]
    kinds = [episode.classification for episode in episodes]
    return ForecastTotals(
        requests=admitted.total + denied.total,
        opens=len(episodes),
        expected=kinds.count("expected"),
        unexpected=kinds.count("unexpected"),
        unexplained=kinds.count("unexplained"),
        single_failure=sum(episode.single_failure for episode in episodes),
        reopened=sum(episode.reopened for episode in episodes),
        fail_fast=denied.total,
        saved=denied.failure,
        rejected=denied.success,
        failed_through=admitted.failure,
        outages=len(outages),
        outages_missed=len(outages) - len(met),
        opened_after_ms=_median(outage.opened_after_ms for outage in met),
        closed_after_ms=_median(outage.closed_after_ms for outage in met),
        wedged=sum(each.wedge is not None for each in circuits),
    )


def _sum(parts: Iterable[Outcomes]) -> Outcomes:
    found = Outcomes()
    for part in parts:
        found += part
    return found


def _median(times: Iterable[int | None]) -> int | None:
    """Of those that are known, a whole number."""
    known = [time for time in times if time is not None]
    return round(median(known)) if known else None
