"""Phrases that several parts of the execution log share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

from cbops.model.base import Instant
from cbops.model.events_safeguards import ApprovedStep
from cbops.model.state import ApprovalRecord, RolloutState, Stage
from cbops.model.system import SystemUser
from cbops.model.verdict import Recommendation
from cbops.render import text
from cbops.render.log_view import PLACEHOLDER, Field
from cbops.render.markdown import Markdown, phrase

NONE = Markdown("None")
NONE_RECORDED = Markdown("None recorded")
NOT_RECORDED = Markdown("Not recorded")

DECISIONS = {
    Recommendation.PROCEED: Markdown("Proceed to Phase 2"),
    Recommendation.EXTEND: Markdown("Extend Phase 1"),
    Recommendation.ROLLBACK: Markdown("Rollback"),
}


def begun(state: RolloutState | None) -> bool:
    """Whether the breaker was enabled (or given up): what belongs before that no longer comes."""
    return finished(state) or (state is not None and state.enabled_at is not None)


def finished(state: RolloutState | None) -> bool:
    """Whether the rollout was decided or rolled back."""
    return state is not None and state.stage in (Stage.DECIDED, Stage.ROLLED_BACK)


def unfilled(*, over: bool, said: Markdown = NOT_RECORDED) -> Markdown:
    """The seed's placeholder while the fact may still come, else that it didn't."""
    return said if over else PLACEHOLDER


def when(at: Instant, tz: tzinfo) -> Markdown:
    """Date, time and zone."""
    return phrase("{}", text.instant(at, tz))


def signed(actor: str, at: Instant, tz: tzinfo, system: SystemUser | None = None) -> Markdown:
    """Who (and under which account, where that is recorded), and when."""
    return phrase("by {}, {}", named(actor, system), text.instant(at, tz))


def named(actor: str, system: SystemUser | None) -> Markdown:
    """The name that was given, and the account of the operating system that gave it."""
    return phrase("{}", actor) if system is None else phrase("{} (account {})", actor, system.words)


def approvals(state: RolloutState | None, step: ApprovedStep, tz: tzinfo) -> tuple[Markdown, ...]:
    """Who approved the step, when, with which words and which key; whether it counted is the gate's to say."""
    return tuple(_approval(one, tz) for one in (state.approvals if state else ()) if one.given.step == step)


def _approval(one: ApprovalRecord, tz: tzinfo) -> Markdown:
    told = signed(one.actor, one.at, tz, one.system)
    if one.given.key is not None:
        told = phrase("{}, signed with the key {}", told, Markdown(f"`{one.given.key[:16]}`"))
    what = phrase("{}, of {}", told, Markdown(f"`{one.given.what[:12]}`"))
    return phrase("{}: {}", what, one.given.note) if one.given.note else what


def seals(state: RolloutState | None, tz: tzinfo) -> tuple[Markdown, ...]:
    """Who sealed how much of the record, when and with which key; `journal verify` says whether a seal is good."""
    return tuple(
        phrase(
            "Events 1 to {} sealed with the key {}, {}",
            str(one.sealed.covers),
            Markdown(f"`{one.sealed.key[:16]}`"),
            signed(one.actor, one.at, tz, one.system),
        )
        for one in (state.seals if state else ())
    )


def listed(items: Sequence[Markdown], otherwise: Markdown) -> Field:
    """One item stands behind its label, several stand in a list under it."""
    if not items:
        return Field(otherwise)
    if len(items) == 1:
        return Field(items[0])
    return Field(phrase("{} entries", len(items)), tuple(items))
