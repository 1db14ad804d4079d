"""One circuit under one policy, put together at the end."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import starmap

import numpy as np

from cbops.breaker.forecast.arrays import Longs
from cbops.breaker.forecast.books import Books
from cbops.breaker.forecast.openings import Cause, Causes, Opening, Trouble
from cbops.breaker.forecast.replays import Moves
from cbops.breaker.kernel import BY_FAILURES, BY_PROBE, BY_RATE, BY_SUCCESSES, BY_TIMEOUT
from cbops.breaker.result import MOVES, Ending
from cbops.breaker.settings import Settings
from cbops.model.base import JsonObject, from_ms
from cbops.model.forecast import CircuitForecast, Outcomes, Wedge
from cbops.model.observation import TransitionCounts
from cbops.model.traffic import Circuit

# Why a circuit opens after so many failures in a row.
IN_A_ROW = MOVES[BY_FAILURES][2]
_KINDS = [dict(zip(("source", "target", "reason"), move, strict=True)) for move in MOVES]


@dataclass(frozen=True, slots=True)
class Known:
    """What the trace says of a circuit, whatever the policy."""

    circuit: Circuit
    outcomes: Longs
    troubles: tuple[Trouble, ...]
    usual: float


def _outcomes(counts: Sequence[int]) -> JsonObject:
    """From s, f, i and l."""
    return dict(zip(("success", "failure", "ignored", "lost"), counts, strict=True))


class Written:
    """A policy's books, closed and sorted by circuit."""

    def __init__(
        self, books: Books, settings: Settings | None, endings: dict[int, Ending], circuits: int
    ) -> None:
        self._books = books
        self._settings = settings
        self._endings = endings
        self._window_ms = 0.0 if settings is None else settings.error_rate_window_seconds * 1000
        self.moves = books.all_moves()
        self._edges = np.searchsorted(self.moves.circuit, np.arange(circuits + 1))
        owners = books.surroundings.circuits()
        self._numbers = np.argsort(owners, kind="stable")
        self._owned = np.searchsorted(owners[self._numbers], np.arange(circuits + 1))

    def forecast(self, code: int, known: Known, say: Callable[[int], str]) -> CircuitForecast:
        """One circuit."""
        moves = self._moves(code)
        openings = self._openings(code, moves)
        denied = np.zeros(4, np.int64) if code >= len(self._books.denied) else self._books.denied[code]
        causes = Causes(known.troubles, self._window_ms, known.usual, say)
        # Validated as a whole: one by one the many small models would take several times as long.
        return CircuitForecast.model_validate(
            {
                "circuit": known.circuit,
                "admitted": _outcomes((known.outcomes - denied).tolist()),
                "denied": _outcomes(denied.tolist()),
                "counts": _counts(moves),
                "transitions": _transitions(moves),
                "episodes": tuple(self._episode(opening, causes.of(opening)) for opening in openings),
                "outages": tuple(self._outage(trouble, openings) for trouble in known.troubles),
                "wedge": self._wedge(code),
                "final_state": self._endings[code].state if code in self._endings else "closed",
            }
        )

    def open_spans(self, until: int) -> Iterator[list[tuple[int, int]]]:
        """When each circuit was not closed (ms); up to `until` where it didn't close."""
        for code in range(len(self._edges) - 1):
            moves = self._moves(code)
            begins = moves.at[moves.why <= BY_RATE].tolist()
            ends = [*moves.at[moves.why == BY_SUCCESSES].tolist(), max([until, *begins[-1:]])]
            yield list(zip(begins, ends, strict=False))

    def _moves(self, code: int) -> Moves:
        part = slice(int(self._edges[code]), int(self._edges[code + 1]))
        moves = self.moves
        return Moves(
            moves.circuit[part], moves.at[part], moves.why[part], moves.results[part], moves.failures[part]
        )

    def _openings(self, code: int, moves: Moves) -> list[Opening]:
        if not len(moves):
            return []
        opens = np.flatnonzero(moves.why <= BY_RATE).tolist()
        closes = moves.at[moves.why == BY_SUCCESSES].tolist()
        reopened = np.concatenate(([0], np.cumsum(moves.why == BY_PROBE)))
        numbers = self._numbers[int(self._owned[code]) : int(self._owned[code + 1])]
        around = self._books.surroundings
        columns = (
            moves.at[opens].tolist(),
            [*closes, *[None] * (len(opens) - len(closes))],
            np.diff(reopened[[*opens, len(moves)]]).tolist(),
            [MOVES[why][2] for why in moves.why[opens].tolist()],
            zip(moves.results[opens].tolist(), moves.failures[opens].tolist(), strict=True),
            map(tuple, around.before[numbers].tolist()),
            map(tuple, around.after[numbers].tolist()),
            map(tuple, self._books.during[numbers].tolist()),
        )
        return list(starmap(Opening, zip(*columns, strict=True)))

    def _episode(self, opening: Opening, cause: Cause) -> JsonObject:
        return {
            "opened": from_ms(opening.at),
            "closed": None if opening.closed is None else from_ms(opening.closed),
            "reopened": opening.reopened,
            "reason": opening.reason,
            "window_results": opening.window[0],
            "window_failures": opening.window[1],
            "classification": cause.classification,
            "source": cause.source,
            "evidence": cause.sentence,
            "denied": _outcomes(opening.denied),
            "single_failure": self._single(opening),
        }

    def _single(self, opening: Opening) -> bool:
        """Failures in a row may lie further apart than the window is long: then it holds one of several."""
        if self._settings is None:
            return False
        if opening.reason == IN_A_ROW and self._settings.failure_threshold <= 1:
            return True
        results, failures = opening.window
        rate = failures / results if results else 0.0
        return failures <= 1 and rate >= self._settings.error_rate_threshold

    def _outage(self, trouble: Trouble, openings: list[Opening]) -> JsonObject:
        opened, closed = _met(trouble, openings, self._window_ms)
        return {
            "begins": from_ms(trouble.begins),
            "ends": from_ms(trouble.ends),
            "source": trouble.source,
            "results": trouble.results,
            "failures": trouble.failures,
            "opened_after_ms": opened,
            "closed_after_ms": closed,
        }

    def _wedge(self, code: int) -> Wedge | None:
        ending = self._endings.get(code)
        if ending is None or self._settings is None or ending.state != "half_open":
            return None
        if ending.half_open_calls < self._settings.half_open_max_calls:
            return None
        return Wedge(
            since=from_ms(ending.state_changed_at),
            denied=Outcomes(**_outcomes(self._books.half_open[code].tolist())),
        )


def _met(trouble: Trouble, openings: list[Opening], window_ms: float) -> tuple[int | None, int | None]:
    """After how many ms the circuit opened in the outage, and closed after it; see `Outage`."""
    begins, until = trouble.begins, trouble.reach(window_ms)[1]
    first = bisect_left(openings, begins, key=lambda each: each.at)
    if first and not openings[first - 1].closed_by(begins):
        first -= 1  # open when it began
    mine = []
    for opening in openings[first:]:
        if opening.at > until:
            break
        mine.append(opening)
    if not mine:
        return None, 0
    closed = mine[-1].closed
    return max(0, mine[0].at - begins), None if closed is None else max(0, closed - trouble.ends)


def _counts(moves: Moves) -> TransitionCounts:
    return TransitionCounts(
        open=int(np.count_nonzero(moves.why <= BY_PROBE)),
        half_open=int(np.count_nonzero(moves.why == BY_TIMEOUT)),
        closed=int(np.count_nonzero(moves.why == BY_SUCCESSES)),
    )


def _transitions(moves: Moves) -> tuple[JsonObject, ...]:
    times = map(from_ms, moves.at.tolist())
    return tuple({"at": at, **_KINDS[why]} for at, why in zip(times, moves.why.tolist(), strict=True))
