"""Which approvals on record count for a step; pure.

An approval counts that is about exactly what is to be done, is not too old, and is somebody else's: of another
account of the operating system and under another name. Several of one person count once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cbops.model.config_safeguards import ApprovalsConfig
from cbops.model.events_safeguards import ApprovalGiven, ApprovedStep
from cbops.model.state import ApprovalRecord
from cbops.model.system import SystemUser

# The name under which the signature's key is trusted; null: the signature is none of a trusted key.
Signed = Callable[[ApprovalGiven], str | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A step about to be taken: which, of what exactly, by whom, when."""

    step: ApprovedStep
    what: str
    actor: str
    system: SystemUser | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """Who approved, and whose approval doesn't count, with the reason."""

    approvers: tuple[str, ...]
    passed_over: tuple[str, ...]


def count(records: Iterable[ApprovalRecord], asked: Asked, rules: ApprovalsConfig, signed: Signed) -> Counted:
    """Hold each approval of this step against the rules."""
    approvers: dict[str, str] = {}
    passed_over: list[str] = []
    for record in records:
        if record.given.step != asked.step:
            continue
        who = record.actor
        name = signed(record.given) if rules.signed else None
        why = _why_not(record, asked, rules, name)
        if why is not None:
            passed_over.append(f"{who}: {why}")
            continue
        account = record.system.user if record.system else ""
        approvers.setdefault(_folded(name or account), name or f"{who} ({account})")
    return Counted(tuple(approvers.values()), tuple(dict.fromkeys(passed_over)))


def _why_not(record: ApprovalRecord, asked: Asked, rules: ApprovalsConfig, name: str | None) -> str | None:
    """Why an approval doesn't count; null: it does."""
    if record.given.what != asked.what:
        return "it is about something else (the plan or the evaluation changed since)"
    if asked.now - record.at > timedelta(hours=rules.hours):
        return f"it is older than {rules.hours:g} hours"
    if rules.signed and name is None:
        return "it is not signed with a key of signing.trusted"
    return _own(record, asked, name)


def _own(record: ApprovalRecord, asked: Asked, name: str | None) -> str | None:
    """Why it may be the approval of the person who acts; null: it is somebody else's."""
    if record.system is None or asked.system is None:
        return "which account of the operating system gave it is not known"
    if _folded(record.system.user) == _folded(asked.system.user):
        return "it is one's own: the same account of the operating system"
    own = {_folded(asked.actor), _folded(asked.system.user)}
    if _folded(record.actor) in own or (name is not None and _folded(name) in own):
        return "it is one's own: the same name"
    return None


def _folded(name: str) -> str:
    return " ".join(name.split()).casefold()
