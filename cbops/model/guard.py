"""What the guard reads at one instant, and what it makes of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from cbops.model.base import Frozen, Instant
from cbops.model.config_guard import GuardAction
from cbops.model.events_guard import BreachKind
from cbops.model.observation import State


@dataclass(frozen=True, slots=True)
class CircuitReading:
    """One circuit. `moved_at`: its last transition; `opened_at`: when it left closed; null: before what was read."""

    provider: str
    instance: str
    state: State
    moved_at: datetime | None
    opened_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reading:
    """The figures of one instant, over the window before it; null is unknown.

    `problem`: why nothing could be read; then everything else is unknown. `sample_age`: seconds since the last sample.
    `sample_limit`: the age from which it is no data. `reachable`: whether the admin API answered, null: it wasn't asked.
    """

    at: datetime
    circuits: tuple[CircuitReading, ...] = ()
    success: int | None = None
    failure: int | None = None
    decisions: int | None = None
    latency_ms: float | None = None
    latency_count: int | None = None
    sample_age: float | None = None
    sample_limit: float = 0
    problem: str | None = None
    reachable: bool | None = None

    def with_reachable(self, *, reachable: bool | None) -> Reading:
        """The same, with what the admin API said."""
        return replace(self, reachable=reachable)

    @property
    def results(self) -> int | None:
        """Success and failure together."""
        return None if self.success is None or self.failure is None else self.success + self.failure

    @property
    def error_rate(self) -> float | None:
        """Failures among the results; null without any."""
        return self.failure / self.results if self.results and self.failure is not None else None

    @property
    def blind(self) -> str | None:
        """Why it shows nothing; null: it does."""
        if self.problem is not None:
            return self.problem
        if self.sample_age is None:
            return "no series of the tenant"
        if self.sample_age > self.sample_limit:
            return f"the last sample is {self.sample_age:.0f} s old"
        return None


class Breach(Frozen):
    """A bound that is broken, since when, and what its bound asks for."""

    kind: BreachKind
    subject: str | None = None
    action: GuardAction
    told: str
    at: Instant
