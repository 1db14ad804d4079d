"""A policy's circuits added up."""

from __future__ import annotations

from cbops.breaker.forecast.judging import EXPECTED, UNEXPECTED, UNEXPLAINED
from cbops.breaker.forecast.opened import NEVER
from cbops.breaker.forecast.written import Written, median_of
from cbops.model.forecast import ForecastTotals


def totals_of(written: Written) -> ForecastTotals:
    """The sums, and the medians over the outages in which a circuit opened."""
    requests = written.known.outcomes.sum(axis=0)
    denied = written.denied.sum(axis=0)
    met = written.opened_after != NEVER
    kinds = written.kinds
    return ForecastTotals(
        requests=int(requests.sum()),
        opens=len(kinds),
        expected=int((kinds == EXPECTED).sum()),
        unexpected=int((kinds == UNEXPECTED).sum()),
        unexplained=int((kinds == UNEXPLAINED).sum()),
        single_failure=int(written.single.sum()),
        reopened=int(written.opened.reopened.sum()),
        fail_fast=int(denied.sum()),
        saved=int(denied[1]),
        rejected=int(denied[0]),
        failed_through=int(requests[1] - denied[1]),
        outages=len(met),
        outages_missed=int((~met).sum()),
        opened_after_ms=median_of(written.opened_after[met]),
        closed_after_ms=median_of(written.closed_after[met]),
        wedged=int(written.wedged.sum()),
    )
