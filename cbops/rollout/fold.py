"""A journal folded into the state of its rollout: pure, total over all event types, never stored.

An event that makes no sense where it stands is a RecordError that names its number.
Stages: selected → enabling → monitoring → decided, and rolling_back → rolled_back from any of them;
abandoned enabling goes back to selected, a decision to extend back to monitoring.
Source: the domain description (the rollout, the journal's rules).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cbops.errors import RecordError
from cbops.model.base import Frozen
from cbops.model.events import (
    ComparisonSet,
    DayCollected,
    Decided,
    Entry,
    EpisodeClassified,
    Evaluated,
    IncidentAdded,
    LessonAdded,
    NoteAdded,
    OwnerNotified,
    Rehearsed,
    RolloutOpened,
    TornLineSetAside,
)
from cbops.model.events_change import (
    BreakerAdopted,
    EnableAbandoned,
    EnableDone,
    EnableIntended,
    EnableSetAside,
    PolicyReloaded,
    PolicyWritten,
    RollbackDone,
    RollbackFailed,
    RollbackIntended,
    RollbackProof,
)
from cbops.model.events_checklist import ChecklistMarked, ItemVerified
from cbops.model.events_guard import GuardBreached, GuardEnded, GuardStarted, RolloutPaused, RolloutUnpaused
from cbops.model.events_replay import Forecasted, LogsRead, Tuned
from cbops.model.events_safeguards import ApprovalGiven, JournalSealed
from cbops.model.events_sending import (
    ChannelTold,
    TicketSeenThere,
    TicketSendFailed,
    TicketSendIntended,
    TicketSent,
)
from cbops.model.events_tickets import TicketMoved, TicketNoted, TicketOpened, TicketUpdated
from cbops.model.state import RolloutState, Stage
from cbops.rollout import (
    fold_change,
    fold_checklist,
    fold_guard,
    fold_record,
    fold_safeguards,
    fold_sending,
    fold_tickets,
)
from cbops.rollout.fold_base import Changes, E, Step, refuse

STEPS: dict[type[Frozen], Step[Any]] = {}


def _on(kind: type[E], step: Step[E]) -> None:
    """Registers with the types checked, which a plain dict could not."""
    STEPS[kind] = step


def _opened_again(_state: RolloutState, entry: Entry, _event: RolloutOpened) -> Changes:
    raise refuse(entry, "the rollout was opened before")


_on(RolloutOpened, _opened_again)
_on(OwnerNotified, fold_record.owner_notified)
_on(ChecklistMarked, fold_checklist.checklist_marked)
_on(ItemVerified, fold_checklist.item_verified)
_on(Rehearsed, fold_record.rehearsed)
_on(EnableIntended, fold_change.enable_intended)
_on(PolicyWritten, fold_change.policy_written)
_on(PolicyReloaded, fold_change.policy_reloaded)
_on(EnableDone, fold_change.enable_done)
_on(EnableSetAside, fold_change.enable_set_aside)
_on(EnableAbandoned, fold_change.enable_abandoned)
_on(BreakerAdopted, fold_change.breaker_adopted)
_on(DayCollected, fold_record.day_collected)
_on(NoteAdded, fold_record.note_added)
_on(IncidentAdded, fold_record.incident_added)
_on(EpisodeClassified, fold_record.episode_classified)
_on(Evaluated, fold_record.evaluated)
_on(Decided, fold_record.decided)
_on(RollbackIntended, fold_change.rollback_intended)
_on(RollbackDone, fold_change.rollback_done)
_on(RollbackFailed, fold_change.rollback_failed)
_on(RollbackProof, fold_change.rollback_proof)
_on(LessonAdded, fold_record.lesson_added)
_on(Forecasted, fold_record.forecasted)
_on(Tuned, fold_record.tuned)
_on(LogsRead, fold_record.logs_read)
_on(ComparisonSet, fold_record.comparison_set)
_on(TicketOpened, fold_tickets.ticket_opened)
_on(TicketUpdated, fold_tickets.ticket_updated)
_on(TicketMoved, fold_tickets.ticket_moved)
_on(TicketNoted, fold_tickets.ticket_noted)
_on(TicketSendIntended, fold_sending.ticket_send_intended)
_on(TicketSent, fold_sending.ticket_sent)
_on(TicketSendFailed, fold_sending.ticket_send_failed)
_on(TicketSeenThere, fold_sending.ticket_seen_there)
_on(ChannelTold, fold_sending.channel_told)
_on(JournalSealed, fold_safeguards.journal_sealed)
_on(ApprovalGiven, fold_safeguards.approval_given)
_on(GuardStarted, fold_guard.guard_started)
_on(GuardBreached, fold_guard.guard_breached)
_on(GuardEnded, fold_guard.guard_ended)
_on(RolloutPaused, fold_guard.rollout_paused)
_on(RolloutUnpaused, fold_guard.rollout_unpaused)
_on(TornLineSetAside, fold_record.torn_line_set_aside)


def fold(entries: Iterable[Entry]) -> RolloutState:
    """The state after all of them. RecordError: no event at all, or one that makes no sense."""
    state: RolloutState | None = None
    for entry in entries:
        state = _open(entry) if state is None else apply(state, entry)
    if state is None:
        raise RecordError(
            "The journal has no events: its rollout was never opened",
            hint="Select the tenant again; the empty folder is taken over.",
        )
    return state


def apply(state: RolloutState, entry: Entry) -> RolloutState:
    """The state after one more event."""
    changes = STEPS[type(entry.event)](state, entry, entry.event)
    return state.model_copy(update={**changes, "last_seq": entry.seq, "last_at": entry.at})


def _open(entry: Entry) -> RolloutState:
    event = entry.event
    if not isinstance(event, RolloutOpened):
        raise refuse(entry, "the first event is 'rollout_opened'")
    # The event was checked when it was read; building what checks the whole state takes as long as reading it.
    return RolloutState.model_construct(
        id=event.rollout,
        phase=event.phase,
        stage=Stage.SELECTED,
        target=event.target,
        owner=event.owner,
        timezone=event.timezone,
        baseline_days=event.baseline_days,
        opened_at=entry.at,
        opened_by=entry.actor,
        adopted=event.adopted,
        reasons=event.reasons,
        overrides=event.overrides,
        last_seq=entry.seq,
        last_at=entry.at,
    )
