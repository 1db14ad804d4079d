"""How sure a rate is."""

from __future__ import annotations

import math
from functools import cache, lru_cache
from statistics import NormalDist


@cache
def normal_quantile(probability: float) -> float:
    """The standard normal's quantile."""
    return NormalDist().inv_cdf(probability)


@lru_cache(10_000)
def wilson(failures: int, results: int, alpha: float) -> tuple[float, float]:
    """Wilson's score bounds of a rate, each one-sided at `alpha`; (0, 1) without any result."""
    if results <= 0:
        return 0.0, 1.0
    z = normal_quantile(1 - alpha)
    rate = failures / results
    centre = rate + z * z / (2 * results)
    spread = z * math.sqrt(rate * (1 - rate) / results + z * z / (4 * results * results))
    scale = 1 + z * z / results
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)
