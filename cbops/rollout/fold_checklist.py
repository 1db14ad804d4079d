"""Steps of the fold for the checklist before the rollout."""

from __future__ import annotations

from cbops.model.events import Entry
from cbops.model.events_checklist import ChecklistMarked, ItemVerified
from cbops.model.state import ChecklistRecord, RolloutState, VerificationRecord
from cbops.rollout.fold_base import Changes


def checklist_marked(state: RolloutState, entry: Entry, event: ChecklistMarked) -> Changes:
    """The last word on an item counts, and the last on each person that it names."""
    said = event.model_dump(exclude={"type"})
    record = ChecklistRecord(at=entry.at, actor=entry.actor, seq=entry.seq, **said)
    changes: Changes = {"checklist": {**state.checklist, event.item: record}}
    if event.person is not None:
        others = (one for one in state.people if (one.item, one.person) != (event.item, event.person))
        changes["people"] = (*others, record)
    return changes


def item_verified(state: RolloutState, entry: Entry, event: ItemVerified) -> Changes:
    """The last look at an item counts."""
    record = VerificationRecord(at=entry.at, actor=entry.actor, seq=entry.seq, verified=event)
    return {"verifications": {**state.verifications, event.item: record}}
