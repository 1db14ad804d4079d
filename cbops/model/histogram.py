"""Where a percentile lies in a cumulative histogram: certain is only the bucket."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isfinite
from typing import NamedTuple


class Place(NamedTuple):
    """A percentile, linear inside its bucket; `upper` null: above the highest finite bound, which is `value`."""

    lower: float
    upper: float | None
    value: float


def place_of(buckets: Mapping[float, float], share: float) -> Place | None:
    """The place of the percentile of that share (0 to 1).

    `buckets`: cumulative counts by upper bound, ascending, with +Inf. Null without any result or without a
    finite bound.
    """
    total = buckets.get(inf, 0.0)
    finite = [bound for bound in buckets if isfinite(bound)]
    if total <= 0 or not finite:
        return None
    rank, below, lower = share * total, 0.0, 0.0
    for bound in finite:
        inside = buckets[bound]
        if inside >= rank and inside > below:
            return Place(lower, bound, lower + (bound - lower) * (rank - below) / (inside - below))
        below, lower = inside, bound
    return Place(finite[-1], None, finite[-1])
