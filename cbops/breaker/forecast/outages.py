"""When a provider failed, by a circuit's own results, whatever a policy would have admitted of them.

A stretch is an outage when its results speak for a failing provider rather than the usual one by more than chance
would bring about: the logarithm of the likelihood ratio, summed over the results in it, reaches a bound that
one of a thousand traces of so many independent results would reach. The stretch with the highest sum begins
with a failing request and ends with one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cbops.breaker.forecast.failures import Rows
from cbops.breaker.forecast.settings import (
    FAILING_RATE,
    FAILING_TIMES_USUAL,
    FALSE_OUTAGES,
    HEALTH_ALPHA,
    LEAST_USUAL,
    MIN_FAILURES,
    OUTAGE_PAUSE_MS,
    PARTS,
    PLAIN_OUTAGE,
)
from cbops.breaker.statistics import wilson

_MOST_RATE = 0.99


@dataclass(frozen=True, slots=True)
class Stretch:
    """From the arrival of the first failing request to the completion of the last (ms), and what came in it."""

    begins: int
    ends: int
    results: int
    failures: int


def usual_rate(rows: Rows, results: int) -> float:
    """The median rate over parts of equally many results in which the provider didn't plainly fail.

    Like the judge's it doesn't exceed `FAILING_RATE`; at least `LEAST_USUAL`.
    """
    if not len(rows):
        return LEAST_USUAL
    edges = np.linspace(0, results, PARTS + 1)
    behind = np.concatenate(([0], np.cumsum(rows.before + rows.inside)))
    failures = np.concatenate(([0], np.cumsum(rows.failures)))
    rates = np.diff(np.interp(edges, behind, failures)) / (results / PARTS)
    usual = rates[rates <= FAILING_RATE]
    return max(LEAST_USUAL, float(np.median(usual))) if len(usual) else LEAST_USUAL


def failing_threshold(usual: float) -> float:
    """Above this rate a provider counts as failing."""
    return max(FAILING_RATE, FAILING_TIMES_USUAL * usual)


def find_outages(rows: Rows, results: int, usual: float) -> tuple[Stretch, ...]:
    """The outages of one circuit, in order; `results` are all that it had."""
    if rows.failures.sum() < MIN_FAILURES:
        return ()
    scan = _Scan(rows, usual, math.log(2 * results / FALSE_OUTAGES))
    threshold = failing_threshold(usual)
    found = set()
    for failing in (threshold, max(threshold, PLAIN_OUTAGE)):
        for begin, end in scan.stretches(failing, 0, len(rows)):
            found.add(scan.refined(begin, end))
    plain = [pair for pair in sorted(found) if _plain(_stretch(rows, *pair), threshold)]
    return tuple(_stretch(rows, begin, end) for begin, end in _joined(rows, plain))


def _plain(stretch: Stretch, threshold: float) -> bool:
    return stretch.failures >= MIN_FAILURES and stretch.failures >= threshold * stretch.results


def _stretch(rows: Rows, begin: int, end: int) -> Stretch:
    part = rows.part(begin, end)
    return Stretch(
        begins=int(part.first[0]),
        ends=int(part.last.max()),
        results=int(part.inside.sum() + part.before[1:].sum()),
        failures=int(part.failures.sum()),
    )


def _joined(rows: Rows, pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Stretches that lie no further apart than a pause become one."""
    found: list[tuple[int, int]] = []
    over = 0
    for begin, end in pairs:
        completed = int(rows.last[begin:end].max())
        if found and int(rows.first[begin]) - over <= OUTAGE_PAUSE_MS:
            found[-1] = (found[-1][0], max(found[-1][1], end))
            over = max(over, completed)
        else:
            found.append((begin, end))
            over = completed
    return found


class _Scan:
    """Sums of likelihood ratios over the rows of one circuit."""

    def __init__(self, rows: Rows, usual: float, bound: float) -> None:
        self._first, self._last = rows.first.tolist(), rows.last.tolist()
        self._failures, self._before = rows.failures.tolist(), rows.before.tolist()
        self._good = (rows.inside - rows.failures).tolist()
        self._usual = usual
        self._bound = bound
        # So many results without a failure show health.
        self._healthy = next(n for n in range(1, 1000) if wilson(0, n, HEALTH_ALPHA)[1] < FAILING_RATE)

    def stretches(self, failing: float, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """Those whose sum reaches the bound for this failing rate, as ranges of rows."""
        bad, good = self._scores(failing)
        row = start = begin
        score = best = 0.0
        best_end = begin
        while row < end:
            after_gap = score + good * self._before[row]
            if row > start and (after_gap <= 0 or best - after_gap > self._bound or self._recovered(row)):
                if best >= self._bound:
                    yield start, best_end
                    row = best_end
                start, score, best = row, 0.0, 0.0
                after_gap = 0.0
            elif row == start:
                after_gap = 0.0
            score = after_gap + bad * self._failures[row] + good * self._good[row]
            row += 1
            if score > best:
                best, best_end = score, row
        if best >= self._bound:
            yield start, best_end

    def refined(self, begin: int, end: int) -> tuple[int, int]:
        """The part with the highest sum for the rate found in it: stray failures at its edges fall away."""
        failures = sum(self._failures[begin:end])
        results = failures + sum(self._good[begin:end]) + sum(self._before[begin + 1 : end])
        bad, good = self._scores(failures / results)
        score = best = 0.0
        start, found = begin, (begin, end)
        for row in range(begin, end):
            score = score + good * self._before[row] if row > start else 0.0
            if score <= 0:
                start, score = row, 0.0
            score += bad * self._failures[row] + good * self._good[row]
            if score > best:
                best, found = score, (start, row + 1)
        return found

    def _scores(self, failing: float) -> tuple[float, float]:
        """What a failure and a success add."""
        failing = min(failing, _MOST_RATE)
        return math.log(failing / self._usual), math.log((1 - failing) / (1 - self._usual))

    def _recovered(self, row: int) -> bool:
        """Whether the pause before the row is long, and shows health."""
        pause = self._first[row] - self._last[row - 1]
        return bool(pause > OUTAGE_PAUSE_MS and self._before[row] >= self._healthy)
