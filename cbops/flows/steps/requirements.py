"""What must hold before a breaker is enabled, and what a person sets aside on record."""

from __future__ import annotations

from collections.abc import Iterable

from cbops.errors import BlockedError, UsageError
from cbops.model.answers.canary import Requirement
from cbops.model.checklist import ITEMS
from cbops.model.plan import OverrideNote
from cbops.model.state import RolloutState

OWNER_NOTIFIED = "owner_notified"


def requirements(state: RolloutState, overrides: tuple[OverrideNote, ...]) -> tuple[Requirement, ...]:
    """The checklist's items and the owner's notification, each met, open, or set aside."""
    reasons = {note.requirement: note.reason for note in overrides}
    listed = []
    for item, title in ITEMS.items():
        record = state.checklist.get(item)
        met = record is not None and record.state in ("verified", "attested")
        told = f"{record.state} by {record.actor}" if record else "unknown"
        listed.append(Requirement(name=item, met=met, detail=f"{title}: {told}", override=reasons.get(item)))
    notified = bool(state.notifications)
    told = "the owner was told" if notified else "nobody is on record as having told the owner"
    listed.append(
        Requirement(name=OWNER_NOTIFIED, met=notified, detail=told, override=reasons.get(OWNER_NOTIFIED))
    )
    return tuple(listed)


def parse_overrides(texts: Iterable[str], state: RolloutState) -> tuple[OverrideNote, ...]:
    """`ITEM=REASON` sets one requirement aside, a bare `REASON` all that are open.

    UsageError for an empty reason.
    """
    names = [*ITEMS, OWNER_NOTIFIED]
    notes: list[OverrideNote] = []
    for text in texts:
        name, equals, reason = text.partition("=")
        if equals and name in names:
            wanted = [name]
        else:
            wanted, reason = [r.name for r in requirements(state, ()) if not r.met], text
        if not reason.strip():
            raise UsageError(
                f"--override {text!r} gives no reason", hint="Write --override ITEM=REASON or --override REASON."
            )
        notes += [OverrideNote(requirement=each, reason=reason.strip()) for each in wanted]
    return tuple(notes)


def require(listed: tuple[Requirement, ...]) -> None:
    """BlockedError that names everything that is open and was not set aside."""
    still = [r for r in listed if not r.met and r.override is None]
    if not still:
        return
    raise BlockedError(
        f"enabling is blocked: {'; '.join(r.detail for r in still)}",
        hint="Mark what is done (cbops checklist mark ITEM, cbops canary notify), "
        "or set it aside on record: --override ITEM=REASON",
    )
