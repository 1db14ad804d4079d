"""What the steps of the fold share: the changes a step answers with, and how it refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TypedDict, TypeVar

from cbops.errors import RecordError
from cbops.model.base import JsonObject
from cbops.model.checklist import ItemId
from cbops.model.events import Entry, Event
from cbops.model.other_policy import OtherPolicy
from cbops.model.sending import SendingRecord
from cbops.model.state import (
    ApprovalRecord,
    ChannelRecord,
    ChecklistRecord,
    ClassificationRecord,
    CollectedDay,
    ComparisonRecord,
    DecisionRecord,
    EnableRecord,
    EvaluationRecord,
    ForecastRecord,
    IncidentRecord,
    LessonRecord,
    LogsRecord,
    NoteRecord,
    NotificationRecord,
    PauseRecord,
    RehearsalRecord,
    RollbackRecord,
    RolloutState,
    SealRecord,
    Stage,
    TuningRecord,
    VerificationRecord,
)
from cbops.model.ticket import Ticket

E = TypeVar("E", bound=Event)


class Changes(TypedDict, total=False):
    """The fields of RolloutState that an event may change."""

    stage: Stage
    notifications: tuple[NotificationRecord, ...]
    checklist: dict[ItemId, ChecklistRecord]
    verifications: dict[ItemId, VerificationRecord]
    people: tuple[ChecklistRecord, ...]
    rehearsals: tuple[RehearsalRecord, ...]
    enable: EnableRecord | None
    enabled_at: datetime
    enabled_version: str | None
    block: JsonObject | None
    document: str | None
    disabled_at: datetime
    days: tuple[CollectedDay, ...]
    baseline: tuple[CollectedDay, ...]
    notes: tuple[NoteRecord, ...]
    incidents: tuple[IncidentRecord, ...]
    classifications: tuple[ClassificationRecord, ...]
    evaluations: tuple[EvaluationRecord, ...]
    decisions: tuple[DecisionRecord, ...]
    rollbacks: tuple[RollbackRecord, ...]
    lessons: tuple[LessonRecord, ...]
    forecasts: tuple[ForecastRecord, ...]
    tunings: tuple[TuningRecord, ...]
    logs: tuple[LogsRecord, ...]
    comparisons: tuple[ComparisonRecord, ...]
    tickets: tuple[Ticket, ...]
    sendings: tuple[SendingRecord, ...]
    told: tuple[ChannelRecord, ...]
    others: tuple[OtherPolicy, ...]
    approvals: tuple[ApprovalRecord, ...]
    seals: tuple[SealRecord, ...]
    pauses: tuple[PauseRecord, ...]
    torn_lines: int


Step = Callable[[RolloutState, Entry, E], Changes]


def refuse(entry: Entry, why: str) -> RecordError:
    """The event makes no sense where it stands: `why` completes "… but"."""
    return RecordError(
        f"Event {entry.seq} of the journal is '{entry.event.type}', but {why}",
        hint="Its writer and this release disagree, or someone edited the journal: see `cbops journal verify`.",
    )


def require_stage(state: RolloutState, entry: Entry, *stages: Stage) -> None:
    """RecordError unless the rollout is at one of these stages."""
    if state.stage not in stages:
        raise refuse(entry, f"the rollout is {state.stage.value}, not {' or '.join(s.value for s in stages)}")


def require_enabled(state: RolloutState, entry: Entry) -> None:
    """RecordError unless the breaker was enabled or adopted before."""
    if state.enabled_at is None:
        raise refuse(entry, "the breaker was never enabled")
