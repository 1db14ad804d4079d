"""The rule by which one policy is chosen, as numbers; in words it stands in `RULE` and in docs/tuning.md."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from operator import ne

import numpy as np
from numpy.typing import NDArray

from cbops.breaker.checks.surroundings import Band
from cbops.breaker.search.board import Board, Figures, Floats
from cbops.breaker.search.front import Flags, front
from cbops.breaker.search.space import WEDGE_CHANCE, Candidate, distance

# By how many per cent two policies may differ and still count as alike.
OPENS_ALIKE = 10
WRONG_ALIKE = 5

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
        f"alike), and up to {WRONG_ALIKE} % more, or twice the square root, as chance alone may make; calls that fail outside any "
        "outage count towards neither."
    ),
    (
        "If the live policy is among those that are left, it stays; otherwise, of those that none of them beats in "
        "everything, the nearest to the band's usual values; among equals the one that changes the fewest fields."
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
    """The order among equals: the current policy, then by distance from the band, by how many fields differ from the
    current policy, and by the numbers themselves.
    """
    now = candidates[current].numbers
    keys = [
        (
            place != current,
            distance(candidate.settings, band),
            sum(map(ne, candidate.numbers, now)),
            candidate.numbers,
        )
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
    quiet = _fewest_opens(catching, seen)
    alike = _fewest_wrong(quiet, seen)
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


def _fewest_opens(left: Flags, seen: Figures) -> Flags:
    """Of those left, the ones with the fewest opens that no outage explains, and nearly so few."""
    least = int(seen.opens[left].min())
    return left & (seen.opens <= least + least * OPENS_ALIKE // 100)


def _fewest_wrong(left: Flags, seen: Figures) -> Flags:
    """Of those left, the ones with the fewest requests treated wrongly, and nearly so few.

    No breaker prevents the failures outside outages: where these are many, a share of all would make every policy alike.
    """
    least = int(seen.wrong[left].min())
    avoidable = max(0, least - seen.stray)
    return left & (seen.wrong <= least + max(avoidable * WRONG_ALIKE // 100, isqrt(4 * avoidable)))
