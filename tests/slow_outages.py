"""The slow judge of outages: one circuit, and every row one by one."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from cbops.breaker.forecast.rows import Rows
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
        for begin, end in scan.stretches(failing):
            found.add(scan.refined(begin, end))
    plain = [pair for pair in sorted(found) if _plain(scan.stretch(*pair), threshold)]
    return tuple(scan.stretch(begin, end) for begin, end in _joined(rows, plain))


def _plain(stretch: Stretch, threshold: float) -> bool:
    return stretch.failures >= MIN_FAILURES and stretch.failures >= threshold * stretch.results


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


@cache
def _healthy_results() -> int:
    """So many results without a failure show health."""
    return next(n for n in range(1, 1000) if wilson(0, n, HEALTH_ALPHA)[1] < FAILING_RATE)


class _Lists:
    """Some rows as lists, which are faster one by one and many times as large."""

    def __init__(self, rows: Rows, begin: int, end: int) -> None:
        part = slice(begin, end)
        self._first, self._last = rows.first[part].tolist(), rows.last[part].tolist()
        self.failures, self.before = rows.failures[part].tolist(), rows.before[part].tolist()
        self.good = (rows.inside[part] - rows.failures[part]).tolist()

    def recovered(self, row: int) -> bool:
        """Whether the pause before the row is long, and shows health."""
        pause = self._first[row] - self._last[row - 1]
        return bool(pause > OUTAGE_PAUSE_MS and self.before[row] >= _healthy_results())


class _Scan:
    """Sums of likelihood ratios over the rows of one circuit."""

    def __init__(self, rows: Rows, usual: float, bound: float) -> None:
        self._rows = rows
        # Up to each row: failures, and results with the pauses.
        self._failed, self._results = np.cumsum(rows.failures), np.cumsum(rows.before + rows.inside)
        self._usual = usual
        self._bound = bound

    def stretches(self, failing: float) -> Iterator[tuple[int, int]]:
        """Those whose sum reaches the bound for this failing rate, as ranges of rows: every row is looked at."""
        yield from self._found(*self._scores(failing), 0, len(self._rows))

    def _found(self, bad: float, good: float, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """The stretches in a range."""
        lists = _Lists(self._rows, begin, end)
        size = end - begin
        row = start = best_end = 0
        score = best = 0.0
        while row < size:
            after_gap = score + good * lists.before[row]
            if row > start and (after_gap <= 0 or best - after_gap > self._bound or lists.recovered(row)):
                if best >= self._bound:
                    yield begin + start, begin + best_end
                    row = best_end
                start, score, best = row, 0.0, 0.0
                after_gap = 0.0
            elif row == start:
                after_gap = 0.0
            score = after_gap + bad * lists.failures[row] + good * lists.good[row]
            row += 1
            if score > best:
                best, best_end = score, row
            if row == size and best >= self._bound:
                yield begin + start, begin + best_end
                # Where another range follows, its first row is where every sum begins anew.
                row = start = best_end if end < len(self._rows) else size
                score = best = 0.0

    def stretch(self, begin: int, end: int) -> Stretch:
        """What came in these rows."""
        rows, last = self._rows, end - 1
        return Stretch(
            begins=int(rows.first[begin]),
            ends=int(rows.last[begin:end].max()),
            results=int(self._results[last] - self._results[begin] + rows.inside[begin]),
            failures=int(self._failed[last] - self._failed[begin] + rows.failures[begin]),
        )

    def refined(self, begin: int, end: int) -> tuple[int, int]:
        """The part with the highest sum for the rate found in it: stray failures at its edges fall away."""
        whole, lists = self.stretch(begin, end), _Lists(self._rows, begin, end)
        bad, good = self._scores(whole.failures / whole.results)
        score = best = 0.0
        start, found = 0, (begin, end)
        for row in range(end - begin):
            score = score + good * lists.before[row] if row > start else 0.0
            if score <= 0:
                start, score = row, 0.0
            score += bad * lists.failures[row] + good * lists.good[row]
            if score > best:
                best, found = score, (begin + start, begin + row + 1)
        return found

    def _scores(self, failing: float) -> tuple[float, float]:
        """What a failure and a success add."""
        failing = min(failing, _MOST_RATE)
        return math.log(failing / self._usual), math.log((1 - failing) / (1 - self._usual))
