"""One policy on all circuits: a row of the board."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace

import numpy as np

from cbops.breaker import compiled
from cbops.breaker.checks.data import wedge_chance
from cbops.breaker.forecast.arrays import FAILURE, SUCCESS, Longs
from cbops.breaker.forecast.fleet import Fleet, Listed, listed
from cbops.breaker.forecast.judging import EXPECTED, UNEXPECTED, UNEXPLAINED, Around, classes
from cbops.breaker.forecast.opened import NEVER, Opened
from cbops.breaker.forecast.parts import Parts
from cbops.breaker.forecast.replays import Endings, Moves, Singles, by_circuit, joined
from cbops.breaker.forecast.surroundings import Surroundings, Tails
from cbops.breaker.forecast.tallies import Known
from cbops.breaker.limits import limits_of, whole_limits
from cbops.breaker.search.board import Board, median
from cbops.breaker.search.days import Days
from cbops.breaker.settings import Settings


@dataclass(slots=True)
class Row:
    """What one policy did; see `Board` for the names. Those of a day are (D,)."""

    expected: Longs
    unexpected: Longs
    unexplained: Longs
    rejected: Longs
    saved: Longs
    missed: Longs
    opened_after: int = NEVER
    closed_after: int = NEVER
    wedged: int = 0
    wedge_chance: float = 0.0

    @classmethod
    def of(cls, days: int) -> Row:
        """A row in which nothing has happened yet."""
        nothing = np.zeros((6, days), np.int64)
        return cls(nothing[0], nothing[1], nothing[2], nothing[3], nothing[4], nothing[5])


def unrecorded_share(outcomes: Longs) -> float:
    """Share of all requests, at least one, whose result is ignored or lost; a row of s, f, i and l a circuit."""
    counts = outcomes.sum(axis=0)
    return float(counts[2:].sum() / counts.sum())


class Scorer:
    """The traffic of a search, ready to be played with one policy after the other, from several threads."""

    def __init__(self, parts: Parts, known: Known, days: Days, machine: compiled.Machine | None) -> None:
        """`known` are the circuits of the parts; without a machine all is interpreted."""
        self._parts = parts = replace(parts, machine=machine)
        self._days = days
        self._machine = machine
        self._listed: Listed | None = None
        if machine is not None:
            with ThreadPoolExecutor(1) as pool:
                self._listed = listed(machine, parts, pool, 1)
        self._tails = Tails()
        self._tails.room(int(parts.codes[-1]) + 1)
        self._known = known
        self._begun = days.places(known.troubles.begins)
        self.outages = np.bincount(self._begun, minlength=len(days))
        failing = parts.arrival[parts.failures]
        self._failures = days.count(failing)
        in_outages = known.troubles.hold(parts.part_of(parts.failures), failing)
        self._stray = self._failures - days.count(failing[in_outages])
        self.unrecorded = unrecorded_share(known.outcomes)

    def score(self, settings: Settings) -> Row:
        """Play the policy on every circuit. Safe from several threads."""
        row = Row.of(len(self._days))
        probes, successes = settings.half_open_max_calls, settings.success_threshold
        row.wedge_chance = 1.0 if successes > probes else wedge_chance(probes, successes, self.unrecorded)
        denied, moves, endings = self._play(settings)
        row.wedged = int(endings.wedged(probes).sum())
        outcome, arrival = self._parts.outcome[denied], self._parts.arrival[denied]
        row.rejected = self._days.count(arrival[outcome == SUCCESS])
        row.saved = self._days.count(arrival[outcome == FAILURE])
        opened = Opened.of(moves, self._parts.codes)
        window_ms = settings.error_rate_window_seconds * 1000
        self._meet(row, opened, window_ms)
        self._judge(row, opened, window_ms)
        return row

    def _play(self, settings: Settings) -> tuple[Longs, Moves, Endings]:
        """The places denied, the transitions by circuit and then by time, and how each circuit ended."""
        limits = whole_limits(limits_of(settings))
        player: Fleet | Singles
        if self._machine is None or self._listed is None or limits is None:
            player = Singles(settings)
            denied, moves = player.feed(self._parts)
        else:
            player = Fleet(self._machine, limits)
            works, collect = player.works(self._listed)
            for work in works:
                work()
            denied, moves = collect()
        last, endings = player.finish()
        return denied, by_circuit(joined([moves, last])), endings

    def _meet(self, row: Row, opened: Opened, window_ms: float) -> None:
        """When the circuits opened in their outages, and closed after them."""
        after, closed = self._known.troubles.met(opened, window_ms)
        missed = after == NEVER
        row.missed = np.bincount(self._begun[missed], minlength=len(self._days))
        row.opened_after = median(after)
        row.closed_after = median(closed[~missed])

    def _judge(self, row: Row, opened: Opened, window_ms: float) -> None:
        """What each opening is taken to be, by day."""
        count = len(opened)
        if not count:
            return
        surroundings = Surroundings()
        place = self._parts.find(opened.circuit, opened.at)
        surroundings.feed(self._parts, self._tails, opened.circuit, place, opened.at)
        found = classes(
            Around.of(opened.window, surroundings.before[:count], surroundings.after[:count]),
            self._known.troubles.explaining(opened, window_ms) >= 0,
            self._known.thresholds[opened.circuit],
        )
        row.expected = self._days.count(opened.at[found == EXPECTED])
        row.unexpected = self._days.count(opened.at[found == UNEXPECTED])
        row.unexplained = self._days.count(opened.at[found == UNEXPLAINED])

    def board(self, rows: Sequence[Row]) -> Board:
        """The rows put together, at least one."""
        columns = {each.name: np.array([getattr(row, each.name) for row in rows]) for each in fields(Row)}
        return Board(
            **columns, through=self._failures - columns["saved"], outages=self.outages, stray=self._stray
        )
