"""Many circuits played at once by the compiled kernel: no Python between one circuit and the next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise

import numpy as np

from cbops.breaker.chunks import ROOM, Carry
from cbops.breaker.compiled import DIGIT_BITS, SORT_MOVES, Machine
from cbops.breaker.forecast.arrays import Longs, Octets, Places, grown
from cbops.breaker.forecast.parts import Parts
from cbops.breaker.forecast.replays import Endings, Moves, joined
from cbops.breaker.kernel import (
    CODE,
    KEPT,
    NUMBERS,
    PART,
    PROGRESS,
    SIZE,
)
from cbops.breaker.limits import Limits


@dataclass(frozen=True)
class Listed:
    """A chunk's requests and, from each part's begin on, its results in order of time; see `list_all`."""

    parts: Parts = field(repr=False)
    done_at: Longs = field(repr=False)
    done_of: Places = field(repr=False)
    failed: Octets = field(repr=False)
    done: Longs = field(repr=False)
    shares: tuple[tuple[int, int], ...]  # ranges of parts of about equally many requests


def listed(machine: Machine, parts: Parts, pool: Executor, workers: int) -> Listed:
    """The parts for `Fleet.feed`, put in order once for all policies."""
    size = len(parts.arrival)
    columns = (np.empty(size, np.int64), np.empty(size, np.int32), np.empty(size, np.uint8))
    found = Listed(parts, *columns, np.zeros(len(parts), np.int64), _shares(parts, workers))
    run_all(pool, [partial(_list, machine, found, *share) for share in found.shares])
    return found


def _list(machine: Machine, found: Listed, begin: int, end: int) -> None:
    parts = found.parts
    longest = int((parts.ends - parts.starts)[begin:end].max())
    machine.list_all(
        parts.edges,
        parts.arrival,
        parts.latency,
        parts.outcome,
        found.done_at,
        found.done_of,
        found.failed,
        found.done,
        np.empty(longest, np.int64),
        np.empty(longest, np.int32),
        np.empty(1 << DIGIT_BITS, np.int64),
        SORT_MOVES,
        begin,
        end,
    )


def _shares(parts: Parts, workers: int) -> tuple[tuple[int, int], ...]:
    aims = len(parts.arrival) * np.arange(1, workers) // workers
    cuts = np.searchsorted(parts.edges, aims).tolist()
    return tuple(pair for pair in pairwise(sorted({0, *cuts, len(parts)})))


def run_all(pool: Executor, works: Sequence[Callable[[], object]]) -> None:
    """Side by side; the first in this thread."""
    futures: list[Future[object]] = [pool.submit(work) for work in works[1:]]
    for work in works[:1]:
        work()
    for future in futures:
        future.result()


@dataclass(slots=True)
class _Told:
    """What one range of circuits did in a chunk."""

    kept_at: Longs
    kept_failed: Octets
    kept: int = 0
    moves: list[Moves] = field(default_factory=list)


class Fleet:
    """One policy on many circuits; see `Replays`. Between chunks it holds what a `Carry` holds of each."""

    def __init__(self, machine: Machine, limits: Limits) -> None:
        self._machine = machine
        self._limits = limits
        self._asked = np.zeros(0, np.bool_)
        self._numbers: Longs = np.zeros((0, NUMBERS), np.int64)
        self._recorded: Longs = np.zeros(0, np.int64)
        self._kept: Longs = np.zeros(0, np.int64)
        self._at: Longs = np.zeros(0, np.int64)
        self._failed: Octets = np.zeros(0, np.uint8)

    def adopt(self, carries: Mapping[int, Carry]) -> None:
        """Go on from circuits that were played in another way so far."""
        self._room(max(carries, default=-1) + 1)
        at, failed = [self._at], [self._failed]
        for code, carry in sorted(carries.items()):
            self._asked[code] = True
            self._numbers[code] = carry.numbers
            self._recorded[code], self._kept[code] = carry.recorded, len(carry.at)
            at.append(np.array(carry.at, np.int64))
            failed.append(np.array(carry.failed, np.uint8))
        self._at, self._failed = np.concatenate(at), np.concatenate(failed)

    def works(self, chunk: Listed) -> tuple[list[Callable[[], None]], Callable[[], tuple[Longs, Moves]]]:
        """What is to be done for a chunk, side by side, and then: the places denied, and the transitions."""
        parts = chunk.parts
        self._room(int(parts.codes[-1]) + 1)
        self._asked[parts.codes] = True
        denied = np.zeros(len(parts.arrival), np.uint8)
        works, tolds = self._split(chunk, denied, drain=False)

        def collect() -> tuple[Longs, Moves]:
            return np.flatnonzero(denied), self._collect(tolds)

        return works, collect

    def finish(self) -> tuple[Moves, Endings]:
        """Record what is still out."""
        codes = np.flatnonzero(self._asked).astype(np.int32)
        longs = np.empty(0, np.int64)
        parts = Parts(codes, np.zeros(len(codes) + 1, np.int64), longs, longs, np.empty(0, np.uint8))
        nothing = Listed(
            parts,
            longs,
            np.empty(0, np.int32),
            np.empty(0, np.uint8),
            np.zeros(len(codes), np.int64),
            ((0, len(codes)),),
        )
        works, tolds = self._split(nothing, np.zeros(0, np.uint8), drain=True)
        for work in works:
            work()
        moves = self._collect(tolds)
        return moves, Endings(codes.astype(np.int64), self._numbers[codes])

    def _room(self, circuits: int) -> None:
        self._asked, self._numbers = grown(self._asked, circuits), grown(self._numbers, circuits)
        self._recorded, self._kept = grown(self._recorded, circuits), grown(self._kept, circuits)

    def _split(
        self, chunk: Listed, denied: Octets, *, drain: bool
    ) -> tuple[list[Callable[[], None]], list[_Told]]:
        """Each share of the parts, with the circuits up to the next share's first."""
        edges = np.concatenate((np.zeros(1, np.int64), np.cumsum(self._kept)))
        codes = [0, *(int(chunk.parts.codes[begin]) for begin, _ in chunk.shares[1:]), len(self._kept)]
        works: list[Callable[[], None]] = []
        tolds = []
        for share, circuits in zip(chunk.shares, pairwise(codes), strict=True):
            carried = int(edges[circuits[1]] - edges[circuits[0]])
            room = carried + int(chunk.done[slice(*share)].sum())
            told = _Told(np.empty(room, np.int64), np.empty(room, np.uint8))
            tolds.append(told)
            works.append(partial(self._play, chunk, denied, edges, share, circuits, told, drain))
        return works, tolds

    def _play(  # noqa: PLR0917 - one call, made up in one place
        self,
        chunk: Listed,
        denied: Octets,
        edges: Longs,
        share: tuple[int, int],
        circuits: tuple[int, int],
        told: _Told,
        drain: bool,
    ) -> None:
        parts = chunk.parts
        most = chunk.done[slice(*share)] + self._kept[parts.codes[slice(*share)]]
        longest = int(most.max()) if len(most) else 0
        work = (np.empty(longest, np.int64), np.empty(longest, np.int32), np.empty(longest, np.uint8))
        moved = _moves_room()
        progress = np.zeros(PROGRESS, np.int64)
        progress[PART], progress[SIZE], progress[CODE] = share[0], -1, circuits[0]
        count = ROOM
        while count == ROOM:
            count = self._machine.advance_all(
                parts.codes,
                parts.edges,
                parts.arrival,
                chunk.done_at,
                chunk.done_of,
                chunk.failed,
                chunk.done,
                denied,
                self._at,
                self._failed,
                edges,
                self._recorded,
                *work,
                told.kept_at,
                told.kept_failed,
                self._kept,
                moved.circuit,
                moved.at,
                moved.why,
                moved.results,
                moved.failures,
                self._numbers,
                progress,
                share[1],
                circuits[1],
                drain,
                *self._limits,
            )
            told.moves.append(_first(moved, count))
        told.kept = int(progress[KEPT])

    def _collect(self, tolds: Sequence[_Told]) -> Moves:
        self._at = np.concatenate([told.kept_at[: told.kept] for told in tolds])
        self._failed = np.concatenate([told.kept_failed[: told.kept] for told in tolds])
        return joined([moves for told in tolds for moves in told.moves])


def _moves_room() -> Moves:
    return Moves(
        np.empty(ROOM, np.int32),
        np.empty(ROOM, np.int64),
        np.empty(ROOM, np.uint8),
        np.empty(ROOM, np.int64),
        np.empty(ROOM, np.int64),
    )


def _first(moves: Moves, count: int) -> Moves:
    return Moves(
        moves.circuit[:count].copy(),
        moves.at[:count].copy(),
        moves.why[:count].copy(),
        moves.results[:count].copy(),
        moves.failures[:count].copy(),
    )
