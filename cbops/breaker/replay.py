"""A recorded trace through the real state machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from heapq import heappop, heappush

from cbops.breaker.machine import Breaker, Policy
from cbops.breaker.trace import Trace
from cbops.model.observation import State


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What a policy would have done with a trace.

    `transitions` are (t_ms, from, to, reason) in order. Of the requests, `allowed` were admitted and
    `fail_fast` denied; the admitted ones ended as `success`, `failure`, `ignored` (not recorded by the
    breaker) or `lost`. `denied` holds the indices of the denied ones in order of arrival.
    """

    transitions: list[tuple[int, State, State, str]]
    allowed: int
    fail_fast: int
    success: int
    failure: int
    ignored: int
    lost: int
    denied: list[int]
    final_state: State


@dataclass(slots=True)
class _Run:
    """A replay under way: results that are still out, as (t_ms, place in order of arrival, outcome)."""

    breaker: Breaker
    pending: list[tuple[int, int, int]] = field(default_factory=list)
    denied: list[int] = field(default_factory=list)

    def complete(self) -> None:
        """Record the earliest result that is out."""
        at, _, outcome = heappop(self.pending)
        if outcome == _SUCCESS:
            self.breaker.record_success(at)
        else:
            self.breaker.record_failure(at)


_SUCCESS, _FAILURE, _IGNORED, _LOST = b"sfil"


def replay(policy: Policy, trace: Trace) -> ReplayResult:
    """Each request asks at its arrival; an admitted one is recorded at arrival + latency.

    At one millisecond, results come before arrivals, each in order of arrival; a request's own result
    never precedes its arrival. The circuit exists, closed, from the start. `enabled` plays no part.
    Source: "Replay" in the domain description. PolicyError when the block is wrong.
    """
    transitions: list[tuple[int, State, State, str]] = []
    run = _Run(Breaker(policy, on_transition=lambda *moved: transitions.append(moved)))
    ended = dict.fromkeys((_SUCCESS, _FAILURE, _IGNORED, _LOST), 0)
    pending, allow = run.pending, run.breaker.allow
    arrivals, latencies, outcomes = trace.arrival, trace.latency, trace.outcome
    for place, index in enumerate(trace.order()):
        now = arrivals[index]
        while pending and pending[0][0] <= now:
            run.complete()
        if not allow(now):
            run.denied.append(index)
            continue
        outcome = outcomes[index]
        ended[outcome] += 1
        if outcome in (_SUCCESS, _FAILURE):
            heappush(pending, (now + latencies[index], place, outcome))
    while pending:
        run.complete()
    return ReplayResult(
        transitions=transitions,
        allowed=len(trace) - len(run.denied),
        fail_fast=len(run.denied),
        success=ended[_SUCCESS],
        failure=ended[_FAILURE],
        ignored=ended[_IGNORED],
        lost=ended[_LOST],
        denied=run.denied,
        final_state=run.breaker.state,
    )
