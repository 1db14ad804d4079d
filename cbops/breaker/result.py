"""What a replay tells."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import starmap

from cbops.model.observation import State

# By the kernel's numbers.
STATES: tuple[State, State, State] = ("closed", "open", "half_open")
MOVES: tuple[tuple[State, State, str], ...] = (
    ("closed", "open", "failure_threshold_exceeded"),
    ("closed", "open", "error_rate_threshold_exceeded"),
    ("half_open", "open", "half_open_failure"),
    ("open", "half_open", "timeout_elapsed"),
    ("half_open", "closed", "success_threshold_met"),
)


@dataclass(frozen=True, slots=True)
class Ending:
    """The circuit after the last event, as the scalar breaker's attributes of these names."""

    state: State
    state_changed_at: int
    failure_count: int
    success_count: int
    half_open_calls: int
    error_rate: float


@dataclass(frozen=True)
class ReplayResult:
    """What a policy would have done with a trace.

    `transitions` are (t_ms, from, to, reason) in order. Of the requests, `allowed` were admitted and
    `fail_fast` denied; the admitted ones ended as `success`, `failure`, `ignored` (not recorded by the
    breaker) or `lost`. `denied` holds the indices of the denied ones in order of arrival.

    Lists are made when they are first asked for, from columns that take a tenth of their memory:
    `moved_at` and `moved_why` (places in `MOVES`), `denied_column`. Where a closed circuit opened,
    `moved_results` and `moved_failures` are what its error-rate window held then, the failure that opened it
    included; 0 for other transitions.
    """

    allowed: int
    fail_fast: int
    success: int
    failure: int
    ignored: int
    lost: int
    ending: Ending
    moved_at: Sequence[int] = field(repr=False)
    moved_why: Sequence[int] = field(repr=False)
    moved_results: Sequence[int] = field(repr=False)
    moved_failures: Sequence[int] = field(repr=False)
    denied_column: array[int] = field(repr=False)

    @property
    def final_state(self) -> State:
        """The circuit's state after the last event."""
        return self.ending.state

    @cached_property
    def transitions(self) -> list[tuple[int, State, State, str]]:
        """(t_ms, from, to, reason) of each transition, in order."""
        return list(starmap(_moved, zip(self.moved_at, self.moved_why, strict=True)))

    @cached_property
    def denied(self) -> list[int]:
        """The indices of the denied requests, in order of arrival."""
        return self.denied_column.tolist()


def _moved(at: int, why: int) -> tuple[int, State, State, str]:
    return (at, *MOVES[why])
