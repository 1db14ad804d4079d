"""When a provider failed, by a circuit's own results, whatever a policy would have admitted of them.

A stretch is an outage when its results speak for a failing provider rather than the usual one by more than chance
would bring about: the logarithm of the likelihood ratio, summed over the results in it, reaches a bound that
one of a thousand traces of so many independent results would reach. The stretch with the highest sum begins
with a failing request and ends with one.

All circuits are looked at together: most rows are passed over in columns, the others one by one.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from cbops.breaker.forecast.arrays import Flags, Floats, Longs
from cbops.breaker.forecast.rows import Rows
from cbops.breaker.forecast.settings import (
    FAILING_RATE,
    FAILING_TIMES_USUAL,
    FALSE_OUTAGES,
    HEALTH_ALPHA,
    MIN_FAILURES,
    OUTAGE_PAUSE_MS,
    PLAIN_OUTAGE,
)
from cbops.breaker.statistics import wilson

_MOST_RATE = 0.99

Pair = tuple[int, int]  # a range of rows


@dataclass(frozen=True, slots=True)
class Stretches:
    """By circuit (its place) and then by time: from the arrival of the first failing request to the completion of
    the last (ms), and what came in it.
    """

    circuit: Longs
    begins: Longs
    ends: Longs
    results: Longs
    failures: Longs

    def __len__(self) -> int:
        return len(self.circuit)


def failing_threshold(usual: float) -> float:
    """Above this rate a provider counts as failing."""
    return max(FAILING_RATE, FAILING_TIMES_USUAL * usual)


def find_outages(rows: Rows, edges: Longs, results: Longs, usual: Sequence[float]) -> Stretches:
    """The outages of each circuit: `edges` are those of its rows, `results` all that it had, `usual` its usual rate."""
    sums = _Sums(rows)
    thresholds = [failing_threshold(each) for each in usual]
    enough = (sums.failures[edges[1:]] - sums.failures[edges[:-1]] >= MIN_FAILURES).tolist()
    bounds = [
        math.log(2 * count / FALSE_OUTAGES) if some else math.inf
        for count, some in zip(results.tolist(), enough, strict=True)
    ]
    scans = [
        _Scan(rows, edges, usual, failing, bounds)
        for failing in (thresholds, [max(each, PLAIN_OUTAGE) for each in thresholds])
    ]
    lists = _Lists(rows, [pair for scan in scans for pair in scan.ranges])
    found = sorted({pair for scan in scans for pair in scan.stretches(lists)})
    circuits = sums.circuits(edges, found).tolist()
    rates = sums.rates(found).tolist()
    refined = {
        lists.refined(pair, *_scores(rate, usual[circuit]))
        for pair, rate, circuit in zip(found, rates, circuits, strict=True)
    }
    return sums.stretches(edges, _joined(sums, edges, np.array(thresholds), sorted(refined)))


def _scores(failing: float, usual: float) -> tuple[float, float]:
    """What a failure and a success add."""
    failing = min(failing, _MOST_RATE)
    return math.log(failing / usual), math.log((1 - failing) / (1 - usual))


@cache
def _healthy_results() -> int:
    """So many results without a failure show health."""
    return next(n for n in range(1, 1000) if wilson(0, n, HEALTH_ALPHA)[1] < FAILING_RATE)


class _Sums:
    """What came in ranges of rows."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        # Before each row: failures, and results with the pauses.
        self.failures = np.concatenate((np.zeros(1, np.int64), np.cumsum(rows.failures)))
        self.results = np.concatenate((np.zeros(1, np.int64), np.cumsum(rows.before + rows.inside)))

    def circuits(self, edges: Longs, pairs: Sequence[Pair]) -> Longs:
        """Whose rows they are."""
        return np.searchsorted(edges, _columns(pairs)[0], side="right") - 1

    def rates(self, pairs: Sequence[Pair]) -> Floats:
        """Failures over results of each."""
        begins, ends = _columns(pairs)
        found: Floats = self._failures_in(begins, ends) / self._results_in(begins, ends)
        return found

    def plain(self, pairs: Sequence[Pair], threshold: Floats) -> Flags:
        """Which of them hold failures enough, and a rate that is that of a failing provider."""
        begins, ends = _columns(pairs)
        failures, results = self._failures_in(begins, ends), self._results_in(begins, ends)
        found: Flags = (failures >= MIN_FAILURES) & (failures >= threshold * results)
        return found

    def stretches(self, edges: Longs, pairs: Sequence[Pair]) -> Stretches:
        """What came in each."""
        begins, ends = _columns(pairs)
        return Stretches(
            self.circuits(edges, pairs),
            self._rows.first[begins],
            self.completed(pairs),
            self._results_in(begins, ends),
            self._failures_in(begins, ends),
        )

    def first(self, pairs: Sequence[Pair]) -> Longs:
        """The first failing request's arrival in each."""
        found: Longs = self._rows.first[_columns(pairs)[0]]
        return found

    def completed(self, pairs: Sequence[Pair]) -> Longs:
        """The latest completion in each."""
        if not pairs:
            return np.empty(0, np.int64)
        last = np.append(self._rows.last, 0)  # a range may end with the last row
        found: Longs = np.maximum.reduceat(last, np.array(pairs, np.int64).ravel())[::2]
        return found

    def _failures_in(self, begins: Longs, ends: Longs) -> Longs:
        return self.failures[ends] - self.failures[begins]

    def _results_in(self, begins: Longs, ends: Longs) -> Longs:
        found: Longs = self.results[ends] - self.results[begins] - self._rows.before[begins]
        return found


def _columns(pairs: Sequence[Pair]) -> tuple[Longs, Longs]:
    found = np.array(pairs, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _joined(sums: _Sums, edges: Longs, thresholds: Floats, pairs: list[Pair]) -> list[Pair]:
    """The plain ones; those of a circuit that lie no further apart than a pause become one."""
    plain = sums.plain(pairs, thresholds[sums.circuits(edges, pairs)]).tolist()
    pairs = [pair for pair, kept in zip(pairs, plain, strict=True) if kept]
    columns = (sums.circuits(edges, pairs), sums.first(pairs), sums.completed(pairs))
    found: list[Pair] = []
    over, before = 0, -1
    for pair, circuit, first, completed in zip(pairs, *(each.tolist() for each in columns), strict=True):
        if circuit == before and first - over <= OUTAGE_PAUSE_MS:
            found[-1] = (found[-1][0], max(found[-1][1], pair[1]))
            over = max(over, completed)
        else:
            found.append(pair)
            over, before = completed, circuit
    return found


class _Lists:
    """Rows of some ranges as lists, which are faster one by one and many times as large."""

    def __init__(self, rows: Rows, ranges: Sequence[Pair]) -> None:
        begins, ends = _columns(ranges)
        depth = np.bincount(begins, minlength=len(rows) + 1) - np.bincount(ends, minlength=len(rows) + 1)
        chosen = np.cumsum(depth)[:-1] > 0
        self._places = np.concatenate((np.zeros(1, np.int64), np.cumsum(chosen)))
        self.first, self.last = rows.first[chosen].tolist(), rows.last[chosen].tolist()
        self.failures, self.before = rows.failures[chosen].tolist(), rows.before[chosen].tolist()
        self.good = (rows.inside[chosen] - rows.failures[chosen]).tolist()

    def place(self, row: int) -> int:
        """Where the row stands in the lists; rows of a range lie side by side."""
        return int(self._places[row])

    def recovered(self, place: int) -> bool:
        """Whether the pause before the row is long, and shows health."""
        pause = self.first[place] - self.last[place - 1]
        return bool(pause > OUTAGE_PAUSE_MS and self.before[place] >= _healthy_results())

    def refined(self, pair: Pair, bad: float, good: float) -> Pair:
        """The part with the highest sum for these scores: stray failures at its edges fall away."""
        begin = self.place(pair[0])
        behind, away = begin + pair[1] - pair[0], pair[0] - begin
        score = best = 0.0
        start, found = begin, pair
        for place in range(begin, behind):
            score = score + good * self.before[place] if place > start else 0.0
            if score <= 0:
                start, score = place, 0.0
            score += bad * self.failures[place] + good * self.good[place]
            if score > best:
                best, found = score, (away + start, away + place + 1)
        return found


class _Scan:
    """Sums of likelihood ratios over the rows of circuits, each with its failing rate and its bound."""

    def __init__(
        self,
        rows: Rows,
        edges: Longs,
        usual: Sequence[float],
        failing: Sequence[float],
        bounds: Sequence[float],
    ) -> None:
        self._scores = [_scores(*pair) for pair in zip(failing, usual, strict=True)]
        self._bounds = bounds
        self._edges = edges.tolist()
        self.ranges = self._promising(rows, edges) if len(rows) else []
        starts = _columns(self.ranges)[0]
        self._circuits = (np.searchsorted(edges, starts, side="right") - 1).tolist()

    def _promising(self, rows: Rows, edges: Longs) -> list[Pair]:
        """Ranges of rows that lie apart and alone can hold a stretch: most rows need no second look.

        No sum is larger than one that begins at the lowest point before; where that point is passed below, every
        sum begins anew, and each circuit begins below all points before it. The sums over all rows are rounded
        otherwise than those over a stretch, so less than what rounding can make counts as nothing.
        """
        sizes = np.diff(edges)
        bad, good = np.repeat(np.array(self._scores).T, sizes, axis=1)
        inside = bad * rows.failures + good * (rows.inside - rows.failures)
        pauses: Floats = good * rows.before
        begun = edges[:-1][sizes > 0]
        gained = np.add.reduceat(np.maximum(inside, 0), begun)
        pauses[begun] = -1 - np.concatenate((np.zeros(1), gained[:-1]))
        after = np.cumsum(pauses + inside)
        rounding = np.finfo(np.float64).eps * len(rows) * float(np.abs(after).max())
        before = after - inside
        lowest = np.minimum.accumulate(before)
        anew = np.ones(len(rows), np.bool_)
        anew[1:] = before[1:] < lowest[:-1] - rounding
        anew[begun] = True
        begins = np.flatnonzero(anew)
        best = np.maximum.reduceat(after - lowest, begins)
        ends = np.append(begins[1:], len(rows))
        bound = np.repeat(np.array(self._bounds), sizes)[begins]
        chosen = best >= bound - rounding
        return list(zip(begins[chosen].tolist(), ends[chosen].tolist(), strict=True))

    def stretches(self, lists: _Lists) -> Iterator[Pair]:
        """Those whose sum reaches the bound."""
        for (begin, end), circuit in zip(self.ranges, self._circuits, strict=True):
            place = lists.place(begin)
            last = end == self._edges[circuit + 1]
            for first, behind in self._found(lists, circuit, place, place + end - begin, last=last):
                yield begin - place + first, begin - place + behind

    def _found(self, lists: _Lists, circuit: int, begin: int, end: int, *, last: bool) -> Iterator[Pair]:
        """The stretches in a range of the lists; `last`: it is its circuit's last one."""
        bad, good = self._scores[circuit]
        bound = self._bounds[circuit]
        row = start = begin
        best_end = begin
        score = best = 0.0
        while row < end:
            after_gap = score + good * lists.before[row] if row > start else 0.0
            if row > start and (after_gap <= 0 or best - after_gap > bound or lists.recovered(row)):
                if best >= bound:
                    yield start, best_end
                    row = best_end
                start, best, after_gap = row, 0.0, 0.0
            score = after_gap + bad * lists.failures[row] + good * lists.good[row]
            row += 1
            if score > best:
                best, best_end = score, row
            if row == end and best >= bound:
                yield start, best_end
                # Where another range follows, its first row is where every sum begins anew.
                row = start = end if last else best_end
                score = best = 0.0
