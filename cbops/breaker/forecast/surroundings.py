"""The results of a circuit around each opening, whatever the policy admitted of them.

The kernel tells what the window held. Where that is little, the requests nearest to the opening tell more:
`NEAREST` on each side, within `NEAREST_MS`; behind the opening also all of `AFTER_OPENING_MS`. Those of its own
millisecond are on neither side.
"""

from __future__ import annotations

import numpy as np

from cbops.breaker.forecast.arrays import FAILURE, SUCCESS, Flags, Longs, Octets, Places, grown
from cbops.breaker.forecast.parts import Parts
from cbops.breaker.forecast.settings import AFTER_OPENING_MS, NEAREST, NEAREST_MS

_NEVER = np.iinfo(np.int64).min


# Twice as many, since those of the opening's own millisecond don't count.
_KEPT = 2 * NEAREST


class Tails:
    """The last requests of every circuit, as of a chunk's end: (circuits, _KEPT), the latest last."""

    def __init__(self) -> None:
        self.arrival: Longs = np.zeros((0, _KEPT), np.int64)
        self.outcome: Octets = np.zeros((0, _KEPT), np.uint8)

    def room(self, circuits: int) -> None:
        """Have a row for so many circuits; an empty place is a request that never was."""
        had = len(self.arrival)
        self.arrival, self.outcome = grown(self.arrival, circuits), grown(self.outcome, circuits)
        self.arrival[had:] = _NEVER

    def feed(self, parts: Parts) -> None:
        """Take over the last requests of each part."""
        places = parts.ends[:, None] - np.arange(_KEPT, 0, -1)
        own = places >= parts.starts[:, None]
        # Where a part has fewer, those before it move up.
        kept = np.arange(_KEPT) + np.minimum(parts.ends - parts.starts, _KEPT)[:, None]
        kept = np.minimum(kept, _KEPT - 1)
        places = np.maximum(places, 0)
        codes = parts.codes[:, None]
        self.arrival[parts.codes] = np.where(own, parts.arrival[places], self.arrival[codes, kept])
        self.outcome[parts.codes] = np.where(own, parts.outcome[places], self.outcome[codes, kept])

    def before(self, circuit: Places, at: Longs, most: Longs) -> Longs:
        """(results, failures) among the last `most` requests of the circuit before the time."""
        arrival = self.arrival[circuit]
        early = (arrival < at[:, None]).sum(axis=1)
        rank = np.arange(_KEPT)
        chosen = (rank < early[:, None]) & (rank >= (early - most)[:, None])
        return _counted(self.outcome[circuit], chosen & (arrival >= at[:, None] - NEAREST_MS))

    def after(self, circuit: Places, at: Longs) -> Longs:
        """(results, failures) among the kept requests of the circuit after the time."""
        return _counted(self.outcome[circuit], self.arrival[circuit] > at[:, None])


class Surroundings:
    """Results and failures on each side of each opening, by its number."""

    def __init__(self) -> None:
        self._count = 0
        self._at: Longs = np.zeros(0, np.int64)
        self._circuit: Longs = np.zeros(0, np.int64)
        self._seen: Longs = np.zeros(0, np.int64)  # requests behind the opening that have come
        self.before: Longs = np.zeros((0, 2), np.int64)
        self.after: Longs = np.zeros((0, 2), np.int64)
        self._waiting: Longs = np.zeros(0, np.int64)

    def feed(self, parts: Parts, tails: Tails, part: Longs, place: Longs, at: Longs) -> None:
        """Take note of openings (part, first request not before them, time) and of what follows earlier ones."""
        if len(at):
            new = self._new(parts.codes[part].astype(np.int64), at)
            self.before[new] = self._before(parts, tails, part, place, at)
            self._waiting = np.concatenate((self._waiting, new))
        if len(self._waiting):
            self._follow(parts)

    def finish(self, tails: Tails, circuit: Places, at: Longs) -> None:
        """Openings by results after the last arrival, or in its millisecond."""
        if not len(at):
            return
        new = self._new(circuit.astype(np.int64), at)
        self.before[new] = tails.before(circuit, at, np.full(len(at), NEAREST))
        self.after[new] = tails.after(circuit, at)

    def circuits(self) -> Longs:
        """The circuit of each opening."""
        return self._circuit[: self._count]

    def _new(self, circuit: Longs, at: Longs) -> Longs:
        begin, self._count = self._count, self._count + len(at)
        new = np.arange(begin, self._count)
        for name in ("_at", "_circuit", "_seen", "before", "after"):
            setattr(self, name, grown(getattr(self, name), self._count))
        self._at[new], self._circuit[new] = at, circuit
        return new

    @staticmethod
    def _before(parts: Parts, tails: Tails, part: Longs, place: Longs, at: Longs) -> Longs:
        start = parts.starts[part]
        begin = np.maximum(start, place - NEAREST)
        far = np.flatnonzero((begin < place) & (_arrival(parts, begin) < at - NEAREST_MS))
        begin[far] = parts.find(part[far], at[far] - NEAREST_MS)
        found = np.stack((_results(parts, begin, place), _failures(parts, begin, place)), axis=1)
        short = np.flatnonzero(place - start < NEAREST)
        if len(short):
            missing = NEAREST - (place - start)[short]
            found[short] += tails.before(parts.codes[part[short]], at[short], missing)
        return found

    def _follow(self, parts: Parts) -> None:
        waiting = self._waiting
        part = np.searchsorted(parts.codes, self._circuit[waiting])
        here = parts.codes[np.minimum(part, len(parts) - 1)] == self._circuit[waiting]
        waiting, part, others = waiting[here], part[here], waiting[~here]
        at, seen = self._at[waiting], self._seen[waiting]
        begin = parts.find(part, at + 1)
        end = np.minimum(begin + np.maximum(NEAREST - seen, 0), parts.ends[part])
        far = np.flatnonzero((end > begin) & (_arrival(parts, end - 1) >= at + NEAREST_MS))
        end[far] = parts.find(part[far], at[far] + NEAREST_MS)
        more = np.flatnonzero((end < parts.ends[part]) & (_arrival(parts, end) < at + AFTER_OPENING_MS))
        end[more] = parts.find(part[more], at[more] + AFTER_OPENING_MS)
        self.after[waiting, 0] += _results(parts, begin, end)
        self.after[waiting, 1] += _failures(parts, begin, end)
        self._seen[waiting] = seen + parts.ends[part] - begin
        latest = parts.arrival[parts.ends[part] - 1]
        over = latest >= at + np.where(self._seen[waiting] >= NEAREST, AFTER_OPENING_MS, NEAREST_MS)
        self._waiting = np.concatenate((others, waiting[~over]))


def _arrival(parts: Parts, place: Longs) -> Longs:
    """Of the requests at these places; of the last one behind the end."""
    return parts.arrival[np.minimum(place, len(parts.arrival) - 1)]


def _results(parts: Parts, begin: Longs, end: Longs) -> Longs:
    return parts.results[end] - parts.results[begin]


def _failures(parts: Parts, begin: Longs, end: Longs) -> Longs:
    return parts.failures_before(end) - parts.failures_before(begin)


def _counted(outcome: Octets, chosen: Flags) -> Longs:
    """(results, failures) among the chosen ones of each row."""
    failed = (outcome == FAILURE) & chosen
    good = (outcome == SUCCESS) & chosen
    failures = failed.sum(axis=1, dtype=np.int64)
    return np.stack((good.sum(axis=1, dtype=np.int64) + failures, failures), axis=1)
