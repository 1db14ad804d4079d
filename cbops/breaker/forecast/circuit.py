"""The circuits under one policy as the answer tells them.

A forecast may have hundreds of thousands of openings and transitions, so they are made of whole columns and not
validated one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import TypeVar

import numpy as np

from cbops.breaker.forecast.arrays import Flags, Longs, instants
from cbops.breaker.forecast.judging import EXPECTED, UNEXPECTED, UNEXPLAINED
from cbops.breaker.forecast.opened import NEVER
from cbops.breaker.forecast.openings import Causes
from cbops.breaker.forecast.troubles import Troubles
from cbops.breaker.forecast.written import Written
from cbops.breaker.kernel import BY_PROBE, BY_SUCCESSES, BY_TIMEOUT
from cbops.breaker.result import MOVES, STATES
from cbops.model.base import from_ms, unchecked
from cbops.model.forecast import (
    CircuitForecast,
    ForecastEpisode,
    ForecastTransition,
    Outage,
    Outcomes,
    Wedge,
)
from cbops.model.observation import State, TransitionCounts
from cbops.model.verdict import Classification

T = TypeVar("T")

_CLASSES: dict[int, Classification] = {
    EXPECTED: "expected",
    UNEXPECTED: "unexpected",
    UNEXPLAINED: "unexplained",
}


def forecasts_of(written: Written, say: Callable[[int], str]) -> tuple[CircuitForecast, ...]:
    """Each circuit that had a request; `say` tells a time in words."""
    return tuple(_Telling(written, say).circuits())


class _Telling:
    """One policy's columns on their way into models."""

    def __init__(self, written: Written, say: Callable[[int], str]) -> None:
        self._written = written
        self._known = written.known
        self._causes = Causes(written.known.troubles, say)
        self._outcomes: dict[tuple[int, ...], Outcomes] = {}  # most openings denied as little as others

    def circuits(self) -> Iterator[CircuitForecast]:
        """In their order."""
        written, known = self._written, self._known
        rows = zip(
            known.circuits,
            self._counted(known.outcomes - written.denied),
            self._counted(written.denied),
            self._counts(),
            _parts(self._transitions(), written.edges),
            _parts(self._episodes(), written.opened.edges),
            _parts(self._outages(known.troubles), known.troubles.edges),
            known.codes.tolist(),
            strict=True,
        )
        states, wedges = self._states, self._wedges
        for circuit, admitted, denied, counts, transitions, episodes, outages, code in rows:
            yield unchecked(
                CircuitForecast,
                {
                    "circuit": circuit,
                    "admitted": admitted,
                    "denied": denied,
                    "counts": counts,
                    "transitions": transitions,
                    "episodes": episodes,
                    "outages": outages,
                    "wedge": wedges.get(code),
                    "final_state": states.get(code, "closed"),
                },
            )

    def _counted(self, counts: Longs) -> Iterator[Outcomes]:
        """Of s, f, i and l."""
        for row in map(tuple, counts.tolist()):
            found = self._outcomes.get(row)
            if found is None:
                fields = dict(zip(("success", "failure", "ignored", "lost"), row, strict=True))
                found = self._outcomes[row] = unchecked(Outcomes, fields)
            yield found

    def _counts(self) -> Iterator[TransitionCounts]:
        """Transitions to each state."""
        why, edges = self._written.moves.why, self._written.edges
        columns = (
            _sums(flags, edges).tolist()
            for flags in (why <= BY_PROBE, why == BY_TIMEOUT, why == BY_SUCCESSES)
        )
        for opened, half_open, closed in zip(*columns, strict=True):
            fields = {"open": opened, "half_open": half_open, "closed": closed}
            yield unchecked(TransitionCounts, fields)

    def _transitions(self) -> list[ForecastTransition]:
        moves = self._written.moves
        return [
            unchecked(ForecastTransition, {"at": at, "source": source, "target": target, "reason": reason})
            for at, (source, target, reason) in zip(
                instants(moves.at), map(MOVES.__getitem__, moves.why.tolist()), strict=True
            )
        ]

    def _episodes(self) -> list[ForecastEpisode]:
        written, opened = self._written, self._written.opened
        rows = zip(
            instants(opened.at),
            _instants(opened.closed),
            opened.reopened.tolist(),
            opened.why.tolist(),
            opened.window.tolist(),
            written.kinds.tolist(),
            self._causes.of(opened, written.around, written.kinds, written.by, self._known.thresholds),
            self._counted(written.during),
            written.single.tolist(),
            strict=True,
        )
        return [
            unchecked(
                ForecastEpisode,
                {
                    "opened": at,
                    "closed": closed,
                    "reopened": reopened,
                    "reason": MOVES[why][2],
                    "window_results": results,
                    "window_failures": failures,
                    "classification": _CLASSES[kind],
                    "source": source,
                    "evidence": evidence,
                    "denied": denied,
                    "single_failure": single,
                },
            )
            for at, closed, reopened, why, (results, failures), kind, (
                source,
                evidence,
            ), denied, single in rows
        ]

    def _outages(self, troubles: Troubles) -> list[Outage]:
        written = self._written
        rows = zip(
            instants(troubles.begins),
            instants(troubles.ends),
            troubles.declared.tolist(),
            troubles.results.tolist(),
            troubles.failures.tolist(),
            _known(written.opened_after),
            _known(np.where(written.opened_after == NEVER, 0, written.closed_after)),
            strict=True,
        )
        return [
            unchecked(
                Outage,
                {
                    "begins": begins,
                    "ends": ends,
                    "source": "incident" if declared else "trace",
                    "results": results,
                    "failures": failures,
                    "opened_after_ms": opened,
                    "closed_after_ms": closed,
                },
            )
            for begins, ends, declared, results, failures, opened, closed in rows
        ]

    @cached_property
    def _states(self) -> dict[int, State]:
        """How circuits ended, by their codes."""
        endings = self._written.endings
        states = map(STATES.__getitem__, endings.state.tolist())
        return dict(zip(endings.codes.tolist(), states, strict=True))

    @cached_property
    def _wedges(self) -> dict[int, Wedge]:
        """Those that are wedged, by their codes."""
        endings, wedged = self._written.endings, self._written.wedged
        codes = endings.codes[wedged]
        denied = self._counted(self._written.half_open[codes])
        rows = zip(codes.tolist(), endings.since[wedged].tolist(), denied, strict=True)
        return {code: Wedge(since=from_ms(since), denied=counts) for code, since, counts in rows}


def _parts(rows: Sequence[T], edges: Longs) -> Iterator[tuple[T, ...]]:
    """The rows of each circuit."""
    return (tuple(rows[begin:end]) for begin, end in pairwise(edges.tolist()))


def _sums(flags: Flags, edges: Longs) -> Longs:
    """How many are set in each part."""
    before = np.concatenate((np.zeros(1, np.int64), np.cumsum(flags, dtype=np.int64)))
    return before[edges[1:]] - before[edges[:-1]]


def _instants(times: Longs) -> list[datetime | None]:
    """None for what never came."""
    never = times == NEVER
    found: list[datetime | None] = [*instants(np.where(never, 0, times))]
    for place in np.flatnonzero(never).tolist():
        found[place] = None
    return found


def _known(times: Longs) -> list[int | None]:
    """None for what never came."""
    return [None if time == NEVER else time for time in times.tolist()]
