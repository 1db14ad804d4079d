"""Boards of a search made by hand, and traffic for one."""

from __future__ import annotations

import numpy as np

from cbops.breaker import resolve
from cbops.breaker.checks.surroundings import LOW
from cbops.breaker.forecast.opened import NEVER
from cbops.breaker.search.board import Board
from cbops.breaker.search.recommend import Field
from cbops.breaker.search.rule import order_of
from cbops.breaker.search.space import Candidate
from cbops.model.policy import CANARY_BLOCK

ONE_DAY = ("expected", "unexpected", "unexplained", "rejected", "saved", "through", "missed")


def board(*rows, outages=(1,), stray=0) -> Board:
    """A policy a row: figures by name, a number for one day or one number a day; what is left out is 0."""
    days = len(outages)

    def column(name):
        return np.array([np.broadcast_to(row.get(name, 0), (days,)) for row in rows], np.int64).reshape(
            -1, days
        )

    def each(name, default, kind):
        return np.array([row.get(name, default) for row in rows], kind)

    return Board(
        **{name: column(name) for name in ONE_DAY},
        outages=np.array(outages, np.int64),
        stray=np.broadcast_to(np.int64(stray), (days,)),
        opened_after=each("opened_after", NEVER, np.int64),
        closed_after=each("closed_after", NEVER, np.int64),
        wedged=each("wedged", 0, np.int64),
        wedge_chance=each("wedge_chance", 0.0, np.float64),
    )


def candidate(*roles, in_space=True, **fields) -> Candidate:
    block = {**CANARY_BLOCK, **fields}
    return Candidate(block, resolve(block), roles, in_space)


def field(made: Board, *candidates: Candidate, band=LOW) -> Field:
    """The first candidate is the live policy; the usual one is who has that role, else the first too."""
    usual = next((place for place, each in enumerate(candidates) if "usual" in each.roles), 0)
    return Field(made, candidates, order_of(candidates, 0, band), 0, usual, "live")
