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


def reached(at: Longs, troubles: Sequence[Trouble], window_ms: float) -> Flags:
    """Whether any of a circuit's outages explains the opening."""
    if not troubles or not len(at):
        return np.zeros(len(at), np.bool_)
    reaches = sorted(each.reach(window_ms) for each in troubles)
    begins = np.array([begin for begin, _ in reaches])
    # The latest end of all outages that have begun.
    ends = np.maximum.accumulate(np.array([end for _, end in reaches], np.float64))
    place = np.searchsorted(begins, at, side="right") - 1
    return (place >= 0) & (ends[place] >= at)
