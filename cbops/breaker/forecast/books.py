"""What one policy did, written up chunk by chunk: counts, openings and what surrounded them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cbops.breaker.forecast.arrays import Longs, by_kind, grown
from cbops.breaker.forecast.histogram import Histogram
from cbops.breaker.forecast.parts import Parts
from cbops.breaker.forecast.replays import Moves, by_circuit, joined
from cbops.breaker.forecast.surroundings import Surroundings, Tails
from cbops.breaker.kernel import BY_RATE, BY_TIMEOUT


def _kinds() -> Longs:
    return np.zeros((0, 4), np.int64)


def _longs() -> Longs:
    return np.zeros(0, np.int64)


@dataclass(slots=True)
class Books:
    """One policy's books. Openings are numbered as they are found.

    `denied` are requests by circuit, `during` by opening (until the next close), `half_open` those since the
    circuit became half_open the last time: s, f, i, l each. `steps` are the denied ones by arrival.
    """

    moves: list[Moves] = field(default_factory=list)
    denied: Longs = field(default_factory=_kinds)
    during: Longs = field(default_factory=_kinds)
    half_open: Longs = field(default_factory=_kinds)
    steps: Histogram = field(default_factory=Histogram)
    surroundings: Surroundings = field(default_factory=Surroundings)
    opened: int = 0
    _last: Longs = field(default_factory=_longs)  # by circuit: the number of its last opening, from 1

    def feed(self, parts: Parts, tails: Tails, places: Longs, moves: Moves) -> None:
        """Take note of a chunk: the places denied and the transitions; `tails` are those before it."""
        self._room(int(parts.codes[-1]) + 1)
        opens = np.flatnonzero(moves.why <= BY_RATE)
        part = np.searchsorted(parts.codes, moves.circuit[opens])
        at = parts.find(part, moves.at[opens])
        numbers = self._number(len(opens))
        self._forget_half_open(moves)
        if len(places):
            self._deny(parts, places, part, at, numbers, _since_half_open(parts, moves))
        self.surroundings.feed(parts, tails, part, at, moves.at[opens])
        self._take(moves, opens, numbers)

    def finish(self, tails: Tails, moves: Moves) -> None:
        """The transitions after the last arrival: nothing was denied any more."""
        self._room(int(moves.circuit.max()) + 1 if len(moves) else 0)
        self._forget_half_open(moves)
        opens = np.flatnonzero(moves.why <= BY_RATE)
        numbers = self._number(len(opens))
        self.surroundings.finish(tails, moves.circuit[opens], moves.at[opens])
        self._take(moves, opens, numbers)

    def all_moves(self) -> Moves:
        """By circuit and then by time."""
        return by_circuit(joined(self.moves))

    def _room(self, circuits: int) -> None:
        self.denied = grown(self.denied, circuits)
        self.half_open = grown(self.half_open, circuits)
        self._last = grown(self._last, circuits)

    def _take(self, moves: Moves, opens: Longs, numbers: Longs) -> None:
        if len(moves):
            self.moves.append(moves)
        self._last[moves.circuit[opens]] = numbers + 1  # of several, the last one stays

    def _number(self, opens: int) -> Longs:
        """The numbers of so many new openings."""
        begin, self.opened = self.opened, self.opened + opens
        self.during = grown(self.during, self.opened)
        return np.arange(begin, self.opened)

    def _deny(  # noqa: PLR0917 - one call
        self, parts: Parts, places: Longs, part: Longs, at: Longs, numbers: Longs, since: Longs
    ) -> None:
        """Count the denied places by circuit, by opening, and where the circuit has become half_open before.

        Denied requests belong to the last opening of their circuit before them. Nothing moves in a millisecond
        after a request was denied in it, so all that arrive with the opening or later and are denied, are
        denied by it. The columns are cut where any of the three changes.
        """
        self.steps.add(parts.arrival[places])
        cuts = np.unique(np.concatenate((parts.starts, at, since)))
        cuts = cuts[cuts < len(parts.arrival)]
        sizes = np.diff(np.searchsorted(places, cuts), append=len(places))
        counts = by_kind(parts.outcome[places], np.repeat(np.arange(len(cuts)), sizes), len(cuts))
        cuts, counts = cuts[sizes > 0], counts[sizes > 0]
        of = np.searchsorted(parts.edges, cuts, side="right") - 1
        codes = parts.codes[of]
        np.add.at(self.denied, codes, counts)
        owner = self._last[codes] - 1
        if len(at):
            before = np.searchsorted(at, cuts, side="right") - 1
            here = (before >= 0) & (part[before] == of)
            owner = np.where(here, numbers[before], owner)
        np.add.at(self.during, owner, counts)
        late = cuts >= since[of]
        np.add.at(self.half_open, codes[late], counts[late])

    def _forget_half_open(self, moves: Moves) -> None:
        self.half_open[moves.circuit[moves.why == BY_TIMEOUT]] = 0


def _since_half_open(parts: Parts, moves: Moves) -> Longs:
    """For each part the first place that its circuit's last change to half_open may have denied."""
    halves = np.flatnonzero(moves.why == BY_TIMEOUT)
    circuit = moves.circuit[halves]
    last = halves[np.flatnonzero(np.diff(circuit, append=-1))]  # of each circuit
    part = np.searchsorted(parts.codes, moves.circuit[last])
    since = parts.starts.copy()
    since[part] = parts.find(part, moves.at[last])
    return since
