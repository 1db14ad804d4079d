"""Which failures lie in times that are plainly healthy, so that their places need not be kept."""

from __future__ import annotations

import numpy as np

from cbops.breaker.forecast.arrays import Flags, Floats, Longs
from cbops.breaker.forecast.rows import Rows
from cbops.breaker.forecast.settings import (
    FAILING_RATE,
    FAILING_TIMES_USUAL,
    FALSE_OUTAGES,
    LEAST_USUAL,
    PLAIN_OUTAGE,
)
from cbops.breaker.forecast.usual import usual_rates

# The usual rate is not yet what it is in the end, so less than what an outage takes is enough to be suspicious.
_SUSPICIOUS = 0.8
# With fewer rows the mean is as good as the median over parts.
_FEW = 256
# So many rows at a time become lists, which are several times as large as columns.
_BLOCK = 8192


def healthy_rows(rows: Rows) -> Flags:
    """Those that no stretch holds which comes near to what `find_outages` takes for an outage.

    Nor one at the circuit's end that may yet become such. The rows are by circuit and then by time.
    """
    begins = np.flatnonzero(np.diff(rows.circuit, prepend=-1))
    ends = np.append(begins[1:], len(rows))
    results = np.add.reduceat(rows.before + rows.inside, begins)
    rate = _usual(rows, begins, ends, results)
    sizes = ends - begins
    bound = np.repeat(np.log(2 * results / FALSE_OUTAGES), sizes)
    usual = np.repeat(rate, sizes)
    failing = np.maximum(FAILING_RATE, FAILING_TIMES_USUAL * usual)
    bad, good = np.log(failing / usual), np.log((1 - failing) / (1 - usual))
    # A plain outage reaches the bound with higher scores than these.
    bound *= _SUSPICIOUS * bad / np.log(np.maximum(failing, PLAIN_OUTAGE) / usual)
    inside = bad * rows.failures + good * (rows.inside - rows.failures)
    pauses: Floats = np.multiply(good, rows.before, dtype=np.float64)
    pauses[begins] = -np.inf  # no stretch reaches from one circuit into another
    ahead, last = _sums(pauses, inside, bound)
    pauses = np.append(pauses[1:], -np.inf)
    behind, _ = _sums(pauses[::-1], inside[::-1], bound[::-1])
    begun = np.repeat(last[ends - 1], sizes)
    found: Flags = (ahead + inside + behind[::-1] < bound) & (np.arange(len(rows)) < begun)
    return found


def _sums(pauses: Floats, inside: Floats, bound: Floats) -> tuple[Floats, Longs]:
    """The highest sum that ends before each row, and where the highest that ends with it begins.

    No sum is taken for more than twice the bound: far from an outage its sum tells nothing.
    """
    score, first = 0.0, 0
    scores, firsts = np.empty(len(pauses)), np.empty(len(pauses), np.int64)
    for begin in range(0, len(pauses), _BLOCK):
        part = slice(begin, begin + _BLOCK)
        own_scores: list[float] = []
        own_firsts: list[int] = []
        columns = (pauses[part].tolist(), inside[part].tolist(), bound[part].tolist())
        for place, (pause, own, enough) in enumerate(zip(*columns, strict=True), begin):
            score += pause
            if score <= 0:
                score, first = 0.0, place
            own_scores.append(score)
            own_firsts.append(first)
            score = min(score + own, 2 * enough)
        scores[part], firsts[part] = own_scores, own_firsts
    return scores, firsts


def _usual(rows: Rows, begins: Longs, ends: Longs, results: Longs) -> Floats:
    """The usual rate of each circuit."""
    found = np.clip(np.add.reduceat(rows.failures, begins) / results, LEAST_USUAL, FAILING_RATE)
    many = np.flatnonzero(ends - begins >= _FEW)
    found[many] = usual_rates(rows, begins[many], ends[many], results[many])
    return found
