"""One policy played on many circuits: a `Replayer` each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cbops.breaker.chunks import Carry
from cbops.breaker.forecast.arrays import Flags, Longs, Octets, Places
from cbops.breaker.forecast.parts import Parts
from cbops.breaker.kernel import CHANGED_AT, HALF_OPEN_CALLS, NUMBERS, STATE
from cbops.breaker.replay import Replayer
from cbops.breaker.result import STATES
from cbops.breaker.settings import Settings


@dataclass(frozen=True, slots=True)
class Moves:
    """Transitions of many circuits, by circuit and then by time; see `ReplayResult.moved_at` and the others."""

    circuit: Places
    at: Longs
    why: Octets
    results: Longs
    failures: Longs

    def __len__(self) -> int:
        return len(self.at)


@dataclass(frozen=True, slots=True)
class Endings:
    """Where the circuits that were asked stood at the end, by their codes, which ascend; `numbers` are the kernel's."""

    codes: Longs
    numbers: Longs

    @property
    def state(self) -> Longs:
        """Places in `STATES`."""
        return self.numbers[:, STATE]

    @property
    def since(self) -> Longs:
        """When the state changed last (ms)."""
        return self.numbers[:, CHANGED_AT]

    def wedged(self, probes: float) -> Flags:
        """Half-open for ever: every probe is used up."""
        found: Flags = (self.state == STATES.index("half_open")) & (
            self.numbers[:, HALF_OPEN_CALLS] >= probes
        )
        return found


def no_endings() -> Endings:
    """None at all."""
    return Endings(np.empty(0, np.int64), np.empty((0, NUMBERS), np.int64))


def no_moves() -> Moves:
    """None at all."""
    longs = np.empty(0, np.int64)
    return Moves(np.empty(0, np.int32), longs, np.empty(0, np.uint8), longs, longs)


def joined(moves: Sequence[Moves]) -> Moves:
    """One behind the other."""
    if not moves:
        return no_moves()
    return Moves(
        np.concatenate([each.circuit for each in moves]),
        np.concatenate([each.at for each in moves]),
        np.concatenate([each.why for each in moves]),
        np.concatenate([each.results for each in moves]),
        np.concatenate([each.failures for each in moves]),
    )


class Singles:
    """Each circuit has a `Replayer` of its own, interpreted."""

    def __init__(self, policy: Settings) -> None:
        self._policy = policy
        self._replayers: dict[int, Replayer] = {}
        self._fed: dict[int, int] = {}
        self._told: dict[int, int] = {}

    def feed(self, parts: Parts) -> tuple[Longs, Moves]:
        """Play each part on."""
        denied, moves = [np.empty(0, np.int64)], []
        for part, code in enumerate(parts.codes.tolist()):
            trace = parts.trace(part)
            replayer = self._replayers.get(code)
            if replayer is None:
                replayer = Replayer(self._policy, engine="plain", keep_denied=False)
                self._replayers[code] = replayer
            found = replayer.feed(trace)
            if len(found):
                fed = self._fed.get(code, 0)
                denied.append(np.frombuffer(found, np.int64) + (int(parts.edges[part]) - fed))
            self._fed[code] = self._fed.get(code, 0) + len(trace)
            moves.append(self._new(code, replayer))
        return np.concatenate(denied), joined(moves)

    def finish(self) -> tuple[Moves, Endings]:
        """Record what is still out."""
        numbers, moves = [], []
        codes = sorted(self._replayers)
        for code in codes:
            replayer = self._replayers[code]
            replayer.finish()
            numbers.append(replayer.carry.numbers)
            moves.append(self._new(code, replayer))
        ended = np.array(numbers, np.int64).reshape(-1, NUMBERS)
        return joined(moves), Endings(np.array(codes, np.int64), ended)

    def carries(self) -> dict[int, Carry]:
        """Where each circuit stands."""
        return {code: replayer.carry for code, replayer in self._replayers.items()}

    def _new(self, code: int, replayer: Replayer) -> Moves:
        """The transitions since they were last told."""
        moves = replayer.moves
        begin, end = self._told.get(code, 0), len(moves.at)
        self._told[code] = end
        return Moves(
            np.full(end - begin, code, np.int32),
            np.array(moves.at[begin:], np.int64),
            np.array(moves.why[begin:], np.uint8),
            np.array(moves.results[begin:], np.int64),
            np.array(moves.failures[begin:], np.int64),
        )


class Unguarded:
    """No breaker: everything is admitted."""

    def feed(self, _parts: Parts) -> tuple[Longs, Moves]:
        """Nothing is denied."""
        return np.empty(0, np.int64), no_moves()

    def finish(self) -> tuple[Moves, Endings]:
        """No circuit at all."""
        return no_moves(), no_endings()


def by_circuit(moves: Moves) -> Moves:
    """Sorted by circuit, those of one in their order."""
    order = np.argsort(moves.circuit, kind="stable")
    return Moves(
        moves.circuit[order], moves.at[order], moves.why[order], moves.results[order], moves.failures[order]
    )
