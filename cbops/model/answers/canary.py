"""Answers of `canary …`, `policy …` and `rollback`."""

from __future__ import annotations

from datetime import date
from typing import Literal

from cbops.model.answers.status import InFlight as InFlight
from cbops.model.answers.status import StatusAnswer as StatusAnswer
from cbops.model.base import Frozen, Instant, JsonObject
from cbops.model.checking import PolicyFinding
from cbops.model.comparison import ComparisonWord
from cbops.model.events_change import RollbackProof, RollbackScope
from cbops.model.forecast import Forecast
from cbops.model.plan import Candidate, EnablePlan, OverrideNote, Rehearsal
from cbops.model.policy import Change
from cbops.model.tenant import Owner, Target


class CandidatesAnswer(Frozen):
    """Best first; `traffic_days` is how far back the traffic was looked at."""

    candidates: tuple[Candidate, ...]
    traffic_days: int


class SelectAnswer(Frozen):
    rollout: str
    candidate: Candidate
    overrides: tuple[OverrideNote, ...]
    folder: str


class NotifyAnswer(Frozen):
    rollout: str
    owner: Owner | None
    how: str
    answer: str | None
    notified_at: Instant


class Requirement(Frozen):
    """Something that must hold before the breaker is enabled; `override` is the reason it was set aside, `command`
    resolves it (null: met, or nothing that one command does).
    """

    name: str
    met: bool
    detail: str
    override: str | None = None
    command: str | None = None


class EnableAnswer(Frozen):
    """`applied` false: a dry run. `circuit_before` null: the metrics could not say.

    `findings` are what the policy checks say of the planned policy, the worst first. `forecast`, only of a dry run,
    is what the planned block would have done with recent traffic, in short: without circuits and timeline. Null:
    `forecast_unavailable` says why.
    """

    rollout: str
    applied: bool
    plan: EnablePlan
    requirements: tuple[Requirement, ...]
    rehearsal: Rehearsal
    circuit_before: Literal["closed", "open", "half_open"] | None
    version: str | None = None
    enabled_at: Instant | None = None
    verification: str | None = None
    findings: tuple[PolicyFinding, ...] = ()
    forecast: Forecast | None = None
    forecast_unavailable: str | None = None


class AdoptAnswer(Frozen):
    rollout: str
    target: Target
    enabled_at: Instant
    version: str | None
    block: JsonObject | None
    folder: str
    overrides: tuple[OverrideNote, ...] = ()


class ControlAnswer(Frozen):
    """A tenant on the same providers: whether it is compared with, by what that is told, and why."""

    tenant: str
    used: bool
    told_by: Literal["admin_api", "series", "person"]
    text: str


class CompareAnswer(Frozen):
    """What the canary is compared with; `set_by_hand` null: all by rule.

    `baseline` are the days that count, of the `baseline_wanted` that there should be.
    """

    rollout: str
    set_by_hand: ComparisonWord | None
    controls: tuple[ControlAnswer, ...]
    baseline_wanted: int
    baseline: tuple[date, ...]


class ResumeAnswer(Frozen):
    rollout: str
    action: Literal["nothing", "finished", "abandoned"]
    in_flight: InFlight | None
    version: str | None


class RolledBackPolicy(Frozen):
    """One policy after the rollback; `written` false: it was disabled already."""

    tenant: str
    policy: str
    version: str
    written: bool
    changes: tuple[Change, ...]


class RollbackAnswer(Frozen):
    """`unwritten` are journal events that could not be written, as JSON; the next run reconciles them.

    `restore`: the version that was to be restored as a whole; null: the breaker was only disabled.
    """

    rollout: str | None
    scope: RollbackScope
    policies: tuple[RolledBackPolicy, ...]
    disabled_at: Instant
    proof: RollbackProof | None
    unwritten: tuple[JsonObject, ...] = ()
    restore: str | None = None


class PolicyShowAnswer(Frozen):
    """The live policy; `effective` is the breaker block with the router's defaults filled in."""

    tenant: str
    policy: str
    version: str
    latest_version: str
    document: JsonObject
    effective: JsonObject
    versions: int


class PolicyDiffAnswer(Frozen):
    """What enabling would change in the live policy."""

    tenant: str
    policy: str
    version: str
    new_version: str
    changes: tuple[Change, ...]
