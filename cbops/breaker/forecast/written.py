"""A policy's books, closed and put into columns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cbops.breaker.forecast.arrays import Flags, Floats, Longs, grown
from cbops.breaker.forecast.books import Books
from cbops.breaker.forecast.judging import Around, Classes, classes
from cbops.breaker.forecast.opened import NEVER, Opened
from cbops.breaker.forecast.replays import Endings, Moves
from cbops.breaker.forecast.tallies import Known
from cbops.breaker.kernel import BY_FAILURES
from cbops.breaker.settings import Settings

_CIRCUITS = 1024  # at a time: each takes a number for each step of the timeline


@dataclass(frozen=True, slots=True)
class Written:
    """What one policy did; circuits are places in `Known`, and a row of a column is an opening.

    `denied` (circuits, 4) and `during` (openings, 4) are s, f, i and l. `kinds` are the classes of `judging`, `by` is the
    outage that explains it or -1; `opened` tells when. (Outages,): `opened_after` and `closed_after`, see `Troubles.met`.
    """

    known: Known
    moves: Moves
    edges: Longs  # of the moves by circuit
    opened: Opened
    around: Around
    during: Longs
    kinds: Classes
    by: Longs
    single: Flags
    denied: Longs
    opened_after: Longs
    closed_after: Longs
    endings: Endings
    wedged: Flags  # of the endings
    half_open: Longs  # denied since each circuit became half-open the last time

    @classmethod
    def of(cls, books: Books, settings: Settings | None, endings: Endings, known: Known) -> Written:
        """From closed books; without settings there was no breaker."""
        window_ms = 0.0 if settings is None else settings.error_rate_window_seconds * 1000
        moves = books.all_moves()
        opened = Opened.of(moves, known.codes)
        # Openings were numbered in order of time within each circuit.
        numbers = np.argsort(books.surroundings.circuits(), kind="stable")
        around = Around.of(
            opened.window, books.surroundings.before[numbers], books.surroundings.after[numbers]
        )
        by = known.troubles.explaining(opened, window_ms)
        after, closed = known.troubles.met(opened, window_ms)
        size = int(known.codes[-1]) + 1 if len(known) else 0
        return cls(
            known=known,
            moves=moves,
            edges=np.append(np.searchsorted(moves.circuit, known.codes), len(moves)),
            opened=opened,
            around=around,
            during=books.during[numbers],
            kinds=classes(around, by >= 0, known.thresholds[opened.circuit]),
            by=by,
            single=_single(opened, settings),
            denied=grown(books.denied, size)[known.codes],
            opened_after=after,
            closed_after=closed,
            endings=endings,
            wedged=endings.wedged(0 if settings is None else settings.half_open_max_calls),
            half_open=grown(books.half_open, size),
        )

    def shares(self, edges: Longs) -> Floats:
        """The share of each step (of equal length) in which the circuit that was open longest in it was not closed."""
        found = np.zeros(len(edges) - 1)
        for begin in range(0, len(self.known), _CIRCUITS):
            found = np.maximum(found, self._longest(begin, begin + _CIRCUITS, edges))
        shares: Floats = (found / (edges[1] - edges[0])).clip(0, 1).round(4)
        return shares

    def _longest(self, first: int, behind: int, edges: Longs) -> Floats:
        """For how many ms at most one of these circuits was not closed in each step."""
        low, high = np.searchsorted(self.opened.circuit, (first, behind))
        if low == high:
            return np.zeros(len(edges) - 1)
        circuit = self.opened.circuit[low:high] - first
        step, steps = int(edges[1] - edges[0]), len(edges) - 1
        width = steps + 1  # the last is what lies behind the last edge
        taken = np.zeros((int(circuit[-1]) + 1) * width)
        # From each time on up to the last edge, less the same from the close on.
        for times, sign in ((self.opened.at[low:high], 1), (self.opened.closed[low:high], -1)):
            after = np.clip(times, edges[0], edges[-1]) - edges[0]
            place = circuit * width + after // step
            rest = step - after % step
            taken += sign * np.bincount(place, rest, len(taken))
            # Every later step is open as a whole.
            taken += sign * step * _later(np.bincount(place, minlength=len(taken)), width)
        found: Floats = taken.reshape(-1, width)[:, :steps].max(axis=0)
        return found


def _later(counts: Longs, width: int) -> Longs:
    """In each row the sum of all before."""
    rows = counts.reshape(-1, width)
    return (np.cumsum(rows, axis=1) - rows).ravel()


def _single(opened: Opened, settings: Settings | None) -> Flags:
    """Which openings one failure was enough for.

    Failures in a row may lie further apart than the window is long: then it holds one of several.
    """
    if settings is None:
        return np.zeros(len(opened), np.bool_)
    results, failures = opened.window[:, 0], opened.window[:, 1]
    rate = failures / np.maximum(results, 1)
    found: Flags = (failures <= 1) & (rate >= settings.error_rate_threshold)
    if settings.failure_threshold <= 1:
        found |= opened.why == BY_FAILURES
    return found


def median_of(times: Longs) -> int | None:
    """Of those that ever came, a whole number."""
    known = np.sort(times[times != NEVER])
    if not len(known):
        return None
    low, high = int(known[(len(known) - 1) // 2]), int(known[len(known) // 2])
    return round((low + high) / 2)
