"""The events of a guarded rollout: few and small, none of them one a reading."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen, Instant
from cbops.model.config_guard import GuardAction

BreachKind = Literal["error_rate", "latency", "stuck", "not_closed", "control_plane", "blind"]
GuardEnd = Literal["time", "day_end", "interrupted", "rolled_back", "failed"]


class GuardStarted(Frozen):
    """The guard watches from here on; `action` is the most that it may do."""

    type: Literal["guard_started"] = "guard_started"
    action: GuardAction
    interval_seconds: float
    until: Instant | None = None  # null: until it is told to end


class GuardBreached(Frozen):
    """A bound was broken for so many readings in a row; `action` is what follows from it."""

    type: Literal["guard_breached"] = "guard_breached"
    kind: BreachKind
    subject: str | None = None  # the circuit
    action: GuardAction
    readings: int
    told: str


class GuardEnded(Frozen):
    """The guard no longer watches. Times in seconds."""

    type: Literal["guard_ended"] = "guard_ended"
    why: GuardEnd
    readings: int
    watched_seconds: int
    blind_seconds: int
    breaches: int


class RolloutPaused(Frozen):
    """The rollout's clock stands: days of which a part is paused don't count. The breaker goes on acting."""

    type: Literal["rollout_paused"] = "rollout_paused"
    since: Instant
    reason: str


class RolloutUnpaused(Frozen):
    """The clock goes on."""

    type: Literal["rollout_unpaused"] = "rollout_unpaused"
    until: Instant
    reason: str
