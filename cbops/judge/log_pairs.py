"""Logged transitions and the scrape intervals that counted them, paired: as many as can be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush

from cbops.model.base import to_ms
from cbops.model.observation import Observation
from cbops.model.telemetry import LoggedTransition

# A log's clock and the server's may be this far apart (ms).
CLOCKS_MS = 2_000


@dataclass(slots=True)
class Counted:
    """Transitions to one state that one scrape interval showed; `certain`: the logs cover all of it."""

    day: Observation
    instance: str
    after: int
    at: int
    left: int
    certain: bool


def paired(
    mine: Sequence[LoggedTransition], counted: Sequence[Counted], ahead: int
) -> Iterator[tuple[LoggedTransition, Counted | None]]:
    """Each with the interval that shows it, as many as can be. Those of a router that the counters know by the same
    name look among its own, the others afterwards among all.
    """
    known = {one.instance for one in counted}
    by_name: dict[str, list[LoggedTransition]] = {}
    others = []
    for told in mine:
        if told.instance is not None and told.instance in known:
            by_name.setdefault(told.instance, []).append(told)
        else:
            others.append(told)
    for name, told_of in by_name.items():
        yield from _earliest_end(told_of, [one for one in counted if one.instance == name], ahead)
    yield from _earliest_end(others, counted, ahead)


def _earliest_end(
    mine: Sequence[LoggedTransition], counted: Sequence[Counted], ahead: int
) -> Iterator[tuple[LoggedTransition, Counted | None]]:
    """In order of time each takes, of the intervals that hold it, the one that ends first: no choice leaves more."""
    waiting = sorted(counted, key=lambda one: one.after, reverse=True)
    holds: list[tuple[int, int, Counted]] = []
    for told in sorted(mine, key=lambda one: one.at):
        at = to_ms(told.at) - ahead
        while waiting and waiting[-1].after - CLOCKS_MS <= at:
            one = waiting.pop()
            heappush(holds, (one.at, id(one), one))
        while holds and (holds[0][0] + CLOCKS_MS < at or not holds[0][2].left):
            heappop(holds)
        shown = holds[0][2] if holds else None
        if shown is not None:
            shown.left -= 1
        yield told, shown
