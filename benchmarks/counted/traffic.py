"""What a tenant's requests meet, drawn by the bucket: how many come, how many fail, how long they take."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from counted.scene import (
    ENABLED,
    FAILURE,
    MEAN_MS,
    MEDIAN_MS,
    OUTAGE_FAILURE,
    OUTAGE_LATENCY,
    SIGMA,
    SLOWEST,
    SLOWEST_OF_MEAN,
    VARIATION,
    Scene,
)


def drifting(rng: np.random.Generator, size: int, sd: float, hours: float) -> np.ndarray:
    """A stationary drift, hour by hour, whose correlation falls to 1/e in `hours`."""
    if sd == 0:
        return np.zeros(size)
    keep = math.exp(-1 / hours)
    steps = rng.normal(0, sd * math.sqrt(1 - keep * keep), size).tolist()
    value, found = rng.normal(0, sd), []
    for step in steps:
        value = keep * value + step
        found.append(value)
    return np.array(found)


def latency_sums(rng: np.random.Generator, counts: np.ndarray, means: np.ndarray, tail: float) -> np.ndarray:
    """The sum of so many log-normal latencies of these means, some of them slow ones instead."""
    slow = rng.binomial(counts, tail) if tail else np.zeros_like(counts)
    usual = counts - slow
    shape = np.maximum(usual, 1e-9) / VARIATION
    sums = np.where(usual > 0, rng.gamma(shape, means * VARIATION), 0.0)
    if tail:
        tails = 20_000.0 * slow + rng.normal(0, 1, len(counts)) * (20_000 / math.sqrt(12)) * np.sqrt(slow)
        sums += np.clip(tails, 10_000 * slow, 30_000 * slow) * means / MEAN_MS
    return sums


def bucket_shares(bounds: Sequence[float], mean: float, tail: float, slower_tenth: float = 0.0) -> np.ndarray:
    """The share of each bucket, the last above all bounds: log-normal, some of them 10 to 30 s instead.

    The slowest tenth of the log-normal ones is slower by `slower_tenth`; `mean` is the one without that.
    """
    median = mean * MEDIAN_MS / MEAN_MS
    begins = median * math.exp(SIGMA * SLOWEST)
    was = [b if b <= begins else max(begins, b / (1 + slower_tenth)) for b in bounds]
    usual = [0.5 * (1 + math.erf(math.log(b / median) / (SIGMA * math.sqrt(2)))) for b in was]
    slow = [min(1.0, max(0.0, (b * MEAN_MS / mean - 10_000) / 20_000)) for b in bounds]
    below = (1 - tail) * np.array(usual) + tail * np.array(slow)
    return np.diff(below, prepend=0.0, append=1.0)


class Tenant:
    """One tenant's hours: what its requests meet."""

    def __init__(
        self, scene: Scene, rng: np.random.Generator, shared: tuple, per_minute: float, *, canary: bool
    ) -> None:
        noise, size = scene.noise, 24 * (scene.baseline + scene.days)
        at = np.arange(size)
        hits = rng.random(size) < noise.bursts
        curve = 1 + noise.swing * np.sin(2 * np.pi * ((at % 24 + 0.5) / 24 - 0.3))
        self.rate = per_minute * curve * np.where(hits, rng.uniform(2, 4, size), 1.0)
        self.latency = MEAN_MS * np.exp(drifting(rng, size, noise.drift, noise.hours) + shared[0])
        self.failure = FAILURE * np.exp(drifting(rng, size, noise.drift, noise.hours) + shared[1])
        self.tail = noise.tail
        self.slower_tenth = np.zeros(size)
        if canary:
            enabled = at >= 24 * scene.baseline + ENABLED.hour
            self.latency = self.latency * np.where(enabled, 1 + scene.truth.slower, 1.0)
            self.failure = self.failure + np.where(enabled, scene.truth.more_failures, 0.0)
            self.slower_tenth = np.where(enabled, scene.truth.slower_tenth, 0.0)

    def draw(
        self, rng: np.random.Generator, hours: np.ndarray, step: int, failing: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Counts of buckets that lie in these hours; `failing`: the share of a bucket that was an outage."""
        calls = rng.poisson(self.rate[hours] * step / 60)
        rate = self.failure[hours] * (1 - failing) + OUTAGE_FAILURE * failing
        usual = self.latency[hours] * (1 + self.slower_tenth[hours] * SLOWEST_OF_MEAN)
        mean = usual * (1 + (OUTAGE_LATENCY - 1) * failing)
        failures = rng.binomial(calls, np.minimum(rate, 1.0))
        return {"calls": calls, "failure": failures, "sum": latency_sums(rng, calls, mean, self.tail)}
