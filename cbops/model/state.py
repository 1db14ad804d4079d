"""A rollout as its journal folds into: never stored."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Literal

from cbops.model.base import Frozen, Instant, JsonObject
from cbops.model.checklist import ItemId, ItemState
from cbops.model.comparison import ComparisonWord
from cbops.model.day_window import DayWindow, Drift
from cbops.model.events import (
    ComparisonSet,
    Decided,
    EpisodeClassified,
    Evaluated,
    IncidentAdded,
    OwnerNotified,
    Sha,
)
from cbops.model.events_change import RollbackProof, RollbackScope
from cbops.model.events_checklist import ItemVerified
from cbops.model.events_replay import Forecasted, LogsRead, Tuned
from cbops.model.events_safeguards import ApprovalGiven, JournalSealed
from cbops.model.events_sending import ChannelTold
from cbops.model.other_policy import OtherPolicy
from cbops.model.plan import OverrideNote, Rehearsal, Weighed
from cbops.model.sending import SendingRecord
from cbops.model.system import SystemUser
from cbops.model.tenant import Owner, Target
from cbops.model.ticket import Ticket


class Stage(StrEnum):
    """Where a rollout stands."""

    SELECTED = "selected"
    ENABLING = "enabling"  # in flight
    MONITORING = "monitoring"
    DECIDED = "decided"  # proceed
    ROLLING_BACK = "rolling_back"  # pending
    ROLLED_BACK = "rolled_back"

    @property
    def words(self) -> str:
        """The stage as people read it: `rolling back`."""
        return self.value.replace("_", " ")

    @property
    def active(self) -> bool:
        """Whether there is still something to do in it."""
        return self not in (Stage.DECIDED, Stage.ROLLED_BACK)


class Stamped(Frozen):
    """When something was recorded, and by whom."""

    at: Instant
    actor: str
    system: SystemUser | None = None  # where it is recorded: of decisions and approvals


class NotificationRecord(Stamped):
    notified: OwnerNotified


class ChecklistRecord(Stamped):
    item: ItemId
    state: ItemState
    note: str | None
    person: str | None = None  # whom it is about, where somebody is named
    read: tuple[str, ...] = ()
    on: date | None = None
    expires_at: Instant | None = None
    seq: int = 0  # of its event: several may have the same instant


class VerificationRecord(Stamped):
    verified: ItemVerified
    seq: int = 0


class EnableRecord(Frozen):
    """How far enabling came; a null time is a step not done."""

    intended_at: Instant
    actor: str
    system: SystemUser | None = None
    read_version: str
    new_version: str
    before: Sha
    after: Sha
    block: JsonObject
    overrides: tuple[OverrideNote, ...] = ()
    written_at: Instant | None = None
    written_version: str | None = None  # as the router named it
    previous_version: str | None = None  # what the router had live before; null when it didn't say
    reloaded_at: Instant | None = None
    done_at: Instant | None = None
    verification: str | None = None
    abandoned: str | None = None


class CollectedDay(Frozen):
    """The latest measurement of a day."""

    window: DayWindow
    collected_at: Instant
    as_of: Instant
    observation: Sha
    drift: Drift | None = None  # the last that was looked at for this day


class NoteRecord(Stamped):
    day: int | None
    kind: Literal["issue", "action", "note"]
    text: str


class IncidentRecord(Stamped):
    incident: IncidentAdded


class ClassificationRecord(Stamped):
    classified: EpisodeClassified


class EvaluationRecord(Stamped):
    evaluated: Evaluated


class DecisionRecord(Stamped):
    decided: Decided


class RollbackRecord(Frozen):
    """One rollback; pending until `done_at` is known."""

    intended_at: Instant
    actor: str
    system: SystemUser | None = None
    reason: str
    tenant: str
    policy: str
    scope: RollbackScope = "policy"
    restore: str | None = None  # the version that is restored as a whole
    written_version: str | None = None
    reloaded_at: Instant | None = None
    done_at: Instant | None = None
    version: str | None = None
    disabled_at: Instant | None = None
    verification: str | None = None
    failures: tuple[str, ...] = ()
    proof: RollbackProof | None = None


class LessonRecord(Stamped):
    kind: Literal["well", "improve", "tuning"]
    text: str


class ForecastRecord(Stamped):
    forecasted: Forecasted


class ChannelRecord(Stamped):
    told: ChannelTold


class TuningRecord(Stamped):
    tuned: Tuned


class LogsRecord(Stamped):
    read: LogsRead


class ComparisonRecord(Stamped):
    set: ComparisonSet


class ApprovalRecord(Stamped):
    given: ApprovalGiven


class SealRecord(Stamped):
    sealed: JournalSealed


class PauseRecord(Stamped):
    """A time in which the rollout's clock stood; `until` null: it still stands."""

    since: Instant
    until: Instant | None = None
    reason: str


class RehearsalRecord(Stamped):
    rehearsal: Rehearsal


class RolloutState(Frozen):
    """Everything that the journal says. `days` holds day 1 on, `baseline` days 0, -1, …, both ascending."""

    id: str
    phase: int
    stage: Stage
    target: Target
    owner: Owner | None
    timezone: str
    baseline_days: int
    opened_at: Instant
    opened_by: str
    adopted: bool
    reasons: tuple[Weighed, ...] = ()
    overrides: tuple[OverrideNote, ...] = ()
    notifications: tuple[NotificationRecord, ...] = ()
    checklist: dict[ItemId, ChecklistRecord] = {}
    verifications: dict[ItemId, VerificationRecord] = {}
    people: tuple[ChecklistRecord, ...] = ()  # who was named for an item, the last word on each
    rehearsals: tuple[RehearsalRecord, ...] = ()
    enable: EnableRecord | None = None
    enabled_at: Instant | None = None
    enabled_version: str | None = None
    block: JsonObject | None = None  # the breaker block that was enabled; null when unknown
    document: Sha | None = None  # the whole policy that was enabled; null when unknown
    disabled_at: Instant | None = None
    days: tuple[CollectedDay, ...] = ()
    baseline: tuple[CollectedDay, ...] = ()
    notes: tuple[NoteRecord, ...] = ()
    incidents: tuple[IncidentRecord, ...] = ()
    classifications: tuple[ClassificationRecord, ...] = ()
    evaluations: tuple[EvaluationRecord, ...] = ()
    decisions: tuple[DecisionRecord, ...] = ()
    rollbacks: tuple[RollbackRecord, ...] = ()
    lessons: tuple[LessonRecord, ...] = ()
    forecasts: tuple[ForecastRecord, ...] = ()
    tunings: tuple[TuningRecord, ...] = ()
    logs: tuple[LogsRecord, ...] = ()
    comparisons: tuple[ComparisonRecord, ...] = ()
    tickets: tuple[Ticket, ...] = ()  # by number
    sendings: tuple[SendingRecord, ...] = ()  # where they were sent
    told: tuple[ChannelRecord, ...] = ()  # what channels were told
    others: tuple[OtherPolicy, ...] = ()  # when another policy than the applied one was live, by all looks
    approvals: tuple[ApprovalRecord, ...] = ()
    seals: tuple[SealRecord, ...] = ()
    pauses: tuple[PauseRecord, ...] = ()
    last_seq: int
    last_at: Instant
    torn_lines: int = 0

    @property
    def paused_since(self) -> datetime | None:
        """Since when its clock stands; null: it doesn't."""
        if self.pauses and self.pauses[-1].until is None:
            return self.pauses[-1].since
        return None

    @property
    def pending_rollback(self) -> RollbackRecord | None:
        """The rollback that was begun and not finished."""
        if self.rollbacks and self.rollbacks[-1].done_at is None:
            return self.rollbacks[-1]
        return None

    @property
    def comparison(self) -> ComparisonWord | None:
        """What the canary is to be compared with, where a person said so last; null: all by rule."""
        if not self.comparisons:
            return None
        last = self.comparisons[-1]
        if last.set.controls is None and last.set.baseline_from is None:
            return None
        return ComparisonWord(
            controls=last.set.controls,
            baseline_from=last.set.baseline_from,
            baseline_to=last.set.baseline_to,
            reason=last.set.reason,
            by=last.actor,
            at=last.at,
        )
