"""Percentiles of the latency before and since enabling, with what their histogram's buckets leave open.

A percentile is known to lie in its bucket and nothing more; interpolated inside it, each day's has a lower and
an upper edge. The interval from the variation between days, as for the mean, is widened by what these edges
allow. Only the canary's histogram is kept, so that there is no control: full days are compared with full days,
over the whole hours in which every bucket is compared. Ratios are compared as logarithms.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cbops.judge.blocks import Block, Bounds, difference, weighed, widest
from cbops.judge.compared import Compared, blocks_shown
from cbops.judge.kept import DaySums
from cbops.judge.numbers import rounded
from cbops.judge.settings import P95_BUCKET_SHARE
from cbops.model.base import to_ms
from cbops.model.config import CriteriaConfig
from cbops.model.histogram import Place, place_of
from cbops.model.observation import LatencyHistogram, Observation
from cbops.model.spans import Span

SHARES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
Cumulative = Mapping[float, float]  # results at or below each bound (ms), ascending, with +Inf


@dataclass(frozen=True, slots=True)
class DayHistograms:
    """One full day by provider, over its compared hours."""

    day: int
    providers: Mapping[str, Cumulative]


@dataclass(frozen=True, slots=True)
class Sides:
    """The full days before and since enabling that have histograms."""

    before: tuple[DayHistograms, ...]
    after: tuple[DayHistograms, ...]


@dataclass(frozen=True, slots=True)
class Percentile:
    """One percentile's comparison over some providers at a mix; `lower` and `upper` with what the buckets leave.

    `bounds` null: too few days. Log-ratios; infinite where a bucket has no edge on that side.
    """

    share: float
    before: Sequence[Block]
    after: Sequence[Block]
    bounds: Bounds | None
    lower: float
    upper: float
    places: Mapping[str, tuple[Place | None, Place | None]]  # by provider, of each side as a whole


def _hours(histogram: LatencyHistogram, kept: Sequence[Span]) -> Cumulative:
    """The steps that lie wholly in a compared stretch."""
    begin, step = to_ms(histogram.start), histogram.step_seconds * 1000
    sums = [0] * (len(histogram.bounds_ms) + 1)
    for index, row in enumerate(histogram.counts):
        start = begin + index * step
        if row is not None and any(low <= start and start + step <= high for low, high in kept):
            sums = [total + n for total, n in zip(sums, row, strict=True)]
    found, below = {}, 0.0
    for bound, inside in zip((*histogram.bounds_ms, math.inf), sums, strict=True):
        below += inside
        found[bound] = below
    return found


def _side(days: Iterable[Observation], compared: Iterable[DaySums]) -> tuple[DayHistograms, ...]:
    kept = {day.day: day.kept for day in compared if day.full}
    found = []
    for day in days:
        stretches = kept.get(day.window.day, ())
        hours = {each.provider: _hours(each, stretches) for each in day.latency_histograms}
        counted = {provider: counts for provider, counts in hours.items() if counts[math.inf] > 0}
        if counted:
            found.append(DayHistograms(day.window.day, counted))
    return tuple(found)


def sides_of(before: Iterable[Observation], after: Iterable[Observation], days: Compared) -> Sides:
    """Both sides, over the same hours as the mean."""
    return Sides(_side(before, days.before), _side(after, days.after))


def pooled(days: Iterable[DayHistograms], provider: str) -> dict[float, float]:
    """All days' counts at the bounds that all of them have."""
    every = [day.providers[provider] for day in days if provider in day.providers]
    shared = sorted(set(every[0]).intersection(*every)) if every else []
    return {bound: sum(counts[bound] for counts in every) for bound in shared}


def _logs(place: Place) -> tuple[float, float, float]:
    """Lower edge, value and upper edge; infinite where there is none."""
    lower = math.log(place.lower) if place.lower > 0 else -math.inf
    return lower, math.log(place.value), math.inf if place.upper is None else math.log(place.upper)


Edges = dict[int, tuple[float, float]]  # by day: how far the lower and the upper edge lie from the value


def _blocks(
    days: Iterable[DayHistograms], shares: Mapping[str, float], share: float
) -> tuple[list[Block], Edges]:
    """One value a day at the given mix; days that lack a provider are left out."""
    found: list[Block] = []
    edges: Edges = {}
    for day in days:
        places = {p: place_of(day.providers[p], share) for p in shares if p in day.providers}
        known = {p: place for p, place in places.items() if place is not None and place.value > 0}
        if not shares or len(known) < len(shares):
            continue
        logs = {p: _logs(place) for p, place in known.items()}
        lower, value, upper = (sum(shares[p] * logs[p][i] for p in shares) for i in range(3))
        count = sum(day.providers[p][math.inf] for p in shares)
        figures: dict[str, float | int | None] = {"count": round(count)}
        for p, place in known.items():
            figures |= {
                f"{p}_ms": rounded(place.value, 3),
                f"{p}_from_ms": place.lower,
                f"{p}_to_ms": place.upper,
            }
        found.append(Block(day.day, True, value, count, figures))
        edges[day.day] = (value - lower, upper - value)
    return found, edges


def _slack(blocks: Sequence[Block], edges: Edges) -> tuple[float, float]:
    """How much lower and higher the side's mean may be for its buckets."""
    total = sum(block.weight for block in blocks)
    down, up = (sum(block.weight * edges[block.day][i] for block in blocks) / total for i in range(2))
    return down, up


def compare_percentile(
    sides: Sides, shares: Mapping[str, float], share: float, criteria: CriteriaConfig
) -> Percentile:
    """Since enabling less before, in day blocks."""
    (first, edges_before), (second, edges_after) = (
        _blocks(days, shares, share) for days in (sides.before, sides.after)
    )
    before, after = weighed(first, second)
    effect = difference(before, after)
    bounds = widest([] if effect is None else [effect], criteria)
    lower, upper = -math.inf, math.inf
    if bounds is not None:
        down_before, up_before = _slack(before, edges_before)
        down_after, up_after = _slack(after, edges_after)
        lower = bounds.lower - down_after - up_before
        upper = bounds.upper + up_after + down_before
    places = {
        p: (place_of(pooled(sides.before, p), share), place_of(pooled(sides.after, p), share)) for p in shares
    }
    return Percentile(share, before, after, bounds, lower, upper, places)


def too_coarse(found: Percentile, margin: float) -> str | None:
    """A provider in whose baseline the bucket is too wide for the margin; null: every one is narrow enough.

    The baseline alone decides, so that what happened since enabling doesn't choose its own judge.
    """
    for provider, (before, _) in found.places.items():
        if before is None or before.upper is None or before.lower <= 0:
            return provider
        if math.log(before.upper / before.lower) > P95_BUCKET_SHARE * math.log1p(margin):
            return provider
    return None


def _change(log: float | None) -> float | None:
    return None if log is None or not math.isfinite(log) else rounded(math.expm1(log))


def _place(place: Place | None) -> dict[str, Any] | None:
    if place is None:
        return None
    return {"ms": rounded(place.value, 3), "from_ms": place.lower, "to_ms": place.upper}


def percentile_evidence(found: Percentile, criteria: CriteriaConfig) -> dict[str, Any]:
    """Every number of it; a change of null is unknown, or without a limit on that side."""
    bounds = found.bounds
    return {
        "change": _change(None if bounds is None else bounds.estimate),
        "change_lower": _change(found.lower),
        "change_upper": _change(found.upper),
        "without_buckets": None
        if bounds is None
        else {"change_lower": _change(bounds.lower), "change_upper": _change(bounds.upper)},
        "intervals": [] if bounds is None else [e.as_evidence(criteria) for e in bounds.effects],
        "providers": {
            p: {"before": _place(before), "after": _place(after)}
            for p, (before, after) in found.places.items()
        },
        "blocks": {"before": blocks_shown(found.before), "after": blocks_shown(found.after)},
    }
