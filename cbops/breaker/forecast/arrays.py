"""Columns of NumPy, by what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from cbops.model.base import from_ms

Longs = NDArray[np.int64]
Places = NDArray[np.int32]
Octets = NDArray[np.uint8]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

Number = TypeVar("Number", bound=np.generic)

SUCCESS, FAILURE, IGNORED, LOST = (ord(letter) for letter in "sfil")

# An outcome's letter as its place in s, f, i, l.
KIND: Octets = np.zeros(256, np.uint8)
KIND[[SUCCESS, FAILURE, IGNORED, LOST]] = range(4)


def column(given: Sequence[int], kind: type[Number]) -> NDArray[Number]:
    """What was given as a column of this kind, shared where it is one already."""
    if len(given) == 0:
        return np.empty(0, kind)
    if isinstance(given, bytes | bytearray):
        given = memoryview(given)
    return np.require(given, kind, ["C", "A"])


def grown(rows: NDArray[Number], size: int) -> NDArray[Number]:
    """The rows, with zeros behind them up to `size` rows; the same object where there are enough."""
    if len(rows) >= size:
        return rows
    room = max(size, 2 * len(rows))
    found = np.zeros((room, *rows.shape[1:]), rows.dtype)
    found[: len(rows)] = rows
    return found


def by_kind(outcome: Octets, owner: NDArray[Any] | int, owners: int) -> Longs:
    """How many of s, f, i and l each owner has: (owners, 4)."""
    return np.bincount(KIND[outcome] + 4 * np.asarray(owner, np.int64), minlength=4 * owners).reshape(-1, 4)


def find(edges: Longs, times: Longs, part: Longs, wanted: Longs) -> Longs:
    """For each pair the place of the part's first time that is the wanted one or later; a part's times ascend.

    The part `i` is `edges[i]` to `edges[i + 1]` of the times.
    """
    low, high = edges[part], edges[part + 1]
    while True:
        going = low < high
        if not going.any():
            return low
        middle = (low + high) >> 1
        # Where the search has ended, the place may lie behind the last one.
        less = going & (times[np.minimum(middle, len(times) - 1)] < wanted)
        low = np.where(less, middle + 1, low)
        high = np.where(going & ~less, middle, high)


def instants(times: Longs) -> list[datetime]:
    """`from_ms` of each."""
    epoch = from_ms(0)
    return [epoch + each for each in times.astype("timedelta64[ms]").tolist()]
