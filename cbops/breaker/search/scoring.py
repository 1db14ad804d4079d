"""One policy on all circuits: a row of the board."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace

import numpy as np

from cbops.breaker import compiled
from cbops.breaker.checks.data import wedge_chance
from cbops.breaker.forecast.arrays import FAILURE, SUCCESS, Longs
from cbops.breaker.forecast.circuit import Known
from cbops.breaker.forecast.fleet import Fleet, Listed, listed
from cbops.breaker.forecast.outages import failing_threshold
from cbops.breaker.forecast.parts import Parts
from cbops.breaker.forecast.replays import Moves, Singles, joined
from cbops.breaker.forecast.surroundings import Surroundings, Tails
from cbops.breaker.kernel import BY_RATE, BY_SUCCESSES
from cbops.breaker.limits import limits_of, whole_limits
from cbops.breaker.result import Ending
from cbops.breaker.search.board import NEVER, Board, median
from cbops.breaker.search.days import Days
from cbops.breaker.search.judging import EXPECTED, UNEXPECTED, UNEXPLAINED, Opened, Outages, classes, within
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
    opened_after: int = int(NEVER)
    closed_after: int = int(NEVER)
    wedged: int = 0
    wedge_chance: float = 0.0

    @classmethod
    def of(cls, days: int) -> Row:
        """A row in which nothing has happened yet."""
        nothing = np.zeros((6, days), np.int64)
        return cls(nothing[0], nothing[1], nothing[2], nothing[3], nothing[4], nothing[5])


def unrecorded_share(known: Sequence[Known]) -> float:
    """Share of all requests, at least one, whose result is ignored or lost."""
    counts = np.sum([one.outcomes for one in known], axis=0)
    return float(counts[2:].sum() / counts.sum())


@dataclass(frozen=True, slots=True)
class _Opened:
    """The openings of all circuits, by part and then by time; `closed` is NEVER where it stayed open."""

    part: Longs
    at: Longs
    closed: Longs
    window: Longs  # (results, failures) in the window

    def of(self, part: int) -> slice:
        """Those of one part."""
        begin, end = np.searchsorted(self.part, (part, part + 1))
        return slice(int(begin), int(end))


class Scorer:
    """The traffic of a search, ready to be played with one policy after the other, from several threads."""

    def __init__(
        self, parts: Parts, known: Sequence[Known], days: Days, machine: compiled.Machine | None
    ) -> None:
        """`known` are the circuits of the parts, in their order; without a machine all is interpreted."""
        self._parts = parts = replace(parts, machine=machine)
        self._days = days
        self._machine = machine
        self._listed: Listed | None = None
        if machine is not None:
            with ThreadPoolExecutor(1) as pool:
                self._listed = listed(machine, parts, pool, 1)
        self._tails = Tails()
        self._tails.room(int(parts.codes[-1]) + 1)
        self._thresholds = np.array([failing_threshold(one.usual) for one in known])
        self._hit = {part: Outages.of(one.troubles) for part, one in enumerate(known) if one.troubles}
        self._begun = {part: days.places(each.begins) for part, each in self._hit.items()}
        begun = np.concatenate([np.empty(0, np.int64), *self._begun.values()])
        self.outages = np.bincount(begun, minlength=len(days))
        self._failures = days.count(parts.arrival[parts.failures])
        self._stray = self._failures - self._in_outages()
        self.unrecorded = unrecorded_share(known)

    def _in_outages(self) -> Longs:
        """The failing requests of each day that arrived in an outage of their circuit."""
        found = np.zeros(len(self._days), np.int64)
        parts = self._parts
        for part, outages in self._hit.items():
            rows = slice(int(parts.edges[part]), int(parts.edges[part + 1]))
            failing = parts.arrival[rows][parts.outcome[rows] == FAILURE]
            found += self._days.count(failing[within(failing, outages.begins, outages.ends)])
        return found

    def score(self, settings: Settings) -> Row:
        """Play the policy on every circuit. Safe from several threads."""
        row = Row.of(len(self._days))
        probes, successes = settings.half_open_max_calls, settings.success_threshold
        row.wedge_chance = 1.0 if successes > probes else wedge_chance(probes, successes, self.unrecorded)
        denied, moves, endings = self._play(settings)
        row.wedged = sum(
            each.state == "half_open" and each.half_open_calls >= probes for each in endings.values()
        )
        outcome, arrival = self._parts.outcome[denied], self._parts.arrival[denied]
        row.rejected = self._days.count(arrival[outcome == SUCCESS])
        row.saved = self._days.count(arrival[outcome == FAILURE])
        opened = self._openings(moves)
        self._meet(row, opened, settings)
        self._judge(row, opened, settings)
        return row

    def _play(self, settings: Settings) -> tuple[Longs, Moves, Mapping[int, Ending]]:
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
        both = joined([moves, last])
        order = np.argsort(both.circuit, kind="stable")
        moves = Moves(
            both.circuit[order], both.at[order], both.why[order], both.results[order], both.failures[order]
        )
        return denied, moves, endings

    def _openings(self, moves: Moves) -> _Opened:
        opens = np.flatnonzero(moves.why <= BY_RATE)
        closes = np.flatnonzero(moves.why == BY_SUCCESSES)
        # A close belongs to the last opening before it, of the same circuit as every transition between.
        closed = np.full(len(opens), NEVER, np.int64)
        closed[np.searchsorted(opens, closes) - 1] = moves.at[closes]
        window = np.stack((moves.results[opens], moves.failures[opens]), axis=1)
        part = np.searchsorted(self._parts.codes, moves.circuit[opens])
        return _Opened(part, moves.at[opens], closed, window)

    def _meet(self, row: Row, opened: _Opened, settings: Settings) -> None:
        """When the circuits opened in their outages, and closed after them."""
        window_ms = settings.error_rate_window_seconds * 1000
        after, closed = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
        for part, outages in self._hit.items():
            mine = opened.of(part)
            opens, closes = _met(outages, opened.at[mine], opened.closed[mine], window_ms)
            after.append(opens)
            closed.append(closes[opens != NEVER])
            row.missed += np.bincount(self._begun[part][opens == NEVER], minlength=len(self._days))
        row.opened_after = median(np.concatenate(after))
        row.closed_after = median(np.concatenate(closed))

    def _judge(self, row: Row, opened: _Opened, settings: Settings) -> None:
        """What each opening is taken to be, by day."""
        if not len(opened.at):
            return
        around = Surroundings()
        place = self._parts.find(opened.part, opened.at)
        around.feed(self._parts, self._tails, opened.part, place, opened.at)
        count = len(opened.at)
        explained = np.zeros(count, np.bool_)
        for part, outages in self._hit.items():
            mine = opened.of(part)
            explained[mine] = outages.explain(opened.at[mine], settings.error_rate_window_seconds * 1000)
        found = classes(
            Opened(opened.window, around.before[:count], around.after[:count]),
            explained,
            self._thresholds[opened.part],
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


def _met(outages: Outages, at: Longs, closed: Longs, window_ms: float) -> tuple[Longs, Longs]:
    """For each outage: after how many ms the circuit opened in it, and closed after it; NEVER where it didn't.

    The same as `CircuitForecast.outages` tells.
    """
    never = np.full(len(outages), NEVER, np.int64)
    if not len(at):
        return never, never
    begins, ends, until = outages.begins, outages.ends, outages.reach(window_ms)
    first = np.searchsorted(at, begins)
    # Open when it began.
    first -= (first > 0) & (closed[first - 1] > begins)
    last = np.searchsorted(at, until, side="right")
    met = last > first
    after = np.where(met, np.maximum(0, at[np.minimum(first, len(at) - 1)] - begins), NEVER)
    close = closed[np.maximum(last, 1) - 1]
    return after, np.where(met & (close != NEVER), np.maximum(0, close - ends), NEVER)
