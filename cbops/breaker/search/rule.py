"""The rule by which one policy is chosen, as numbers; in words it stands in `RULE` and in docs/tuning.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cbops.breaker.checks.surroundings import Band
from cbops.breaker.search.board import Board, Figures, Floats
from cbops.breaker.search.front import Flags, front
from cbops.breaker.search.space import Candidate, distance

# The most that a chance of a wedge in one recovery may be, where any policy has less.
WEDGE_CHANCE = 0.01
# By how many per cent two policies may differ and still count as alike.
OPENS_ALIKE = 10
WRONG_ALIKE = 1

RULE = (
    (
        f"No circuit ends half-open for ever, and a recovery does so with a chance of at most {100 * WEDGE_CHANCE:g} %; "
        "where no policy keeps to that, the smallest chance."
    ),
    (
        "No more outages are missed than the better of the live policy and the middle of the band misses; where no policy "
        "keeps to that, the fewest."
    ),
    f"Then the fewest opens that no outage explains, and up to {OPENS_ALIKE} % more.",
    (
        "Of these the fewest requests that get the wrong treatment (failing calls let through and good calls rejected, counted "
        f"alike), and up to {WRONG_ALIKE} % more."
    ),
    (
        "If the live policy is among those that are left, it stays; otherwise, of those that none of them beats in "
        "everything, the nearest to the band's usual values."
    ),
)


@dataclass(frozen=True, slots=True)
class Order:
    """What the rule needs besides the figures; the places are those of the candidates.

    `eligible`: in the space, or the policy that is live. `standards` are the places of the live (or base) and the
    usual policy, `rank` says who comes first among equals.
    """

    eligible: Flags
    current: int
    standards: tuple[int, ...]
    rank: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Choice:
    """Who is left after each step of the rule, and who is chosen."""

    safe: Flags
    catching: Flags
    quiet: Flags
    alike: Flags
    chosen: int


def order_of(candidates: Sequence[Candidate], current: int, band: Band) -> Order:
    """The order among equals: the current policy, then by distance from the band, then by the numbers themselves."""
    keys = [
        (place != current, distance(candidate.settings, band), candidate.numbers)
        for place, candidate in enumerate(candidates)
    ]
    rank = np.empty(len(candidates), np.int64)
    rank[sorted(range(len(candidates)), key=keys.__getitem__)] = np.arange(len(candidates))
    eligible = np.array(
        [each.in_space or place == current for place, each in enumerate(candidates)], np.bool_
    )
    standards = tuple(
        place for place, each in enumerate(candidates) if place == current or "usual" in each.roles
    )
    return Order(eligible, current, standards, rank)


def choose(board: Board, seen: Figures, order: Order) -> Choice:
    """Apply the rule to at least one eligible policy."""
    safe = order.eligible & (board.wedged == 0) & (board.wedge_chance <= WEDGE_CHANCE)
    if not safe.any():
        risk = np.where(order.eligible, board.wedged + board.wedge_chance, np.inf)
        safe = risk == risk.min()
    allowed = min((int(seen.missed[place]) for place in order.standards), default=0)
    catching = safe & (seen.missed <= max(allowed, int(seen.missed[safe].min())))
    quiet = _within(catching, seen.opens, OPENS_ALIKE)
    alike = _within(quiet, seen.wrong, WRONG_ALIKE)
    places = np.flatnonzero(alike)
    if not alike[order.current]:
        places = places[front(objectives(board, seen)[places])]
    return Choice(safe, catching, quiet, alike, int(places[order.rank[places].argmin()]))


def objectives(board: Board, seen: Figures) -> Floats:
    """A row a policy, in the order of `OBJECTIVES`; a wedge that was seen is worse than any chance of one."""
    columns = (
        seen.opens,
        seen.rejected,
        seen.through,
        seen.missed,
        board.opened_after,
        board.wedged + board.wedge_chance,
    )
    return np.stack([column.astype(np.float64) for column in columns], axis=1)


def _within(left: Flags, figure: NDArray[np.int64], percent: int) -> Flags:
    """Of those left, the ones with the least of this figure and up to so many per cent more."""
    least = int(figure[left].min())
    return left & (figure <= least + least * percent // 100)
