"""One circuit's way through its states, worked out from counts alone.

Several transitions may fall into one scrape interval; their order follows from the counts: a circuit is
in exactly one state, so what went in and what came out must balance. Where it does not, the circuit
moved without a metric (an operator's call, or a crash of the breaker process).
Source: 'Restarts', 'The state gauge sticks' and the operators' calls in the domain description.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from cbops.measure.transitions import Edge, Edges, Step
from cbops.model.observation import State

STATES: tuple[State, ...] = ("closed", "open", "half_open")
ClosedBy = Literal["results", "restart", "unseen"]

# Where a circuit may really have been, the believed state first, then what needs the least unseen.
_CANDIDATES: dict[State, tuple[State, ...]] = {
    "closed": ("closed", "open", "half_open"),
    "open": ("open", "half_open", "closed"),
    "half_open": ("half_open", "open", "closed"),
}


@dataclass(frozen=True, slots=True)
class Passage:
    """How a circuit went through one step: the state that it really began in, and the one it ended in.

    `edges` all have a source. `sure` false: no beginning explains these counts, so the end is a guess.
    """

    begin: State
    end: State
    edges: Mapping[Edge, int]
    sure: bool = True

    def count(self, source: State, target: State) -> int:
        """How often the circuit went that way."""
        return self.edges.get((source, target), 0)

    @property
    def opens(self) -> int:
        """Openings out of closed."""
        return self.count("closed", "open")

    @property
    def closes(self) -> int:
        """Every return to closed."""
        return sum(number for (_, target), number in self.edges.items() if target == "closed")


def passage(believed: State, edges: Edges) -> Passage:
    """The way that explains the edges, from the believed state where it can, else from another."""
    if not +edges:
        return Passage(believed, believed, {})
    for begin in _CANDIDATES[believed]:
        for resolved in _resolutions(begin, edges):
            end = _end(begin, resolved)
            if end is not None:
                return Passage(begin, end, resolved)
    return _guess(believed, edges)


def _resolutions(begin: State, edges: Edges) -> Iterator[Mapping[Edge, int]]:
    """The edges with a source for each; in the documented dialect sources follow from the totals."""
    if all(source is not None for source, _ in +edges):
        yield +edges
        return
    into = _totals(edges)
    for end in STATES:
        opens = into["closed"] + (begin == "closed") - (end == "closed")
        resolved: dict[Edge, int] = {
            ("closed", "open"): opens,
            ("half_open", "open"): into["open"] - opens,
            ("open", "half_open"): into["half_open"],
            ("half_open", "closed"): into["closed"],
        }
        if min(resolved.values()) >= 0 and _end(begin, resolved) == end:
            yield {edge: number for edge, number in resolved.items() if number}


def _totals(edges: Edges) -> dict[State, int]:
    into: dict[State, int] = dict.fromkeys(STATES, 0)
    for (_, target), number in edges.items():
        into[target] += number
    return into


def _end(begin: State, edges: Mapping[Edge, int]) -> State | None:
    """Where a walk over all the edges from `begin` ends; null when there is no such walk."""
    balance: dict[State, int] = dict.fromkeys(STATES, 0)
    balance[begin] = 1
    for (source, target), number in edges.items():
        if source is not None:
            balance[source] -= number
        balance[target] += number
    if sorted(balance.values()) != [0, 0, 1] or not _reached(begin, edges):
        return None
    return next(state for state in STATES if balance[state] == 1)


def _reached(begin: State, edges: Mapping[Edge, int]) -> bool:
    """Whether every edge can be come to from the beginning."""
    seen: set[State] = {begin}
    for _ in STATES:
        seen |= {target for (source, target), number in edges.items() if number and source in seen}
    return all(source in seen for (source, _), number in edges.items() if number)


def _guess(believed: State, edges: Edges) -> Passage:
    """Several moves without a metric in one interval: take what the counts favour."""
    into = _totals(edges)
    known: Counter[Edge] = Counter()
    for (source, target), number in edges.items():
        known[source or _usual_source(target), target] += number
    if into["open"] > into["half_open"]:
        end: State = "open"
    elif into["half_open"] > known["half_open", "open"] + into["closed"]:
        end = "half_open"
    else:
        end = "closed"
    return Passage(believed, end, dict(known), sure=False)


def _usual_source(target: State) -> State:
    sources: dict[State, State] = {"open": "closed", "half_open": "open", "closed": "half_open"}
    return sources[target]


def state_from_totals(totals: Mapping[Edge, int]) -> State:
    """The state after all transitions since the (re)start: into a state minus out of it.

    The documented dialect cannot tell half-open from closed by totals; closed is the one that stays.
    """
    into = _totals(Counter(totals))
    if any(source is None for source, _ in totals):
        # Only an open circuit becomes half-open.
        if into["open"] > into["half_open"]:
            return "open"
        return "half_open" if into["half_open"] and not into["closed"] else "closed"
    out: dict[State, int] = dict.fromkeys(STATES, 0)
    for (source, _), number in totals.items():
        if source is not None:
            out[source] += number
    if into["open"] > out["open"]:
        return "open"
    return "half_open" if into["half_open"] > out["half_open"] else "closed"


def _least_trails(believed: State, edges: Mapping[Edge, int]) -> int:
    """At least so many moves without a metric lie between these edges, and between the believed state and them.

    All edges between three states are connected, so they make as many walks as states are left more often than
    they are entered.
    """
    over: Counter[State] = Counter()
    for (source, target), number in edges.items():
        if source is not None:
            over[source] += number
        over[target] -= number
    starts = +over
    walks = max(1, starts.total())
    return walks - 1 + (bool(starts) and believed not in starts)


@dataclass(frozen=True, slots=True)
class Unseen:
    """Moves without a metric, somewhere in (after, at]; `after` null: no transition before is known."""

    after: int | None
    at: int
    count: int


@dataclass(slots=True)
class Run:
    """An episode of one instance. `carried`: it was running when the window began."""

    provider: str
    instance: str
    opened_after: int | None
    opened: int
    carried: bool = False
    closed: int | None = None
    closed_by: ClosedBy | None = None
    reopened: int = 0


class Walk:
    """Takes the steps of one circuit in order and keeps its state and its episodes.

    Only what happens after `start` is kept; an episode running then is `carried`.
    """

    def __init__(self, provider: str, instance: str, state: State, start: int) -> None:
        self.provider, self.instance, self.start = provider, instance, start
        self.state: State = state
        self.state_at_start: State = state
        self.unseen_moves: list[Unseen] = []  # in the window
        self._told: int | None = None  # the step that last told the state
        self.runs: list[Run] = []
        self._running: Run | None = None
        self._begun = False
        if state != "closed":
            self._running = Run(provider, instance, None, start, carried=True)

    @property
    def unseen(self) -> int:
        """Moves without a metric in the window, at least."""
        return sum(one.count for one in self.unseen_moves)

    def take(self, step: Step) -> None:
        """One scrape interval."""
        if step.at > self.start:
            self.begin()
        if step.restart and self.state != "closed":
            self._close(step.at, "restart")
            self.state = "closed"
        went = passage(self.state, step.edges)
        if self._begun and (went.begin != self.state or not went.sure):
            count = 1 if went.sure else max(1, _least_trails(self.state, went.edges))
            self.unseen_moves.append(Unseen(self._told, step.at, count))
        if went.begin == "closed" and self.state != "closed":
            self._close(step.at, "unseen")
        self._follow(step, went)
        self.state = went.end
        if step.restart or went.edges:
            self._told = step.at

    def begin(self) -> None:
        """The window begins: what came before is history."""
        if self._begun:
            return
        self._begun = True
        self.state_at_start = self.state
        if self._running is not None:
            self._running.carried = True
            self._running.reopened = 0
            self.runs.append(self._running)

    def _follow(self, step: Step, went: Passage) -> None:
        closes, reopened = went.closes, went.count("half_open", "open")
        if self._running is not None and went.begin != "closed":
            self._running.reopened += reopened
            reopened = 0
        if closes and went.begin != "closed":
            self._close(step.at, "results")
            closes -= 1
        for _ in range(went.opens):
            if self._running is not None:
                self._close(step.at, "unseen")
            self._open(step, reopened)
            reopened = 0
            if closes:
                self._close(step.at, "results")
                closes -= 1
        if not went.sure and went.end == "closed":
            self._close(step.at, "unseen")

    def _open(self, step: Step, reopened: int) -> None:
        self._running = Run(self.provider, self.instance, step.after, step.at, reopened=reopened)
        if self._begun:
            self.runs.append(self._running)

    def _close(self, at: int, by: ClosedBy) -> None:
        if self._running is not None:
            self._running.closed, self._running.closed_by = at, by
        self._running = None
