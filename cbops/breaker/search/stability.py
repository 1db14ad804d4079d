"""How stable a choice is: the rule applied again to days drawn with replacement, and a look at the neighbours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cbops.breaker.forecast.opened import NEVER
from cbops.breaker.search.board import Board, figures
from cbops.breaker.search.rule import Order, choose
from cbops.breaker.search.space import Candidate, steps_away
from cbops.model.space import Number, SearchSpace
from cbops.model.tuning import Neighbour, Stability, Winner

WINNERS = 5


@dataclass(frozen=True, slots=True)
class Step:
    """A scored policy one step away: the field, its value there, the policy's place."""

    field: str
    value: Number
    place: int


def steps(space: SearchSpace, candidates: Sequence[Candidate], chosen: int) -> tuple[Step, ...]:
    """The scored policies one step away from the chosen one, in the order of the fields."""
    places: Mapping[tuple[Number, ...], int] = {each.numbers: place for place, each in enumerate(candidates)}
    away = steps_away(space, candidates[chosen])
    return tuple(Step(name, value, places[numbers]) for name, value, numbers in away if numbers in places)


def resampled(
    board: Board,
    order: Order,
    candidates: Sequence[Candidate],
    *,
    chosen: int,
    current: int,
    near: Sequence[Step],
    resamples: int,
    generator: np.random.Generator,
    seed: int,
) -> Stability | None:
    """Draw the days so many times and count who is chosen; null for a single day, which can't be drawn anew."""
    if board.days < 2:
        return None
    wins = np.zeros(len(candidates), np.int64)
    for drawn in _draws(board.days, resamples, generator):
        seen = figures(board, drawn)
        if seen.outages:
            wins[choose(board, seen, order).chosen] += 1
    judged = int(wins.sum())
    close = sorted({chosen, *(step.place for step in near)})
    best = sorted(np.flatnonzero(wins).tolist(), key=lambda place: (-wins[place], order.rank[place]))[
        :WINNERS
    ]
    return Stability(
        days=board.days,
        resamples=resamples,
        judged=judged,
        seed=seed,
        same=_share(wins[chosen], judged),
        near=_share(wins[close].sum(), judged),
        live=_share(wins[current], judged),
        winners=tuple(
            Winner(block=candidates[place].block, share=round(float(wins[place]) / judged, 4))
            for place in best
        ),
    )


def neighbours(board: Board, chosen: int, near: Sequence[Step]) -> tuple[Neighbour, ...]:
    """What one step away costs or brings, figure by figure."""
    seen = figures(board)
    after = board.opened_after

    def later(place: int) -> int | None:
        return None if NEVER in (after[place], after[chosen]) else int(after[place] - after[chosen])

    return tuple(
        Neighbour(
            field=step.field,
            value=step.value,
            needless_opens=int(seen.opens[step.place] - seen.opens[chosen]),
            rejected=int(seen.rejected[step.place] - seen.rejected[chosen]),
            failed_through=int(seen.through[step.place] - seen.through[chosen]),
            outages_missed=int(seen.missed[step.place] - seen.missed[chosen]),
            opened_after_ms=later(step.place),
            wedge_chance=round(float(board.wedge_chance[step.place] - board.wedge_chance[chosen]), 6),
        )
        for step in near
    )


def _draws(days: int, resamples: int, generator: np.random.Generator) -> Iterator[np.ndarray]:
    for _ in range(resamples):
        yield generator.integers(days, size=days)


def _share(part: int, whole: int) -> float | None:
    return round(float(part) / whole, 4) if whole else None
