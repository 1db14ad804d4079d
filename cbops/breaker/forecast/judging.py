"""Whether openings are expected, unexpected or unexplained, many at once.

The same idea as the judge's on observed openings: declared incidents first, then what the results show.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cbops.breaker.forecast.arrays import Flags, Floats, Longs
from cbops.breaker.forecast.settings import HEALTH_ALPHA, MIN_FAILURES
from cbops.breaker.statistics import normal_quantile

EXPECTED, UNEXPECTED, UNEXPLAINED = 0, 1, 2
Classes = NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Around:
    """Results and failures around openings, a row each, without the failure that opened them."""

    results: Longs
    failures: Longs

    @classmethod
    def of(cls, window: Longs, before: Longs, after: Longs) -> Around:
        """From (results, failures) in the window, before and after; the larger of window and before counts."""
        larger = (window[:, 0] > before[:, 0]) | (
            (window[:, 0] == before[:, 0]) & (window[:, 1] >= before[:, 1])
        )
        around = np.where(larger[:, None], window, before) + after
        own = np.minimum(1, around[:, 1])
        return cls(around[:, 0] - own, around[:, 1] - own)


def classes(around: Around, explained: Flags, threshold: Floats) -> Classes:
    """EXPECTED, UNEXPECTED or UNEXPLAINED for each; `explained`: by an outage.

    `threshold` is each circuit's `failing_threshold`.
    """
    results, failures = around.results, around.failures
    low, high = _wilson(failures, results)
    found = np.full(len(results), UNEXPLAINED, np.int8)
    found[(results > 0) & (high < threshold)] = UNEXPECTED
    found[(failures >= MIN_FAILURES) & (low > threshold)] = EXPECTED
    found[explained] = EXPECTED
    return found


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
