"""What must hold before a breaker is enabled, and what a person sets aside on record."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from cbops.errors import BlockedError, UsageError
from cbops.flows.steps.checklist import standing
from cbops.flows.steps.texts import MAX_REASON, clipped, said
from cbops.model.answers.canary import Requirement
from cbops.model.checking import PolicyFinding
from cbops.model.checklist import ITEMS
from cbops.model.plan import OverrideNote, Rehearsal
from cbops.model.state import RolloutState

OWNER_NOTIFIED = "owner_notified"
REHEARSAL = "rehearsal"
CHECKS = "policy_checks"

FREEZE = "freeze"
APPROVAL = "approval"

_NAMES = (*ITEMS, OWNER_NOTIFIED, REHEARSAL, CHECKS, FREEZE)
_MARK = (
    "Verify what a machine can (cbops checklist verify), mark what people did (cbops checklist mark ITEM, "
    "cbops canary notify), or set it aside on record: --override ITEM=REASON"
)
_HINTS = {
    FREEZE: "Wait for the end of the freeze, or set it aside on record: --override freeze=REASON",
    APPROVAL: "Another person runs: cbops canary approve enable",
}
_LIKE_A_NAME = re.compile(r"[A-Za-z]+([_-][A-Za-z]+)+")


def requirements(
    state: RolloutState,
    rehearsal: Rehearsal,
    findings: tuple[PolicyFinding, ...],
    overrides: tuple[OverrideNote, ...],
    now: datetime | None = None,
) -> tuple[Requirement, ...]:
    """The checklist's items, the owner's notification, the policy's rehearsal and its checks: met, open, or set aside.

    `now`: what the age of the items is counted to (null: the last event of the record).
    """
    reasons = {note.requirement: note.reason for note in overrides}
    listed = [*recorded_requirements(state, reasons, now)]
    told = "opened and recovered" if rehearsal.passed else f"failed: {rehearsal.steps[-1]}"
    listed.append(
        Requirement(
            name=REHEARSAL,
            met=rehearsal.passed,
            detail=f"the policy's rehearsal in the real engine: {told}",
            override=reasons.get(REHEARSAL),
        )
    )
    errors = [f"{each.code}: {each.sentence}" for each in findings if each.level == "error"]
    told = "; ".join(errors) or "no errors"
    listed.append(
        Requirement(
            name=CHECKS, met=not errors, detail=f"the policy's checks: {told}", override=reasons.get(CHECKS)
        )
    )
    return tuple(listed)


def recorded_requirements(
    state: RolloutState, reasons: Mapping[str, str], now: datetime | None = None
) -> Iterator[Requirement]:
    """What the record alone tells: the checklist's items and the owner's notification."""
    for one in standing(state, now or state.last_at):
        told = (
            f"{one.state} by {one.by}"
            if one.done
            else f"{one.state}, {clipped(one.reason or '', MAX_REASON)}"
        )
        yield Requirement(
            name=one.item,
            met=one.done,
            detail=f"{one.title}: {told}",
            override=reasons.get(one.item),
            command=one.command,
        )
    notified = bool(state.notifications)
    told = "the owner was told" if notified else "nobody is on record as having told the owner"
    yield Requirement(
        name=OWNER_NOTIFIED,
        met=notified,
        detail=told,
        override=reasons.get(OWNER_NOTIFIED),
        command=None if notified else "cbops canary notify --how HOW",
    )


def parse_overrides(
    texts: Iterable[str],
    state: RolloutState,
    rehearsal: Rehearsal,
    findings: tuple[PolicyFinding, ...],
    gates: tuple[Requirement, ...] = (),
    *,
    now: datetime | None = None,
) -> tuple[OverrideNote, ...]:
    """`ITEM=REASON` sets one requirement aside, a bare `REASON` all that are open; the last word counts.

    What is met is not set aside; of the `gates` a freeze only by its name, other people's approval never. UsageError for an empty reason and for an item that doesn't exist;
    InputError for a reason that is too long or no text.
    """
    still = [each.name for each in requirements(state, rehearsal, findings, (), now) if not each.met]
    by_name = [each.name for each in gates if not each.met and each.name == FREEZE]
    notes: dict[str, OverrideNote] = {}
    for text in texts:
        wanted, reason = _parsed(text, still)
        for name in wanted:
            if name in still or name in by_name:
                notes[name] = OverrideNote(requirement=name, reason=reason)
    return tuple(notes.values())


def _parsed(text: str, still: list[str]) -> tuple[list[str], str]:
    """(the requirements that are meant, the reason)."""
    name, equals, reason = text.partition("=")
    if equals and name.strip() == APPROVAL:
        raise UsageError(
            "other people's approval can't be set aside",
            hint="Another person runs: cbops canary approve enable",
        )
    wanted = [name.strip()]
    if not equals or name.strip() not in _NAMES:
        _refuse_misspelt(name.strip() if equals else "")
        wanted, reason = still, text
    if not reason.strip():
        raise UsageError(
            f"--override {text!r} gives no reason", hint="Write --override ITEM=REASON or --override REASON."
        )
    return wanted, said(reason, "the reason of --override", MAX_REASON)


def _refuse_misspelt(name: str) -> None:
    """A misspelt item would otherwise be taken for a reason, and set everything aside."""
    if not _LIKE_A_NAME.fullmatch(name):
        return
    near = difflib.get_close_matches(name, _NAMES, n=1)
    meant = f"Did you mean '{near[0]}'? " if near else ""
    raise UsageError(
        f"--override names '{name}', which is no requirement", hint=f"{meant}There are: {', '.join(_NAMES)}."
    )


def require(listed: tuple[Requirement, ...]) -> None:
    """BlockedError that names everything that is open and was not set aside."""
    still = [r for r in listed if not r.met and r.override is None]
    if not still:
        return
    raise BlockedError(
        f"enabling is blocked: {'; '.join(f'{r.detail} ({r.name})' for r in still)}",
        hint=" ".join(dict.fromkeys(_HINTS.get(r.name, _MARK) for r in still)),
    )
