"""When circuits opened under one policy, in columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cbops.breaker.forecast.arrays import Longs, Octets, Places
from cbops.breaker.forecast.replays import Moves
from cbops.breaker.kernel import BY_PROBE, BY_RATE, BY_SUCCESSES

# Stands for a time that never came: an outage without an open, an open without a close.
NEVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class Opened:
    """The openings of all circuits, by circuit and then by time; those of place `i` are `edges[i]` to `edges[i + 1]`.

    `closed` is NEVER where it stayed open, `why` as in `Moves`; `window` holds (results, failures), `reopened` how often
    it opened again from half-open.
    """

    edges: Longs
    circuit: Longs
    at: Longs
    closed: Longs
    why: Octets
    window: Longs
    reopened: Longs

    def __len__(self) -> int:
        return len(self.at)

    @classmethod
    def of(cls, moves: Moves, codes: Longs | Places) -> Opened:
        """From transitions by circuit and then by time; the places are those in `codes`."""
        opens = np.flatnonzero(moves.why <= BY_RATE)
        closes = np.flatnonzero(moves.why == BY_SUCCESSES)
        # What comes between two openings is of the first one's circuit.
        closed = np.full(len(opens), NEVER, np.int64)
        closed[np.searchsorted(opens, closes) - 1] = moves.at[closes]
        again = np.concatenate((np.zeros(1, np.int64), np.cumsum(moves.why == BY_PROBE)))
        circuit = np.searchsorted(codes, moves.circuit[opens])
        return cls(
            edges=np.searchsorted(circuit, np.arange(len(codes) + 1)),
            circuit=circuit,
            at=moves.at[opens],
            closed=closed,
            why=moves.why[opens],
            window=np.stack((moves.results[opens], moves.failures[opens]), axis=1),
            reopened=np.diff(again[np.append(opens, len(moves))]),
        )
