"""The `guard` of cbops.yaml: what `monitor watch` looks at, how often, and which readings are a breach.

Source: the domain description (the breaker's states, the truths about the metrics).
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cbops.model.base import Frozen, by_default

GuardAction = Literal["warn", "pause", "rollback"]


class ErrorRateGuard(Frozen):
    """The share of failures among all results of the tenant, over the window."""

    above: float | None = Field(default=0.5, gt=0, le=1)  # null: not judged
    min_results: int = Field(default=20, ge=1)  # fewer say nothing
    action: GuardAction = "rollback"


class LatencyGuard(Frozen):
    """The mean latency of the tenant's results, over the window."""

    above_ms: float | None = Field(default=None, gt=0)  # null: not judged
    min_results: int = Field(default=20, ge=1)
    action: GuardAction = "rollback"


class StuckGuard(Frozen):
    """A circuit that stays open or half-open although requests come; `seconds` null: worked out from the policy."""

    seconds: int | None = Field(default=None, ge=1)
    action: GuardAction = "rollback"


class TimeGuard(Frozen):
    """Something that may last so long."""

    seconds: int = Field(default=900, ge=1)
    action: GuardAction = "warn"


class GuardConfig(Frozen):
    """How the canary is guarded. An action is the most that its bound asks for; `--on-breach` is the most that a
    run of the guard may do, and the milder of the two is done.
    """

    interval_seconds: float = Field(default=30, ge=1, le=3600)
    jitter: float = Field(default=0.1, ge=0, le=0.5)  # share of the interval, either way
    readings: int = Field(default=3, ge=1, le=100)  # in a row, before a breach is one
    window_seconds: int = Field(default=300, ge=30, le=86_400)
    stale_seconds: int = Field(default=180, ge=1)  # an older last sample is no data
    policy_seconds: int = Field(default=300, ge=1)  # between two looks at the live policy
    error_rate: ErrorRateGuard = by_default(ErrorRateGuard)
    latency: LatencyGuard = by_default(LatencyGuard)
    stuck: StuckGuard = by_default(StuckGuard)
    not_closed: TimeGuard = by_default(TimeGuard, seconds=3600)
    control_plane: TimeGuard = by_default(TimeGuard)
    blind: TimeGuard = by_default(TimeGuard)
