"""What happened when, in few equal steps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cbops.breaker.forecast.histogram import Histogram, next_step
from cbops.breaker.forecast.settings import TIMELINE_STEPS
from cbops.breaker.forecast.written import Written
from cbops.model.base import from_ms
from cbops.model.forecast import Timeline


def timeline_of(
    results: Histogram,
    failures: Histogram,
    denied: Mapping[str, Histogram],
    written: Mapping[str, Written],
) -> Timeline:
    """Over all requests, in at most `TIMELINE_STEPS` steps."""
    first, last = results.first, results.last
    histograms = [results, failures, *denied.values()]
    step = max(each.step for each in histograms)
    while last // step - first // step >= TIMELINE_STEPS:
        step = next_step(step)
    for each in histograms:
        if each.step < step:
            each.widen(step)
        each.reach(first, last)
    edges = np.arange(first // step, last // step + 2) * step
    return Timeline(
        begins=from_ms(int(edges[0])),
        step_ms=step,
        results=tuple(results.counts.tolist()),
        failures=tuple(failures.counts.tolist()),
        denied={name: tuple(each.counts.tolist()) for name, each in denied.items()},
        open={name: tuple(each.shares(edges).tolist()) for name, each in written.items()},
    )
