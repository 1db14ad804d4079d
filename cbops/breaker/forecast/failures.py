"""Where a circuit's requests failed, in seconds that hold failures, and the results in between."""

from __future__ import annotations

import numpy as np

from cbops.breaker.forecast.arrays import Longs, grown
from cbops.breaker.forecast.healthy import healthy_rows
from cbops.breaker.forecast.parts import Parts
from cbops.breaker.forecast.rows import Rows, grouped, joined
from cbops.breaker.forecast.settings import MOST_FAILURE_ROWS

_STEP, _WIDEST = 1000, 86_400_000
_HEALTHY_STEP, _HEALTHY_WIDEST = 60_000, 60_000 << 20


class Failures:
    """The failures of all circuits; the number of rows is bounded, whatever the number of requests.

    Where there are too many, those of plainly healthy times are put together first, in steps that double from a
    minute on; where that is not enough all are, in steps that double from a second.
    """

    def __init__(self, most: int = MOST_FAILURE_ROWS) -> None:
        self.step = _STEP
        self.healthy_step = 0  # nothing was put together yet
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
        self._add(grouped(rows, self.step))

    def _add(self, rows: Rows) -> None:
        self._rows.append(rows)
        self._count += len(rows)
        if self._count > self._room:
            self._bound()
            self._room = max(self._most, self._count + max(self._most, self._count) // 4)

    def _bound(self) -> None:
        rows = joined(self._rows)
        self._rows = []
        rows = grouped(rows, self.step)
        if len(rows) > self._most:
            rows = self._without_detail(rows)
        while len(rows) > self._most and self.step < _WIDEST:
            self.step *= 2
            rows = grouped(rows, self.step)
        self._rows, self._count = [rows], len(rows)

    def _without_detail(self, rows: Rows) -> Rows:
        """The healthy ones put together, down to half of what there may be: it need not be done often then."""
        healthy = healthy_rows(rows)
        while True:
            if self.healthy_step:
                found = grouped(rows, self.step, self.healthy_step, healthy)
                if len(found) <= self._most // 2 or self.healthy_step >= _HEALTHY_WIDEST:
                    return found
            self.healthy_step = 2 * self.healthy_step or _HEALTHY_STEP

    def rows(self) -> Rows:
        """All of them."""
        self._bound()
        return self._rows[0]
