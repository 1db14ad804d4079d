"""Where a circuit's requests failed, in seconds that hold failures, and the results in between."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from cbops.breaker.forecast.arrays import Longs, grown
from cbops.breaker.forecast.parts import Parts
from cbops.breaker.forecast.settings import MOST_FAILURE_ROWS

_STEP = 1000
_WIDEST = 86_400_000


@dataclass(frozen=True, slots=True)
class Rows:
    """Steps with failures, by circuit and then by time.

    `first` is the arrival of the first failing request, `last` the latest completion of one (ms); `before` are
    the successes since the row before, `inside` the results from its first to its last failure by arrival.
    """

    circuit: Longs
    first: Longs
    last: Longs
    failures: Longs
    before: Longs
    inside: Longs

    def __len__(self) -> int:
        return len(self.first)

    def part(self, begin: int, end: int) -> Rows:
        """Some of them."""
        return Rows(*(getattr(self, each.name)[begin:end] for each in fields(self)))


def _empty() -> Rows:
    return Rows(*(np.empty(0, np.int64) for _ in fields(Rows)))


def _joined(rows: list[Rows]) -> Rows:
    if not rows:
        return _empty()
    together = Rows(*(np.concatenate([getattr(one, each.name) for one in rows]) for each in fields(Rows)))
    order = np.argsort(together.circuit, kind="stable")
    return Rows(*(getattr(together, each.name)[order] for each in fields(Rows)))


def _grouped(rows: Rows, step: int) -> Rows:
    """Those of one step put together."""
    if not len(rows):
        return rows
    number = rows.first // step
    new = np.ones(len(rows), np.bool_)
    new[1:] = (number[1:] != number[:-1]) | (rows.circuit[1:] != rows.circuit[:-1])
    if new.all():
        return rows
    begins = np.flatnonzero(new)
    before = rows.before[begins]
    return Rows(
        circuit=rows.circuit[begins],
        first=rows.first[begins],
        last=np.maximum.reduceat(rows.last, begins),
        failures=np.add.reduceat(rows.failures, begins),
        before=before,
        inside=np.add.reduceat(rows.inside + rows.before, begins) - before,
    )


class Failures:
    """The failures of all circuits; the number of rows is bounded, whatever the number of requests.

    Where there are too many, those of two seconds are put together, then of four, and so on.
    """

    def __init__(self, most: int = MOST_FAILURE_ROWS) -> None:
        self.step = _STEP
        self._most = self._room = most
        self._rows: list[Rows] = []
        self._count = 0
        # Successes of each circuit since its last failure.
        self._since: Longs = np.zeros(0, np.int64)

    def feed(self, parts: Parts) -> None:
        """Take note of a chunk."""
        if not len(parts):
            return
        self._since = grown(self._since, int(parts.codes[-1]) + 1)
        results, places = parts.results, parts.failures
        part = parts.part_of(places)
        fresh = np.ones(len(places), np.bool_)
        fresh[1:] = part[1:] != part[:-1]
        behind = np.where(fresh, parts.edges[part], np.roll(places, 1) + 1)
        before = results[places] - results[behind]
        circuit = parts.codes[part].astype(np.int64)
        before[fresh] += self._since[circuit[fresh]]
        # Behind the last failure of each part, or from its beginning.
        last = parts.starts.copy()
        ending = np.roll(fresh, -1)
        last[part[ending]] = places[ending] + 1
        left = results[parts.ends] - results[last]
        kept = self._since[parts.codes]
        kept[part[fresh]] = 0
        self._since[parts.codes] = kept + left
        one = np.ones(len(places), np.int64)
        arrival = parts.arrival[places]
        rows = Rows(circuit, arrival, arrival + parts.latency[places], one, before, one)
        self._add(_grouped(rows, self.step))

    def _add(self, rows: Rows) -> None:
        self._rows.append(rows)
        self._count += len(rows)
        if self._count > self._room:
            self._bound()
            self._room = max(self._most, self._count + max(self._most, self._count) // 4)

    def _bound(self) -> None:
        rows = _grouped(_joined(self._rows), self.step)
        while len(rows) > self._most and self.step < _WIDEST:
            self.step *= 2
            rows = _grouped(rows, self.step)
        self._rows, self._count = [rows], len(rows)

    def rows(self) -> Rows:
        """All of them."""
        self._bound()
        return self._rows[0]
