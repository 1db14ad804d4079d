"""`rollback`: disable → reload → read back → proof; nothing of cbops' own stands in its way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from cbops.errors import AdminAnswerError, AdminError, AdminMissingError, AdminUnreachableError
from cbops.rollout.planning import live_version
from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort, SamplePort
from cbops.flows.steps.proving import Proving, prove
from cbops.flows.steps.recording import Who
from cbops.flows.steps.scribe import Scribe, scribe
from cbops.flows.steps.wording import change_line, plural
from cbops.model.answers.canary import RollbackAnswer, RolledBackPolicy
from cbops.model.config import MetricsConfig
from cbops.model.events import (
    PolicyReloaded,
    PolicyWritten,
    RollbackDone,
    RollbackFailed,
    RollbackIntended,
    RollbackProof,
)
from cbops.model.policy import PolicyVersion, breaker_block, differences
from cbops.model.state import Stage
from cbops.rollout.planning import plan_disable

Scope = Literal["policy", "tenant", "global"]
ATTEMPTS = 5  # how often someone else may write in between before a person must look


@dataclass(frozen=True, slots=True)
class RollbackRequest:
    """What to disable; `folder` null: no rollout is known."""

    folder: Path | None
    rollout: str | None
    tenant: str
    policy: str
    scope: Scope
    reason: str
    wait_seconds: float


def planned(admin: AdminPort, request: RollbackRequest) -> tuple[str, ...]:
    """What a rollback would do now, in words, for the person who is asked; nothing is written.

    A router that can't be read is said, not raised: the rollback itself puts that on record.
    """
    if request.scope == "global":
        return ("  disable every breaker of the router by its global switch",)
    lines = []
    try:
        histories = [(policy, admin.history(request.tenant, policy)) for policy in _policies(admin, request)]
    except AdminError as error:
        return (f"  what is live could not be read: {error.message}",)
    for policy, history in histories:
        change = plan_disable(history)
        if change is None:
            lines.append(f"  {request.tenant}/{policy}: its breaker is disabled already")
            continue
        before, after, version = change
        told = "; ".join(change_line(each) for each in differences(before, after))
        lines.append(f"  {request.tenant}/{policy} → {version}: {told}")
    return tuple(lines)


def rollback(
    admin: AdminPort, samples: SamplePort | None, metrics: MetricsConfig, who: Who, request: RollbackRequest, warnings: tuple[str, ...] = ()
) -> Outcome[RollbackAnswer]:
    """Disable, reload, read back, prove; from any state, and harmless when repeated.

    Exit status 0 when the metrics prove that the breaker no longer acts, 7 while that is unproven.
    Errors: AdminError when the router can't be told; the rollback then stays pending on record, and the
    hint says what to do by hand.
    """
    with scribe(request.folder, who) as record:
        try:
            finished = _finished_before(admin, record, request)
            if finished is None:
                record.note(
                    RollbackIntended(reason=request.reason, tenant=request.tenant, policy=request.policy)
                )
                done = _disable(admin, record, request)
                since = disabled_at = who.clock.now()
                record.note(_done_event(done, disabled_at, request))
            else:
                done, disabled_at, since = finished
        except AdminError as error:
            record.note(RollbackFailed(step="disable", error=error.message))
            raise _by_hand(error, record, request) from error
        proof = prove(samples, metrics, who.clock, _proving(request, since))
        record.note(proof)
    return _outcome(request, done, disabled_at, proof, record, warnings)


def _policies(admin: AdminPort, request: RollbackRequest) -> tuple[str, ...]:
    if request.scope == "policy":
        return (request.policy,)
    named = [info.policy for info in admin.policies(request.tenant)]
    return tuple(dict.fromkeys([request.policy, *named]))


def _finished_before(
    admin: AdminPort, record: Scribe, request: RollbackRequest
) -> tuple[tuple[RolledBackPolicy, ...], datetime, datetime] | None:
    """A rollback that is done and still holds: (policies, disabled at, since when it can be proven)."""
    state = record.state
    if state is None or state.stage is not Stage.ROLLED_BACK or request.scope == "global":
        return None
    last = state.rollbacks[-1]
    if last.disabled_at is None or (last.tenant, last.policy) != (request.tenant, request.policy):
        return None
    found = []
    for policy in _policies(admin, request):
        history = admin.history(request.tenant, policy)
        live = live_version(history)
        if live is None or plan_disable(history) is not None:
            return None
        found.append(
            RolledBackPolicy(
                tenant=request.tenant, policy=policy, version=live.version, written=False, changes=()
            )
        )
    return tuple(found), last.disabled_at, last.reloaded_at or last.disabled_at


def _disable(admin: AdminPort, record: Scribe, request: RollbackRequest) -> tuple[RolledBackPolicy, ...]:
    if request.scope == "global":
        admin.disable_all()
        return ()
    done: list[RolledBackPolicy] = []
    failures: list[AdminError] = []
    for policy in _policies(admin, request):
        try:
            done.append(_disable_policy(admin, record, request.tenant, policy))
        except AdminMissingError as error:
            # A policy that was deleted meanwhile enables nothing; the one asked for must exist.
            if policy == request.policy:
                failures.append(error)
        except AdminError as error:
            failures.append(error)
    if failures:
        raise failures[0]
    return tuple(done)


def _disable_policy(admin: AdminPort, record: Scribe, tenant: str, policy: str) -> RolledBackPolicy:
    """One policy: write `enabled: false` until what is live has it, then reload and read back."""
    changes: tuple[tuple[str, ...], ...] = ()
    first: PolicyVersion | None = None
    for _ in range(ATTEMPTS):
        history = admin.history(tenant, policy)
        first = first or live_version(history)
        change = plan_disable(history)
        if change is not None:
            _put(admin, record, (tenant, policy), change)
        admin.reload(tenant, policy)
        record.note(PolicyReloaded(change="rollback", tenant=tenant, policy=policy))
        live = live_version(admin.history(tenant, policy))
        if live is None or breaker_block(live.document).get("enabled") is not True:
            return RolledBackPolicy(
                tenant=tenant,
                policy=policy,
                version=live.version if live else "none",
                written=first is not None and live is not None and live.version != first.version,
                changes=differences(first.document, live.document) if first and live else (),
            )
        changes = (*changes, (live.version,))
    raise AdminAnswerError(
        f"{tenant}/{policy} still enables the breaker after {plural(ATTEMPTS, 'attempt')}; live now: "
        + ", ".join(version for (version,) in changes),
        hint="Someone or something writes it back. Find out who: cbops policy show",
    )


def _put(
    admin: AdminPort,
    record: Scribe,
    key: tuple[str, str],
    change: tuple[dict[str, object], dict[str, object], str],
) -> None:
    """One write. A conflict of versions or a lost answer is settled by reading again, which the caller does."""
    _, after, version = change
    tenant, policy = key
    try:
        answer = admin.put(tenant, policy, after, version=version, comment=f"cbops rollback by {record.actor}")
    except (AdminAnswerError, AdminUnreachableError) as error:
        record.note(RollbackFailed(step="write", error=error.message))
        return
    record.note(
        PolicyWritten(
            change="rollback",
            tenant=tenant,
            policy=policy,
            new_version=answer.new_version,
            previous_version=answer.previous_version,
        )
    )


def _done_event(done: tuple[RolledBackPolicy, ...], at: datetime, request: RollbackRequest) -> RollbackDone:
    own = next((each for each in done if each.policy == request.policy), None)
    told = ", ".join(f"{each.tenant}/{each.policy} {each.version}" for each in done)
    return RollbackDone(
        version=own.version if own else "none",
        disabled_at=at,
        written=any(each.written for each in done),
        verification=f"read back: no longer enables the breaker ({told})"
        if done
        else "the global switch was answered; no policy was read back",
    )


def _proving(request: RollbackRequest, reloaded_at: datetime) -> Proving:
    return Proving(
        tenant=request.tenant, policy=request.policy, reloaded_at=reloaded_at, wait_seconds=request.wait_seconds
    )


def _by_hand(error: AdminError, record: Scribe, request: RollbackRequest) -> AdminError:
    """The same error, with what a person can do now."""
    on_record = (
        "The rollback is pending on record; run 'cbops rollback' again to finish it."
        if not record.unwritten
        else f"It could not be put on record ({record.reason})."
    )
    steps = (
        f"By hand: in the live policy {request.policy} of {request.tenant} set circuit_breaker.enabled to "
        "false (nothing else), store it as the next version (PUT /{tenant}/{policy}, or the policy file "
        "<dir>/<tenant>/<policy>.json), reload it (POST …/reload), and check that the history's active "
        "version has it. A restart of the router closes its circuits, but does not disable the breaker."
    )
    return type(error)(f"the rollback did not get through: {error.message}", hint=f"{on_record} {steps}")


def _outcome(
    request: RollbackRequest,
    done: tuple[RolledBackPolicy, ...],
    disabled_at: datetime,
    proof: RollbackProof,
    record: Scribe,
    said: tuple[str, ...],
) -> Outcome[RollbackAnswer]:
    lines = [
        f"  {each.tenant}/{each.policy}: {each.version}"
        + ("" if each.written else " (was disabled already)")
        + "".join(f"\n    {change_line(change)}" for change in each.changes)
        for each in done
    ]
    lines.append(f"  {'Proven' if proof.proven else 'Unproven'}: {proof.summary}")
    warnings = list(said)
    if record.unwritten:
        warnings.append(
            f"the record could not be written ({record.reason}); keep it, the next run reconciles: "
            + " ".join(str(event) for event in record.unwritten)
        )
    what = "every breaker (global switch)" if request.scope == "global" else f"{request.tenant}/{request.policy}"
    return Outcome(
        data=RollbackAnswer(
            rollout=request.rollout,
            scope=request.scope,
            policies=done,
            disabled_at=disabled_at,
            proof=proof,
            unwritten=tuple(record.unwritten),
        ),
        headline=f"Rolled back: {what} no longer enables the breaker."
        if proof.proven
        else f"Rolled back: {what} is disabled and read back; that it no longer acts is not proven yet.",
        body=tuple(lines),
        warnings=tuple(warnings),
        next_step="Say what was learnt: cbops lesson add --kind improve TEXT"
        if proof.proven
        else "Prove it when there was traffic (harmless to repeat): cbops rollback --wait 300",
        exit_status=0 if proof.proven else 7,
    )
