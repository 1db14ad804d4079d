"""Latency figures from a cumulative histogram: count, mean, and percentiles inside their bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf, isfinite, isnan, nan

from cbops.measure.counting import increase, select
from cbops.measure.names import LATENCY_BUCKET, LATENCY_COUNT, LATENCY_SUM
from cbops.measure.targets import TargetKey, Targets, key_of
from cbops.model.observation import LatencyFigures
from cbops.model.series import Series


def latency_figures(
    series: Sequence[Series], targets: Targets, provider: str, start: int, end: int
) -> LatencyFigures:
    """Of one provider over (start, end]; the caller has made sure that the metric exists at all."""
    wanted = {"provider_id": provider}
    count = round(increase(select(series, LATENCY_COUNT, wanted), targets, start, end))
    if count == 0:
        return LatencyFigures(count=0)
    total = increase(select(series, LATENCY_SUM, wanted), targets, start, end)
    buckets = cumulative(select(series, LATENCY_BUCKET, wanted), targets, start, end)
    p50, p95, p99 = (percentile(buckets, share) for share in (0.5, 0.95, 0.99))
    return LatencyFigures(count=count, mean_ms=total / count, p50_ms=p50, p95_ms=p95, p99_ms=p99)


def cumulative(buckets: Sequence[Series], targets: Targets, start: int, end: int) -> dict[float, float]:
    """Results at or below each upper bound, over all instances.

    Instances may have different bounds; only the bounds that all of them have can be added up.
    """
    per_target: dict[TargetKey, dict[float, float]] = {}
    for one in buckets:
        bound = _bound(one.labels)
        if isnan(bound):
            continue
        counts = per_target.setdefault(key_of(one.labels), {})
        counts[bound] = counts.get(bound, 0.0) + increase([one], targets, start, end)
    seen = [counts for counts in per_target.values() if counts.get(inf, 0.0) > 0]
    if not seen:
        return {}
    shared = set(seen[0]).intersection(*seen)
    return {bound: sum(counts[bound] for counts in seen) for bound in sorted(shared)}


def _bound(labels: Mapping[str, str]) -> float:
    try:
        return float(labels.get("le", ""))
    except ValueError:
        return nan


def percentile(buckets: Mapping[float, float], share: float) -> float | None:
    """Linear inside the bucket that holds it; the highest finite bound when it lies above all of them.

    `buckets`: cumulative counts by upper bound in milliseconds, ascending, with +Inf. Null without any
    result or without a finite bound.
    """
    total = buckets.get(inf, 0.0)
    finite = [bound for bound in buckets if isfinite(bound)]
    if total <= 0 or not finite:
        return None
    rank, below, lower = share * total, 0.0, 0.0
    for bound in finite:
        inside = buckets[bound]
        if inside >= rank and inside > below:
            return lower + (bound - lower) * (rank - below) / (inside - below)
        below, lower = inside, bound
    return finite[-1]
