"""Answers of `canary approve` and `journal seal`."""

from __future__ import annotations

from cbops.model.base import Frozen, Instant
from cbops.model.events_safeguards import ApprovedStep


class ApproveAnswer(Frozen):
    """`what`: the digest of what was approved; `needed`: people that the step takes, the one who acts included."""

    rollout: str
    step: ApprovedStep
    what: str
    by: str
    account: str
    key: str | None
    needed: int


class JournalSealAnswer(Frozen):
    """The seal, as `--out` writes it, and the event that holds it; `created`: where the new key is."""

    rollout: str
    covers: int
    hash: str
    sealed_at: Instant
    key: str
    signature: str
    event: int
    created: str | None
    out: str | None
