"""What happened when, in few equal steps."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cbops.breaker.forecast.arrays import Floats
from cbops.breaker.forecast.circuit import Written
from cbops.breaker.forecast.histogram import Histogram, next_step
from cbops.breaker.forecast.settings import TIMELINE_STEPS
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
        open={name: _shares(each, edges.astype(np.float64)) for name, each in written.items()},
    )


def _shares(written: Written, edges: Floats) -> tuple[float, ...]:
    """The share of each step in which the circuit that was open longest in it was not closed."""
    shares = np.zeros(len(edges) - 1)
    step = edges[1] - edges[0]
    for spans in written.open_spans(int(edges[-1])):
        if spans:
            times = np.array(spans, np.float64)
            taken = np.zeros_like(times)
            taken[:, 1] = np.cumsum(times[:, 1] - times[:, 0])
            taken[1:, 0] = taken[:-1, 1]
            before = np.interp(edges, times.ravel(), taken.ravel())
            shares = np.maximum(shares, np.diff(before) / step)
    return tuple(float(share) for share in shares.clip(0, 1).round(4))
