"""The steps of the fold for seals and approvals; both make sense at any stage."""

from __future__ import annotations

from cbops.model.events import Entry
from cbops.model.events_safeguards import ApprovalGiven, JournalSealed
from cbops.model.state import ApprovalRecord, RolloutState, SealRecord
from cbops.rollout.fold_base import Changes


def approval_given(state: RolloutState, entry: Entry, event: ApprovalGiven) -> Changes:
    record = ApprovalRecord(at=entry.at, actor=entry.actor, system=entry.system, given=event)
    return {"approvals": (*state.approvals, record)}


def journal_sealed(state: RolloutState, entry: Entry, event: JournalSealed) -> Changes:
    """Whether it is good isn't asked here: `journal verify` does."""
    record = SealRecord(at=entry.at, actor=entry.actor, system=entry.system, sealed=event)
    return {"seals": (*state.seals, record)}
