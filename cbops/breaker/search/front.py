"""The Pareto front: the policies that none other beats in every objective."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cbops.breaker.search.board import Floats

Flags = NDArray[np.bool_]


def front(objectives: Floats) -> Flags:
    """Which rows are on the front; a row is a policy, a column an objective of which less is better.

    A row is beaten by one that is nowhere worse and somewhere better; equal rows stay or go together. Unknown
    is infinite, never NaN. The order of the rows plays no part.
    """
    if not len(objectives):
        return np.zeros(0, np.bool_)
    rows, places = np.unique(objectives, axis=0, return_inverse=True)
    # In lexical order, what beats a row stands before it, and if anything does then something on the front does.
    best = np.empty_like(rows)
    kept: list[int] = []
    for place, row in enumerate(rows):
        if not (best[: len(kept)] <= row).all(axis=1).any():
            best[len(kept)] = row
            kept.append(place)
    found = np.zeros(len(rows), np.bool_)
    found[kept] = True
    return found[places.reshape(-1)]
