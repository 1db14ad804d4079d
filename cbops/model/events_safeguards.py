"""The events that make a record harder to forge and a change harder to make alone: seals and approvals."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen, Instant
from cbops.model.seal import HashText as Digest
from cbops.model.seal import KeyText, SignatureText

ApprovedStep = Literal["enable", "proceed"]


class JournalSealed(Frozen):
    """The journal up to event `covers`, whose hash is `hash`, was signed with this key."""

    type: Literal["journal_sealed"] = "journal_sealed"
    covers: int
    hash: Digest
    sealed_at: Instant
    key: KeyText
    signature: SignatureText


class ApprovalGiven(Frozen):
    """Somebody approved a step before it is taken. `what`: the digest of the plan, or the evaluation's hash.

    `key` and `signature` null: it rests on the account alone that wrote it.
    """

    type: Literal["approval_given"] = "approval_given"
    step: ApprovedStep
    what: Digest
    note: str | None = None
    key: KeyText | None = None
    signature: SignatureText | None = None
