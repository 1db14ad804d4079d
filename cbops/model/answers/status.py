"""The answer of `canary status`, alone: it is the command that must start at once."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen, Instant
from cbops.model.comparison import ComparisonWord
from cbops.model.firing import FiringAlert
from cbops.model.state import Stage
from cbops.model.tenant import Owner, Target
from cbops.model.verdict_words import Recommendation


class InFlight(Frozen):
    """A change that was begun and not finished, and what the live policy says of it.

    `live`: as before the change, as intended, something else, or unknown (the API can't be asked).
    `enables`: whether the live policy enables the breaker; null is unknown. `stored`: what an enabling wrote
    is the router's latest version, live or not yet (some routers make it live only with a reload).
    """

    change: Literal["enable", "rollback"]
    since: Instant
    live: Literal["before", "intended", "other", "unknown"]
    live_version: str | None
    sentence: str
    enables: bool | None = None
    stored: bool = False


class StatusAnswer(Frozen):
    """Where a rollout stands, from its journal; the live policy is only read when a change is in flight.

    `alerts_firing` are the tenant's; null: no Alertmanager is configured, or it gave no answer and a warning says why.
    """

    rollout: str
    stage: Stage
    target: Target
    owner: Owner | None
    opened_at: Instant
    enabled_at: Instant | None
    disabled_at: Instant | None
    rollback_proven: bool | None  # null: not rolled back
    day: int | None  # today's number, null before enabling
    days_collected: tuple[int, ...]
    days_missing: tuple[int, ...]
    owner_notified: bool
    checklist_open: tuple[str, ...]
    recommendation: Recommendation | None
    evaluated_at: Instant | None
    decision: Recommendation | None
    decided_by: str | None
    in_flight: InFlight | None
    alerts_firing: tuple[FiringAlert, ...] | None
    next_command: str
    comparison: ComparisonWord | None = None  # what a person set to compare with; null: all by rule
    paused_since: Instant | None = None  # null: its clock goes on
    paused_reason: str | None = None
