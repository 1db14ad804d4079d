"""A recorded trace through the real state machine: at once, or chunk by chunk."""

from __future__ import annotations

from array import array
from operator import add, sub

from cbops.breaker import compiled, plain
from cbops.breaker.chunks import Carry, Moves, Played
from cbops.breaker.kernel import (
    CHANGED_AT,
    EVENTS,
    FAILURE_COUNT,
    FAILURES,
    HALF_OPEN_CALLS,
    STATE,
    SUCCESS_COUNT,
)
from cbops.breaker.limits import TIME_LIMIT, limits_of, whole_limits
from cbops.breaker.machine import Policy
from cbops.breaker.result import STATES, Ending, ReplayResult
from cbops.breaker.settings import Settings, resolve
from cbops.breaker.trace import Trace
from cbops.errors import InputError
from cbops.model.traffic import Engine

# Requests from which the compiled kernel repays its call, and its loading (benchmarks/README.md).
REPAYS_CALL = 500
REPAYS_LOADING = 1_000_000


class Replayer:
    """One circuit, fed with recorded requests in chunks: the same answers as one replay of all of them.

    Between chunks it holds the results that are still out and those in the window, no requests.
    `engine` picks the way of running the kernel; "auto" takes the compiled one where it repays its start.
    "compiled" still runs interpreted what 64 bits can't hold. The answers are the same. Without
    `keep_denied` the result's `denied` is empty: `feed` told them, and memory stays flat.
    PolicyError when the policy's block is wrong; InputError for "compiled" without the extra.
    """

    def __init__(self, policy: Policy, *, engine: Engine = "auto", keep_denied: bool = True) -> None:
        self._limits = limits_of(policy if isinstance(policy, Settings) else resolve(policy))
        self._whole = whole_limits(self._limits)
        if engine == "compiled" and compiled.load() is None:
            raise InputError(
                "the compiled replay needs Numba, which is not installed",
                hint="Install the extra: pip install 'cbops[fast]'.",
            )
        self._engine = engine
        self._carry = Carry()
        self._moves = Moves()
        self._requests = 0
        self._latest: int | None = None
        self._ended: tuple[int, ...] = (0, 0, 0, 0)
        self._fail_fast = 0
        self._keep_denied = keep_denied
        self._finished = False
        self._denied: array[int] = array("q")

    @property
    def moves(self) -> Moves:
        """The transitions so far."""
        return self._moves

    def feed(self, trace: Trace) -> array[int]:
        """Play the next requests; the indices of the denied ones, counted from the first request ever fed.

        A trace may be in any order within itself but not begin before the latest arrival fed (InputError).
        """
        return self._feed(trace, drain=False)

    def finish(self, last: Trace | None = None) -> ReplayResult:
        """Play the last requests, if any, record the results that are still out, and tell.

        Nothing can be fed afterwards (RuntimeError).
        """
        self._feed(Trace(array("q"), array("q"), b"") if last is None else last, drain=True)
        numbers = self._carry.numbers
        success, failure, ignored, lost = self._ended
        return ReplayResult(
            allowed=self._requests - self._fail_fast,
            fail_fast=self._fail_fast,
            success=success,
            failure=failure,
            ignored=ignored,
            lost=lost,
            ending=Ending(
                state=STATES[numbers[STATE]],
                state_changed_at=numbers[CHANGED_AT],
                failure_count=numbers[FAILURE_COUNT],
                success_count=numbers[SUCCESS_COUNT],
                half_open_calls=numbers[HALF_OPEN_CALLS],
                error_rate=numbers[FAILURES] / numbers[EVENTS] if numbers[EVENTS] else 0.0,
            ),
            moved_at=self._moves.at,
            moved_why=self._moves.why,
            moved_results=self._moves.results,
            moved_failures=self._moves.failures,
            denied_column=self._denied,
        )

    @property
    def carry(self) -> Carry:
        """Where the circuit stands between two chunks."""
        return self._carry

    def _feed(self, trace: Trace, *, drain: bool) -> array[int]:
        if self._finished:
            raise RuntimeError("a replay that is finished takes no more requests")
        self._finished = drain
        machine = self._machine(trace)
        merged = None if machine is None else trace.merged
        if machine is None or self._whole is None or merged is None:
            order = trace.order()
            if len(order):
                self._check_order(trace.arrival[order[0]], trace.arrival[order[-1]])
            columns = (trace.arrival, trace.latency, trace.outcome)
            played = plain.play(
                self._limits, self._carry, columns, order, self._moves, offset=self._requests, drain=drain
            )
        else:
            if len(trace):
                self._check_order(int(merged.arrival[0]), int(merged.arrival[-1]))
            played = compiled.play(
                machine, self._whole, self._carry, merged, self._moves, offset=self._requests, drain=drain
            )
        self._take(trace, played)
        return played.denied

    def _machine(self, trace: Trace) -> compiled.Machine | None:
        """The compiled kernel where it is wanted, there, and able to hold the numbers."""
        carry = self._carry
        numbers = (*carry.numbers, *carry.at[:1], *carry.at[-1:])
        if self._engine == "plain" or self._whole is None or max(map(abs, numbers)) > TIME_LIMIT:
            return None
        if self._engine == "auto" and len(trace) < (REPAYS_CALL if compiled.loaded() else REPAYS_LOADING):
            return None
        return compiled.load()

    def _check_order(self, first: int, last: int) -> None:
        if self._latest is not None and first < self._latest:
            raise InputError(
                f"the next requests begin at {first} ms, before the last of those already played "
                f"({self._latest} ms)",
                hint="Feed the requests in order of arrival, or all at once.",
            )
        self._latest = last

    def _take(self, trace: Trace, played: Played) -> None:
        self._carry = played.carry
        self._requests += len(trace)
        self._fail_fast += len(played.denied)
        self._ended = tuple(map(add, self._ended, map(sub, trace.outcomes, played.denied_outcomes)))
        if self._keep_denied and self._finished and not self._denied:
            self._denied = played.denied  # all of them, and nobody else holds them
        elif self._keep_denied:
            self._denied.extend(played.denied)


def replay(policy: Policy, trace: Trace, *, engine: Engine = "auto") -> ReplayResult:
    """Each request asks at its arrival; an admitted one is recorded at arrival + latency.

    At one millisecond, results come before arrivals, each in order of arrival; a request's own result
    never precedes its arrival. The circuit exists, closed, from the start. `enabled` plays no part.
    `engine` as in `Replayer`. Source: "Replay" in the domain description. PolicyError when the block is
    wrong.
    """
    return Replayer(policy, engine=engine).finish(trace)
