"""The states of circuits over time, as far as the samples tell them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from cbops.model.base import to_ms
from cbops.model.observation import Observation, State, Transition


@dataclass(frozen=True, slots=True)
class Band:
    """A circuit was in that state from `start` to `end` (ms), by what each scrape showed last; otherwise it was closed."""

    provider: str
    start: int
    end: int
    state: Literal["open", "half_open"]


def bands(seen: Sequence[Observation], episodes: Collection[tuple[str, int, int]]) -> tuple[Band, ...]:
    """The times in which circuits weren't closed: (provider, from, to) of each episode.

    Inside of one they are open, apart from where the transitions of a single router instance leave no doubt that
    a scrape found the circuit half-open.
    """
    found = [
        part
        for provider, start, end in sorted(episodes)
        for part in _parted(provider, start, end, _half_open(seen, provider))
    ]
    return tuple(found)


def _parted(provider: str, start: int, end: int, halves: Sequence[tuple[int, int]]) -> list[Band]:
    parts: list[Band] = []
    at = start
    for first, last in halves:
        begin, until = max(first, at), min(last, end)
        if begin >= until:
            continue
        if begin > at:
            parts.append(Band(provider, at, begin, "open"))
        parts.append(Band(provider, begin, until, "half_open"))
        at = until
    if at < end:
        parts.append(Band(provider, at, end, "open"))
    return parts


def _half_open(seen: Sequence[Observation], provider: str) -> list[tuple[int, int]]:
    """From the scrape that found the circuit half-open to the next one with a transition."""
    found: list[tuple[int, int]] = []
    for day in seen:
        moves = sorted(
            (each for each in day.transitions if each.provider == provider), key=lambda each: each.at
        )
        if len({each.instance for each in moves}) > 1:
            continue
        now: State | None = day.state_at_start.get(provider)
        since: int | None = None
        for at, group in groupby(moves, key=lambda each: to_ms(each.at)):
            if since is not None:
                found.append((since, at))
            now = _after(now, tuple(group))
            since = at if now == "half_open" else None
        if since is not None:
            found.append((since, to_ms(day.window.end)))
    return found


def _after(before: State | None, moves: tuple[Transition, ...]) -> State | None:
    """The state that a walk over these transitions ends in; null where that isn't certain.

    A walk enters the state that it ends in once more than it leaves it, and leaves the one that it began in once more
    than it enters it.
    """
    if len(moves) == 1 and moves[0].count == 1:
        return moves[0].target
    balance: dict[State, int] = {}
    for move in moves:
        if move.source is None:
            return None
        balance[move.target] = balance.get(move.target, 0) + move.count
        balance[move.source] = balance.get(move.source, 0) - move.count
    ends = [state for state, count in balance.items() if count > 0]
    return ends[0] if len(ends) == 1 else before if not ends else None
