"""Plans: what selecting a tenant weighs, and what a change of a policy would do."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen, JsonObject
from cbops.model.outlook import ExpectedVerdict
from cbops.model.policy import Change
from cbops.model.tenant import Owner, Target


class Weighed(Frozen):
    """One reason for or against a tenant; `unknown` is against until someone knows."""

    criterion: Literal["traffic", "criticality", "owner", "fallback", "breaker", "circuit"]
    verdict: Literal["for", "against", "unknown"]
    required: bool  # a required one that isn't 'for' needs an override
    reason: str


class TrafficFigures(Frozen):
    """Requests per minute of a tenant's policy: in its busiest hour, and over the whole time looked at."""

    busiest_rpm: float
    mean_rpm: float


class Candidate(Frozen):
    """A tenant's policy and provider, weighed as a canary; `busiest_rpm` null is unknown.

    `expected`: how long it would take to a verdict; it changes no rank. Null: not asked (`canary select`).
    """

    target: Target
    owner: Owner | None
    busiest_rpm: float | None
    mean_rpm: float | None
    reasons: tuple[Weighed, ...]
    eligible: bool
    score: float  # higher is better; only for ranking
    expected: ExpectedVerdict | None = None


class EnablePlan(Frozen):
    """What enabling would write.

    `read_version` is the live version that was read, `latest_version` the highest that exists,
    `new_version` one minor step above that.
    """

    target: Target
    read_version: str
    latest_version: str
    new_version: str
    before: JsonObject  # the live document
    after: JsonObject
    changes: tuple[Change, ...]
    warnings: tuple[str, ...] = ()


class Rehearsal(Frozen):
    """A policy opened and recovered in the real engine; `passed` false says in `steps` where it stuck."""

    block: JsonObject
    passed: bool
    opened_after_failures: int | None
    recovered_after_ms: int | None
    steps: tuple[str, ...]


class OverrideNote(Frozen):
    """A requirement that a person set aside, with the reason."""

    requirement: str
    reason: str
