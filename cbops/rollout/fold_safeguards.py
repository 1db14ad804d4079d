"""The steps of the fold for seals and approvals; both make sense at any stage."""

from __future__ import annotations

from cbops.model.events import Entry
from cbops.model.events_safeguards import ApprovalGiven, JournalSealed
from cbops.model.state import ApprovalRecord, RolloutState
from cbops.rollout.fold_base import Changes


def approval_given(state: RolloutState, entry: Entry, event: ApprovalGiven) -> Changes:
    record = ApprovalRecord(at=entry.at, actor=entry.actor, system=entry.system, given=event)
    return {"approvals": (*state.approvals, record)}


def journal_sealed(_state: RolloutState, _entry: Entry, _event: JournalSealed) -> Changes:
    """A seal is about the journal, not about the rollout."""
    return {}
