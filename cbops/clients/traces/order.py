"""Whether rows come in order, how many don't, and which ran backwards within their source."""

from __future__ import annotations

import numpy as np

from cbops.clients.traces.engine import Numbers
from cbops.clients.traces.judging import NO_SOURCE
from cbops.clients.traces.rows import Rows

_NEVER = -(2**63)


class DisorderError(Exception):
    """A row came after a later arrival; never leaves the reader."""


class Ordered:
    """Expects order over the whole input."""

    def __init__(self) -> None:
        self._last = _NEVER

    def next_file(self) -> None:
        """Order holds from file to file."""

    def backwards(self, rows: Rows, source: Numbers) -> Numbers | None:  # noqa: ARG002 - ordered rows never do
        """None does, or DisorderError is raised."""
        arrival = rows.arrival
        if len(arrival):
            if arrival[0] < self._last or bool((arrival[1:] < arrival[:-1]).any()):
                raise DisorderError
            self._last = int(arrival[-1])
        return None


class Disordered:
    """Counts rows that come after a later arrival.

    Where rows name their source, time must not run backwards within one file and source. A row does when both
    its arrival and its completion lie before those of the row before it: so neither a log written at arrival
    nor one written at completion is wrong.
    """

    def __init__(self) -> None:
        self.count = 0
        self._last = _NEVER
        self._before: dict[int, tuple[int, int]] = {}

    def next_file(self) -> None:
        """Each file has its own sources."""
        self._before.clear()

    def backwards(self, rows: Rows, source: Numbers) -> Numbers | None:
        """The mask of rows that ran backwards, where sources are judged; the other rows are counted."""
        bad = self._backwards(rows, source)
        arrival = rows.arrival if bad is None else rows.arrival[~bad]
        if len(arrival):
            highest = np.maximum.accumulate(np.concatenate([[self._last], arrival]))
            self.count += int(np.count_nonzero(arrival < highest[:-1]))
            self._last = int(highest[-1])
        return bad

    def _backwards(self, rows: Rows, source: Numbers) -> Numbers | None:
        named = np.flatnonzero(source != NO_SOURCE)
        if not len(named):
            return None
        order = named[np.argsort(source[named], kind="stable")]
        source, arrival = source[order], rows.arrival[order]
        done = arrival + rows.latency[order]
        first = np.flatnonzero(np.concatenate([[True], source[1:] != source[:-1]]))
        last = np.concatenate([first[1:], [len(source)]]) - 1
        before = [self._before.get(int(source[place]), (_NEVER, _NEVER)) for place in first]
        arrival_before, done_before = np.roll(arrival, 1), np.roll(done, 1)
        arrival_before[first] = [pair[0] for pair in before]
        done_before[first] = [pair[1] for pair in before]
        for place in last:
            self._before[int(source[place])] = (int(arrival[place]), int(done[place]))
        bad = (arrival < arrival_before) & (done < done_before)
        if not bad.any():
            return None
        mask = np.zeros(len(rows), bool)
        mask[order] = bad
        return mask
