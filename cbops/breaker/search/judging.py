"""Whether openings are expected, unexpected or unexplained, many at once: `openings.Causes` in columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cbops.breaker.forecast.arrays import Flags, Floats, Longs
from cbops.breaker.forecast.openings import Trouble
from cbops.breaker.forecast.settings import HEALTH_ALPHA, MIN_FAILURES
from cbops.breaker.statistics import normal_quantile

EXPECTED, UNEXPECTED, UNEXPLAINED = 0, 1, 2
Classes = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Opened:
    """What surrounded openings, a row each: (results, failures) in the window, before and after."""

    window: Longs
    before: Longs
    after: Longs


def classes(opened: Opened, explained: Flags, threshold: Floats) -> Classes:
    """EXPECTED, UNEXPECTED or UNEXPLAINED for each; `explained` ones are `reached` by an outage.

    `threshold` is each circuit's `failing_threshold`.
    """
    results, failures = _others(opened)
    low, high = _wilson(failures, results)
    found = np.full(len(results), UNEXPLAINED, np.int8)
    found[(results > 0) & (high < threshold)] = UNEXPECTED
    found[(failures >= MIN_FAILURES) & (low > threshold)] = EXPECTED
    found[explained] = EXPECTED
    return found


def _others(opened: Opened) -> tuple[Longs, Longs]:
    """Results and failures around each, without the failure that opened it."""
    window, before = opened.window, opened.before
    larger = (window[:, 0] > before[:, 0]) | ((window[:, 0] == before[:, 0]) & (window[:, 1] >= before[:, 1]))
    around = np.where(larger[:, None], window, before) + opened.after
    own = np.minimum(1, around[:, 1])
    return around[:, 0] - own, around[:, 1] - own


def _wilson(failures: Longs, results: Longs) -> tuple[Floats, Floats]:
    """`statistics.wilson` in columns."""
    z = normal_quantile(1 - HEALTH_ALPHA)
    some = np.maximum(results, 1)
    rate = failures / some
    centre = rate + z * z / (2 * some)
    spread = z * np.sqrt(rate * (1 - rate) / some + z * z / (4 * some * some))
    scale = 1 + z * z / some
    low, high = np.maximum(0.0, (centre - spread) / scale), np.minimum(1.0, (centre + spread) / scale)
    return np.where(results > 0, low, 0.0), np.where(results > 0, high, 1.0)


@dataclass(frozen=True, slots=True)
class Outages:
    """A circuit's outages in columns (ms): `since` is from when they explain an opening, `until` to when at least."""

    begins: Longs
    ends: Longs
    since: Longs
    until: Floats
    failing: Flags

    @classmethod
    def of(cls, troubles: Sequence[Trouble]) -> Outages:
        """In their order."""
        reaches = [each.reach(0) for each in troubles]
        return cls(
            begins=np.array([each.begins for each in troubles], np.int64),
            ends=np.array([each.ends for each in troubles], np.int64),
            since=np.array([since for since, _ in reaches], np.int64),
            until=np.array([until for _, until in reaches], np.float64),
            failing=np.array([each.failures > 0 for each in troubles], np.bool_),
        )

    def __len__(self) -> int:
        return len(self.begins)

    def reach(self, window_ms: float) -> Floats:
        """To when each explains an opening, as `Trouble.reach` says."""
        return np.where(self.failing, np.maximum(self.until, self.ends + window_ms), self.until)

    def explain(self, at: Longs, window_ms: float) -> Flags:
        """Which openings any of them explains."""
        return within(at, self.since, self.reach(window_ms))


def reached(at: Longs, troubles: Sequence[Trouble], window_ms: float) -> Flags:
    """Whether any of a circuit's outages explains the opening."""
    return Outages.of(troubles).explain(at, window_ms)


def within(times: Longs, begins: Longs, ends: Longs | Floats) -> Flags:
    """Which times lie in one of the spans, both ends included; spans may overlap."""
    if not len(begins) or not len(times):
        return np.zeros(len(times), np.bool_)
    order = np.argsort(begins, kind="stable")
    # The latest end of all spans that have begun.
    latest = np.maximum.accumulate(ends[order])
    place = np.searchsorted(begins[order], times, side="right") - 1
    return (place >= 0) & (latest[place] >= times)
