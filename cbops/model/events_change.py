"""The events of changing a policy: enabling the breaker, adopting it, rolling it back."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen, Instant, JsonObject, Sha
from cbops.model.plan import OverrideNote

RollbackScope = Literal["policy", "tenant", "global"]


class EnableIntended(Frozen):
    """About to write the policy; from here to EnableDone the change is in flight."""

    type: Literal["enable_intended"] = "enable_intended"
    read_version: str
    new_version: str
    before: Sha  # the live document, as evidence
    after: Sha
    block: JsonObject
    overrides: tuple[OverrideNote, ...] = ()


class PolicyWritten(Frozen):
    """The admin API took the PUT."""

    type: Literal["policy_written"] = "policy_written"
    change: Literal["enable", "rollback"]
    tenant: str
    policy: str
    new_version: str
    previous_version: str | None


class PolicyReloaded(Frozen):
    """The router took the stored policy up again."""

    type: Literal["policy_reloaded"] = "policy_reloaded"
    change: Literal["enable", "rollback"]
    tenant: str
    policy: str


class EnableSetAside(Frozen):
    """What stood in the way of finishing an enabling in flight (a freeze, a missing approval), and why it went on."""

    type: Literal["enable_set_aside"] = "enable_set_aside"
    overrides: tuple[OverrideNote, ...]


class EnableDone(Frozen):
    """Read back and equal to what was written; the rollout counts from `enabled_at`."""

    type: Literal["enable_done"] = "enable_done"
    version: str
    enabled_at: Instant
    verification: str


class EnableAbandoned(Frozen):
    """The enabling in flight was given up; the live policy is as it was."""

    type: Literal["enable_abandoned"] = "enable_abandoned"
    reason: str


class BreakerAdopted(Frozen):
    """The breaker was enabled outside cbops; `block` null: its policy could not be read."""

    type: Literal["breaker_adopted"] = "breaker_adopted"
    enabled_at: Instant
    version: str | None = None
    block: JsonObject | None = None
    document: Sha | None = None  # the live policy as it was found, as evidence


class RollbackIntended(Frozen):
    """About to disable; from here to RollbackDone the rollback is pending."""

    type: Literal["rollback_intended"] = "rollback_intended"
    reason: str
    tenant: str
    policy: str
    scope: RollbackScope = "policy"
    restore: str | None = None  # the version that is restored as a whole; null: only disabled


class RollbackDone(Frozen):
    """Read back: the live policy no longer enables the breaker."""

    type: Literal["rollback_done"] = "rollback_done"
    version: str
    disabled_at: Instant
    written: bool  # false: it was disabled already
    verification: str


class RollbackFailed(Frozen):
    """A step failed; the rollback stays pending."""

    type: Literal["rollback_failed"] = "rollback_failed"
    step: str
    error: str


class RollbackProof(Frozen):
    """Whether metrics show that the breaker no longer acts; null figures are unknown."""

    type: Literal["rollback_proof"] = "rollback_proof"
    proven: bool
    since: Instant | None  # the first scrape after the reload
    until: Instant | None
    decisions: int | None
    fail_fast: int | None
    half_open: int | None
    fallback_decisions: int | None
    summary: str
