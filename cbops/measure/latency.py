"""Latency figures from a cumulative histogram: count, mean, percentiles inside their bucket, counts per hour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import inf, isfinite, isnan, nan

from cbops.measure.buckets import Grid, column
from cbops.measure.counting import increase, select
from cbops.measure.names import LATENCY_BUCKET, LATENCY_COUNT, LATENCY_SUM
from cbops.measure.targets import TargetKey, Targets, key_of
from cbops.model.base import from_ms
from cbops.model.histogram import place_of
from cbops.model.observation import LatencyBucket, LatencyFigures, LatencyHistogram
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
    in50, in95, in99 = (bucket_of(buckets, share) for share in (0.5, 0.95, 0.99))
    return LatencyFigures(
        count=count,
        mean_ms=total / count,
        p50_ms=p50,
        p95_ms=p95,
        p99_ms=p99,
        p50_bucket=in50,
        p95_bucket=in95,
        p99_bucket=in99,
    )


def latency_histogram(
    series: Sequence[Series], targets: Targets, provider: str, on: Grid
) -> LatencyHistogram | None:
    """One provider's counts per bucket and step of the grid; null without any result or a finite bound.

    As in `cumulative`, only the bounds that all instances have.
    """
    per_target: dict[TargetKey, dict[float, list[Series]]] = {}
    for one in select(series, LATENCY_BUCKET, {"provider_id": provider}):
        bound = _bound(one.labels)
        if not isnan(bound):
            per_target.setdefault(key_of(one.labels), {}).setdefault(bound, []).append(one)
    seen = [bounds for bounds in per_target.values() if any(column(bounds.get(inf, ()), targets, on))]
    shared = sorted(set(seen[0]).intersection(*seen)) if seen else []
    if len(shared) < 2:
        return None
    columns = [column([s for b in seen for s in b[bound]], targets, on) for bound in shared]
    return LatencyHistogram(
        provider=provider,
        start=from_ms(on.start),
        step_seconds=on.step // 1000,
        bounds_ms=tuple(bound for bound in shared if isfinite(bound)),
        counts=tuple(_apart(row) for row in zip(*columns, strict=True)),
    )


def _apart(row: Sequence[float | None]) -> tuple[int, ...] | None:
    """Each bucket's own results from those at or below its bound; scrapes don't lower a count."""
    known = [value for value in row if value is not None]
    if len(known) < len(row):
        return None
    return tuple(max(0, round(inside - below)) for below, inside in pairwise((0.0, *known)))


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
    found = place_of(buckets, share)
    return None if found is None else found.value


def bucket_of(buckets: Mapping[float, float], share: float) -> LatencyBucket | None:
    """The bucket that holds a percentile; null where the percentile is."""
    found = place_of(buckets, share)
    return None if found is None else LatencyBucket(lower_ms=found.lower, upper_ms=found.upper)
