"""Requests by arrival in equal steps that grow wider as the trace grows longer."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from cbops.breaker.forecast.arrays import Flags, Longs
from cbops.breaker.forecast.settings import MOST_STEPS

_SECOND, _HOUR, _DAY = 1000, 3_600_000, 86_400_000
# Each divides the next, so that steps can be put together; on the clock of UTC.
LADDER = (
    *(_SECOND * seconds for seconds in (1, 5, 10, 30, 60, 300, 600, 1800, 3600)),
    *(_HOUR * hours for hours in (2, 4, 12)),
    *(_DAY << power for power in range(24)),
)
assert all(wide % narrow == 0 for narrow, wide in pairwise(LADDER))


def next_step(step: int) -> int:
    """The next wider one."""
    return next(wide for wide in LADDER if wide > step)


class Histogram:
    """Counts in at most `MOST_STEPS` steps; `begin` is the number of the first step since 1970."""

    def __init__(self) -> None:
        self.step = LADDER[0]
        self.begin = 0
        self.first, self.last = 0, 0  # of the times that it was made to reach
        self.counts: Longs = np.zeros(0, np.int64)

    def reach(self, first: int, last: int) -> None:
        """Make room for these times, in wider steps if need be."""
        if len(self.counts) == 0:
            self.begin, self.first, self.last = first // self.step, first, last
        self.first, self.last = min(self.first, first), max(self.last, last)
        low = min(self.begin * self.step, first)
        high = max((self.begin + len(self.counts)) * self.step - 1, last)
        while high // self.step - low // self.step >= MOST_STEPS:
            self.widen(next_step(self.step))
        begin = low // self.step
        counts = np.zeros(high // self.step - begin + 1, np.int64)
        ahead = self.begin - begin
        counts[ahead : ahead + len(self.counts)] = self.counts
        self.begin, self.counts = begin, counts

    def widen(self, step: int) -> None:
        """Put steps together; `step` is a multiple of the present one."""
        times = step // self.step
        ahead = self.begin % times
        size = -(-(ahead + len(self.counts)) // times)
        counts = np.zeros(size * times, np.int64)
        counts[ahead : ahead + len(self.counts)] = self.counts
        self.step, self.begin, self.counts = step, self.begin // times, counts.reshape(-1, times).sum(axis=1)

    def add_sorted(self, times: Longs, chosen: Flags | None = None) -> None:
        """Count times that ascend, those `chosen`."""
        if len(times) == 0:
            return
        first, last = int(times[0]), int(times[-1])
        self.reach(first, last)
        steps = np.arange(first // self.step, last // self.step + 1)
        places = np.searchsorted(times, steps * self.step)
        ends = np.append(places[1:], len(times))
        full = ends > places
        if chosen is None:
            found = ends - places
        else:
            found = np.zeros(len(steps), np.int64)
            found[full] = np.add.reduceat(chosen, places[full], dtype=np.int64)
        self.counts[steps - self.begin] += found

    def add(self, times: Longs) -> None:
        """Count times in any order."""
        if len(times) == 0:
            return
        self.reach(int(times.min()), int(times.max()))
        self.counts += np.bincount(times // self.step - self.begin, minlength=len(self.counts))
