"""Single requests through the real breaker, over the stretches around openings."""

from __future__ import annotations

import math

import numpy as np

from cbops.breaker import Breaker
from cbops.model.policy import CANARY_BLOCK
from counted.scene import ENABLED, FINE, OUTAGE_FAILURE, OUTAGE_LATENCY, VARIATION, Scene
from counted.traffic import Tenant
from counted.trouble import Trouble


class Played:
    """Single requests through the real breaker, over a stretch around an opening."""

    def __init__(self, origin_ms: int, *, stuck: bool) -> None:
        self.moves: list[tuple[int, str, str]] = []
        self.origin, self.stuck = origin_ms, stuck
        self.breaker = Breaker(CANARY_BLOCK, origin_ms, on_transition=self._moved)
        self.counts: dict[int, list[float]] = {}  # by bucket: success, failure, denied, half-opens, sum

    @property
    def wedged(self) -> bool:
        """Whether it denies for ever: all of its probes are used up and none came back."""
        used = self.breaker.half_open_calls >= self.breaker.policy.half_open_max_calls
        return self.stuck and self.breaker.state == "half_open" and used

    def _moved(self, now: int, source: str, target: str, _reason: str) -> None:
        self.moves.append((now, source, target))
        if target == "half_open":
            self._bucket(now)[3] += 1

    def _bucket(self, now: int) -> list[float]:
        return self.counts.setdefault((now - 1) // (FINE * 1000), [0, 0, 0, 0, 0.0])

    def request(self, now: int, *, failed: bool, latency: float) -> None:
        """One arrival; its result is recorded at once. A stuck circuit's probes never come back."""
        if not self.breaker.allow(now):
            self._bucket(now)[2] += 1
            return
        if self.stuck and self.breaker.state == "half_open":
            return
        counts = self._bucket(now)
        counts[1 if failed else 0] += 1
        counts[4] += latency
        if failed:
            self.breaker.record_failure(now)
        else:
            self.breaker.record_success(now)


class Player:
    """Plays a tenant's requests around outages, bursts and lone failures."""

    def __init__(
        self, scene: Scene, tenant: Tenant, trouble: Trouble, rng: np.random.Generator, zero: int
    ) -> None:
        self.scene, self.tenant, self.trouble, self.rng, self.zero = scene, tenant, trouble, rng, zero

    def play(self) -> Played | None:
        """Around outages, bursts and lone failures since enabling, in order of time."""
        since = self.scene.baseline * 86_400 + ENABLED.hour * 3600
        spans = [(start, end, OUTAGE_FAILURE) for start, end, _ in self.trouble.outages]
        spans += [(start, end, 0.7) for start, end in self.trouble.bursts]
        spans += [(at, at, 0.0) for at in self.trouble.trips]
        spans = sorted(span for span in spans if span[0] >= since)
        if not spans:
            return None
        for _ in range(100):
            played = Played(self.zero, stuck=self.trouble.stuck)
            for start, end, rate in spans:
                self._stretch(played, start, end, rate)
            if played.moves or not (self.trouble.bursts or self.trouble.stuck):
                break  # where the truth is an opening, there has to be one
        return played

    def _stretch(self, played: Played, start: int, end: int, rate: float) -> None:
        """From a bucket's start before it until the circuit is closed again, or for the rest when stuck."""
        tenant, rng = self.tenant, self.rng
        now = (start // FINE) * FINE * 1000.0
        last = len(tenant.rate) * 3_600_000
        tripped = start != end
        while now < last:
            hour = min(int(now // 3_600_000), len(tenant.rate) - 1)
            now += rng.exponential() * 60_000 / tenant.rate[hour]
            ended = now > 1000 * end and tripped and played.breaker.state == "closed"
            if ended and now > (math.ceil(end / FINE) * FINE + FINE) * 1000:
                break
            bad = start * 1000 <= now < end * 1000
            failed = bad and rng.random() < rate
            if not tripped and now >= start * 1000:
                # one failure in a window that holds nothing else opens the circuit
                failed = tripped = True
                played.breaker.reset(self.zero + int(now))
            if self.trouble.stuck and played.wedged:
                self._denied(played, now)
                break
            latency = tenant.latency[hour] * (OUTAGE_LATENCY if bad and rate == OUTAGE_FAILURE else 1.0)
            played.request(
                self.zero + int(now),
                failed=failed,
                latency=latency * float(rng.gamma(1 / VARIATION, VARIATION)),
            )

    def _denied(self, played: Played, now: float) -> None:
        """A wedged circuit denies everything: from the next bucket on by counts alone."""
        rate = self.tenant.rate
        for bucket in range(int(now) // (FINE * 1000) + 1, len(rate) * 3600 // FINE):
            calls = self.rng.poisson(rate[bucket * FINE // 3600] * FINE / 60)
            played.counts[self.zero // (FINE * 1000) + bucket] = [0, 0, int(calls), 0, 0.0]
