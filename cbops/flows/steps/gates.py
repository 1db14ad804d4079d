"""What the configuration puts before enabling and proceeding: other people's approval, and change freezes.

Nothing of it is asked before a rollback.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cbops.errors import BlockedError, UsageError
from cbops.flows.steps.recording import Who, canonical
from cbops.flows.steps.requirements import APPROVAL, FREEZE
from cbops.flows.steps.texts import MAX_REASON, said
from cbops.flows.steps.wording import plural
from cbops.journal.signing import is_signed
from cbops.model.answers.canary import Requirement
from cbops.model.base import JsonObject
from cbops.model.config import Config
from cbops.model.config_safeguards import ApprovalsConfig, FreezeConfig
from cbops.model.events_safeguards import ApprovalGiven, ApprovedStep
from cbops.model.plan import EnablePlan, OverrideNote
from cbops.model.seal import approval_statement
from cbops.model.state import EnableRecord, RolloutState
from cbops.model.tenant import Target
from cbops.rollout.approving import Asked, Signed, count
from cbops.rollout.freezing import Freeze, frozen


@dataclass(frozen=True, slots=True)
class Gate:
    """The rules, and who wants to pass."""

    approvals: ApprovalsConfig
    freezes: tuple[FreezeConfig, ...]
    trusted: dict[str, str]  # public keys by name
    timezone: str
    who: Who

    @classmethod
    def of(cls, config: Config, who: Who) -> Gate:
        """As the configuration says."""
        return cls(config.approvals, config.freezes, config.signing.trusted, config.timezone, who)


def plan_digest(plan: EnablePlan) -> str:
    """What an approval of enabling is about: exactly this document, as this version, in place of that one."""
    return _change_digest(plan.target, plan.read_version, plan.new_version, plan.after)


def _change_digest(target: Target, read_version: str, new_version: str, after: JsonObject) -> str:
    told = {
        "target": target.model_dump(),
        "read_version": read_version,
        "new_version": new_version,
        "after": after,
    }
    return hashlib.sha256(canonical(told).encode()).hexdigest()


def enable_gates(
    gate: Gate | None, state: RolloutState, plan: EnablePlan, overrides: tuple[OverrideNote, ...] = ()
) -> tuple[Requirement, ...]:
    """The freeze and the approvals as requirements, where the configuration asks for them."""
    if gate is None:
        return ()
    return (*_freeze(gate, overrides), *_approved(gate, state, _now(gate, "enable", plan_digest(plan))))


def set_aside_to_finish(
    gate: Gate, state: RolloutState, begun: EnableRecord, after: JsonObject, texts: Iterable[str]
) -> tuple[OverrideNote, ...]:
    """What has to be set aside, with its reason, before an enabling that was begun is finished.

    A freeze that is on now; approvals that the one who began it lacked then. What was set aside at the beginning stays
    so. BlockedError for what no reason sets aside; UsageError for one that names nothing of it.
    """
    digest = _change_digest(state.target, begun.read_version, begun.new_version, after)
    then = Asked("enable", digest, begun.actor, begun.system, begun.intended_at)
    asked = (*_freeze(gate, begun.overrides), *_approved(gate, state, then))
    known = {note.requirement for note in begun.overrides}
    still = [each for each in asked if not each.met and each.name not in known]
    reasons = _named_reasons(texts)
    left = [each for each in still if each.name not in reasons]
    if left:
        ways = " ".join(f"--override {each.name}=REASON" for each in left)
        raise BlockedError(
            f"finishing the enabling is blocked: {'; '.join(each.detail for each in left)}",
            hint=f"Take it back, which nothing blocks: cbops rollback. Or go on, on record: cbops resume {ways}",
        )
    return tuple(OverrideNote(requirement=each.name, reason=reasons[each.name]) for each in still)


def _named_reasons(texts: Iterable[str]) -> dict[str, str]:
    """`freeze=REASON`, `approval=REASON`."""
    found = {}
    for text in texts:
        name, _, reason = text.partition("=")
        if name.strip() not in (FREEZE, APPROVAL) or not reason.strip():
            raise UsageError(
                f"--override {text[:80]!r} sets nothing aside",
                hint=f"Write --override {FREEZE}=REASON or --override {APPROVAL}=REASON.",
            )
        found[name.strip()] = said(reason, "the reason of --override", MAX_REASON)
    return found


def require_approved(gate: Gate, state: RolloutState, step: ApprovedStep, what: str) -> None:
    """BlockedError while a step lacks approvals; it can't be set aside."""
    for each in _approved(gate, state, _now(gate, step, what)):
        if not each.met:
            raise BlockedError(
                f"{step} is blocked: {each.detail}", hint=f"Another person runs: cbops canary approve {step}"
            )


def _freeze(gate: Gate, overrides: tuple[OverrideNote, ...]) -> tuple[Requirement, ...]:
    if not gate.freezes:
        return ()
    on = frozen(gate.freezes, gate.who.clock.now(), gate.timezone)
    told = (
        f"a change freeze is on: {', then '.join(map(_freeze_told, on))}" if on else "no change freeze is on"
    )
    reason = next((note.reason for note in overrides if note.requirement == FREEZE), None)
    return (Requirement(name=FREEZE, met=not on, detail=told, override=reason),)


def _freeze_told(freeze: Freeze) -> str:
    local = freeze.local
    zone = str(local.tzinfo)
    utc = "" if zone == "UTC" else f" ({freeze.end:%Y-%m-%d %H:%M} UTC)"
    return f"'{freeze.name}' until {local:%a %Y-%m-%d %H:%M} {zone}{utc}"


def _now(gate: Gate, step: ApprovedStep, what: str) -> Asked:
    who = gate.who
    return Asked(step, what, who.actor, who.system, who.clock.now())


def _approved(gate: Gate, state: RolloutState, asked: Asked) -> tuple[Requirement, ...]:
    wanted = (gate.approvals.enable if asked.step == "enable" else gate.approvals.proceed) - 1
    if wanted == 0:
        return ()
    counted = count(state.approvals, asked, gate.approvals, _signed(state.id, gate.trusted))
    told = (
        f"approved by {', '.join(counted.approvers) or 'nobody else'}; "
        f"{plural(wanted, 'approval')} of other people {'is' if wanted == 1 else 'are'} needed"
    )
    if counted.passed_over:
        told += f"; what doesn't count: {'; '.join(counted.passed_over)}"
    return (Requirement(name=APPROVAL, met=len(counted.approvers) >= wanted, detail=told, override=None),)


def _signed(rollout: str, trusted: dict[str, str]) -> Signed:
    names = {key: name for name, key in trusted.items()}

    def name_of(given: ApprovalGiven) -> str | None:
        if given.key is None or given.signature is None or given.key not in names:
            return None
        statement = approval_statement(rollout, given.step, given.what, given.key)
        return names[given.key] if is_signed(statement, key=given.key, signature=given.signature) else None

    return name_of
