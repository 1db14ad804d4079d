"""What a made rollout is made of: its truth, its noise, and the numbers that all of them share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime
from statistics import NormalDist

from cbops.model.tenant import Target

DAY_ONE = date(2025, 1, 27)
ENABLED = datetime(2025, 1, 27, 9, tzinfo=UTC)
TARGET = Target(tenant="canary", policy="p", provider="openai")
FALLBACK = "anthropic"
HOUR, FINE = 3_600, 300
MEDIAN_MS, SIGMA = 220.0, 0.45
MEAN_MS = MEDIAN_MS * math.exp(SIGMA**2 / 2)
VARIATION = math.exp(SIGMA**2) - 1  # variance over squared mean of one result
FAILURE = 0.002
OUTAGE_FAILURE, OUTAGE_LATENCY = 0.9, 3.0
SLOWEST = NormalDist().inv_cdf(0.9)  # where the slowest tenth begins, in sigmas above the median
SLOWEST_OF_MEAN = 1 - NormalDist().cdf(SLOWEST - SIGMA)  # what that tenth makes of the mean


@dataclass(frozen=True)
class Truth:
    """What is so in a made rollout; effects begin with enabling.

    `trouble`: "none"; "sound" (outages, a restart and a gap); "trip" (an open by one lone failure); "burst" (an
    open by a burst of failures that only this tenant sees); "stuck" (a circuit that stays open after an outage).
    """

    name: str
    slower: float = 0.0
    slower_tenth: float = (
        0.0  # of the slowest tenth alone, the p95 with it; the mean rises by a fifth of that
    )
    more_failures: float = 0.0
    trouble: str = "none"


@dataclass(frozen=True)
class Noise:
    """How tenants and their provider drift; `tail`: share of results that take 10 to 30 s."""

    drift: float = 0.05  # of each tenant's latency and error rate, on its own
    hours: float = 6.0  # its correlation time
    shared: float = 0.05  # of the provider, for all tenants alike, over six hours
    tail: float = 0.003
    controls: int = 2
    bursts: float = 0.04  # share of hours with two to four times the traffic
    swing: float = 0.6  # of the day's curve


@dataclass(frozen=True)
class Scene:
    """One row's worth: the truth, the canary's traffic, and the noise."""

    truth: Truth
    per_minute: float
    noise: Noise = Noise()
    baseline: int = 7
    days: int = 7
    bounds: tuple[float, ...] = ()  # of the canary's latency histogram, ms; none: there is no histogram
