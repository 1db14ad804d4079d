"""A day's rows of buckets: drawn counts, with what was played in their place and what nobody saw taken out."""

from __future__ import annotations

import numpy as np

from cbops.model.base import from_ms, to_ms
from cbops.model.observation import Buckets, LatencyHistogram
from counted.played import Played
from counted.scene import FALLBACK, FINE, HOUR, MEAN_MS, TARGET
from counted.traffic import Tenant, bucket_shares
from counted.trouble import Trouble

COLUMNS = ("success", "failure", "fail_fast", "half_open", "latency_count", "latency_sum_ms")


class Rows:
    """Makes the rows of one rollout."""

    def __init__(self, zero: int, trouble: Trouble, played: Played | None) -> None:
        self.zero, self.trouble, self.played = zero, trouble, played

    def row(self, name: str, counts: dict[str, np.ndarray], starts: np.ndarray, step: int) -> Buckets:
        zeros = (0,) * len(starts)
        return Buckets.model_construct(
            tenant=name,
            provider=TARGET.provider,
            start=from_ms(self.zero + int(starts[0]) * 1000),
            step_seconds=step,
            success=tuple((counts["calls"] - counts["failure"]).tolist()),
            failure=tuple(counts["failure"].tolist()),
            fail_fast=zeros,
            half_open=zeros,
            latency_count=tuple(counts["calls"].tolist()),
            latency_sum_ms=tuple(counts["sum"].tolist()),
        )

    def with_breaker(self, row: Buckets, starts: np.ndarray, step: int) -> tuple[Buckets, Buckets | None]:
        """Where single requests were played, they stand instead; denied ones went to the fallback."""
        if self.played is None:
            return row, None
        counts = self._buckets_of(starts, step)
        if not counts:
            return row, None
        columns = {name: list(getattr(row, name)) for name in COLUMNS}
        denied = [0] * len(starts)
        for place, (success, failure, fast, half, total) in counts.items():
            columns["success"][place], columns["failure"][place] = int(success), int(failure)
            columns["fail_fast"][place], columns["half_open"][place] = int(fast), int(half)
            columns["latency_count"][place] = int(success + failure)
            columns["latency_sum_ms"][place] = total
            denied[place] = int(fast)
        mine = row.model_copy(update={name: tuple(column) for name, column in columns.items()})
        zeros = (0,) * len(starts)
        fallback = row.model_copy(
            update={
                "provider": FALLBACK,
                "success": tuple(denied),
                "failure": zeros,
                "fail_fast": zeros,
                "half_open": zeros,
                "latency_count": tuple(denied),
                "latency_sum_ms": tuple(MEAN_MS * n for n in denied),
            }
        )
        return mine, fallback

    def _buckets_of(self, starts: np.ndarray, step: int) -> dict[int, list[float]]:
        """The played counts by place in the day; a coarse bucket's are added up (a stuck circuit's)."""
        found: dict[int, list[float]] = {}
        first, size = self.zero // (FINE * 1000) + int(starts[0]) // FINE, len(starts) * step // FINE
        for bucket, counts in self.played.counts.items() if self.played else ():
            if first <= bucket < first + size:
                place = (bucket - first) * FINE // step
                old = found.get(place, [0, 0, 0, 0, 0.0])
                found[place] = [a + b for a, b in zip(old, counts, strict=True)]
        return found

    def hidden(self, row: Buckets, starts: np.ndarray) -> Buckets:
        """Nothing is known of a gap, and a restart loses what its bucket held."""
        gone = {
            int(i) for a, b in self.trouble.gaps for i in np.nonzero((starts < b) & (starts + FINE > a))[0]
        }
        if not gone:
            return row
        return row.model_copy(
            update={
                name: tuple(None if i in gone else v for i, v in enumerate(getattr(row, name)))
                for name in COLUMNS
            }
        )


def histogram(
    rng: np.random.Generator,
    tenant: Tenant,
    bounds: tuple[float, ...],
    row: Buckets,
    hours: np.ndarray,
) -> LatencyHistogram:
    """The latencies of each hour, drawn apart from their sums, with a generator of their own."""
    counts: dict[int, int | None] = {}
    for hour, count in zip(hours.tolist(), row.latency_count, strict=True):
        before = counts.get(hour, 0)
        counts[hour] = None if before is None or count is None else before + count
    drawn = []
    for hour, total in counts.items():
        shares = bucket_shares(
            bounds, float(tenant.latency[hour]), tenant.tail, float(tenant.slower_tenth[hour])
        )
        drawn.append(None if total is None else tuple(rng.multinomial(total, shares).tolist()))
    return LatencyHistogram.model_construct(
        provider=TARGET.provider,
        start=from_ms(to_ms(row.start) // 3_600_000 * 3_600_000),
        step_seconds=HOUR,
        bounds_ms=bounds,
        counts=tuple(drawn),
    )
