"""What every policy did, in columns: a row a policy, a column a day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cbops.breaker.forecast.opened import NEVER

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Board:
    """The figures of P policies over D days.

    (P, D): `expected`, `unexpected` and `unexplained` opens by the day of the opening; `rejected`, `saved` and
    `through` requests by the day of their arrival; outages `missed` by the day in which they began, of which
    there were `outages` (D,). `stray` (D,) are the failing requests outside any outage, by the day of their arrival:
    no breaker is there for them. (P,): `opened_after` and `closed_after`, upper medians over the outages in
    milliseconds, NEVER counted as the worst; `wedged` circuits and `wedge_chance`.
    """

    expected: Counts
    unexpected: Counts
    unexplained: Counts
    rejected: Counts
    saved: Counts
    through: Counts
    missed: Counts
    outages: Counts
    stray: Counts
    opened_after: Counts
    closed_after: Counts
    wedged: Counts
    wedge_chance: Floats

    @property
    def days(self) -> int:
        """How many days the traffic has."""
        return len(self.outages)


@dataclass(frozen=True, slots=True)
class Figures:
    """A figure a policy, of all days or of a draw of them: opens that no outage explains, requests, outages missed.

    `outages` is how many there were to miss, `stray` how many failing requests had no outage around them.
    """

    opens: Counts
    rejected: Counts
    through: Counts
    missed: Counts
    outages: int
    stray: int

    @property
    def wrong(self) -> Counts:
        """Requests that got the wrong treatment: failing ones let through and good ones rejected."""
        return self.rejected + self.through


def figures(board: Board, drawn: Counts | None = None) -> Figures:
    """The figures over the days drawn (places of days, each as often as it comes); without: over all days."""
    times = np.ones(board.days, np.int64) if drawn is None else np.bincount(drawn, minlength=board.days)
    return Figures(
        opens=(board.unexpected + board.unexplained) @ times,
        rejected=board.rejected @ times,
        through=board.through @ times,
        missed=board.missed @ times,
        outages=int(board.outages @ times),
        stray=int(board.stray @ times),
    )


def median(after: Counts) -> int:
    """The upper median, NEVER counted as the worst; NEVER of nothing."""
    if not len(after):
        return NEVER
    place = len(after) // 2
    return int(np.partition(after, place)[place])
