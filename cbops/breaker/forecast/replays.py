"""One policy played on many circuits: a `Replayer` each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cbops.breaker.chunks import Carry
from cbops.breaker.forecast.arrays import Longs, Octets, Places
from cbops.breaker.forecast.parts import Parts
from cbops.breaker.replay import Replayer
from cbops.breaker.result import Ending
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

    def finish(self) -> tuple[Moves, Mapping[int, Ending]]:
        """Record what is still out."""
        endings, moves = {}, []
        for code in sorted(self._replayers):
            replayer = self._replayers[code]
            endings[code] = replayer.finish().ending
            moves.append(self._new(code, replayer))
        return joined(moves), endings

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

    def finish(self) -> tuple[Moves, Mapping[int, Ending]]:
        """No circuit at all."""
        return no_moves(), {}
