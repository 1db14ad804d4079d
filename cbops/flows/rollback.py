"""`rollback`: disable → reload → read back → proof; nothing of cbops' own stands in its way."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from cbops.errors import AdminError, CbopsError
from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort, SamplePort
from cbops.flows.steps.disabling import disable
from cbops.flows.steps.live import live_history, policies_of
from cbops.flows.steps.notifying import rollback_announced, settle
from cbops.flows.steps.orders import STILL_ENABLED, Order, by_hand
from cbops.flows.steps.proving import Proving, Told, prove, to_check
from cbops.flows.steps.recording import Who
from cbops.flows.steps.restoring import notes, plan
from cbops.flows.steps.scribe import Kept, Scribe, scribe
from cbops.flows.steps.wording import change_line, change_lines
from cbops.journal.writer import WAIT_SECONDS
from cbops.model.answers.canary import RollbackAnswer, RolledBackPolicy
from cbops.model.config import MetricsConfig
from cbops.model.events_change import RollbackProof, RollbackScope
from cbops.model.policy import differences
from cbops.model.state import Stage
from cbops.rollout.planning import armed_version, live_version

Scope = RollbackScope
HURRY_SECONDS = 0.5  # to wait for whoever holds the record, before it is disabled without one


@dataclass(frozen=True, slots=True)
class RollbackRequest:
    """What to disable; `folder` null: no rollout is known. Tenant and policy may be `*` in a wider scope."""

    folder: Path | None
    rollout: str | None
    tenant: str
    policy: str
    scope: Scope
    reason: str
    wait_seconds: float
    restore: str | None = None  # the version to restore as a whole; null: the breaker is only disabled

    @property
    def order(self) -> Order:
        """What the steps need of it."""
        return Order(self.tenant, self.policy, self.scope, self.reason, self.restore)


@dataclass(frozen=True, slots=True)
class _Done:
    """Disabled by this run or by an earlier one; it can be proven from `since` on."""

    policies: tuple[RolledBackPolicy, ...]
    disabled_at: datetime
    since: datetime
    warnings: tuple[str, ...] = ()
    kept: Kept = field(default_factory=Kept)


def planned(admin: AdminPort, request: RollbackRequest) -> tuple[str, ...]:
    """What a rollback would do now, in words, for the person who is asked; nothing is written.

    A router that can't be read is said, not raised: the rollback itself puts that on record.
    """
    if request.scope == "global":
        return ("  disable every breaker of the router by its global switch",)
    try:
        policies = _policies(admin, request)
    except CbopsError as error:
        return (f"  what is live could not be read: {error.message}",)
    lines = [
        f"  {request.tenant}/{_planned(admin, request.tenant, policy, request.restore)}"
        for policy in policies
    ]
    return (*lines, *_undone(admin, request))


def _undone(admin: AdminPort, request: RollbackRequest) -> tuple[str, ...]:
    """What else a restored version undoes."""
    if request.restore is None:
        return ()
    try:
        history = live_history(admin, request.tenant, request.policy)
    except CbopsError as error:
        return (f"  what it undoes could not be read: {error.message}",)
    return tuple(f"  {note}" for note in notes(history, request.restore))


def _planned(admin: AdminPort, tenant: str, policy: str, restore: str | None) -> str:
    try:
        history = live_history(admin, tenant, policy)
    except CbopsError as error:
        return f"{policy}: what is live could not be read: {error.message}"
    change, armed = plan(history, restore), armed_version(history)
    if change is None:
        return f"{policy}: its breaker is disabled already"
    before, after, version = change
    told = [change_line(each) for each in differences(before, after)] or ["as it is, once more"]
    if armed is not None:
        told.append(f"{armed.version}, which enables the breaker and is stored, can't go live any more")
    return f"{policy} → {version}: {'; '.join(told)}"


def rollback(
    admin: AdminPort,
    samples: SamplePort | None,
    metrics: MetricsConfig,
    who: Who,
    request: RollbackRequest,
    *,
    warnings: tuple[str, ...] = (),
    told: Told | None = None,
) -> Outcome[RollbackAnswer]:
    """Disable, reload, read back, prove; from any state, and harmless when repeated. `told` hears how the wait goes.

    Exit status 0 when the metrics prove that the breaker no longer acts, 7 while that is unproven.
    Errors: AdminError when the router can't be told, ChangedError when someone keeps enabling it, InputError
    for an id that no call can carry; the rollback then stays pending on record, and the hint says what to do
    by hand.
    """
    with rollback_announced(who, request.folder, request.order):
        done = _carry_out(admin, who, request)
    # The lock is free while the proof is waited for.
    proof = _prove(samples, metrics, who, request, done, told)
    done = _with_proof(who, request, done, proof)
    settle(request.folder, who)
    return _outcome(request, done, proof, (*warnings, *done.warnings))


def _policies(admin: AdminPort, request: RollbackRequest) -> tuple[str, ...]:
    if request.scope == "policy":
        return (request.policy,)
    return policies_of(admin, request.tenant, request.policy)


def _carry_out(admin: AdminPort, who: Who, request: RollbackRequest) -> _Done:
    """Disable, or find that it is done. Where another process held the record, once more when it is free:
    that puts it on record, and takes back what that process enabled meanwhile.
    """
    first, locked = _once(admin, who, request, HURRY_SECONDS)
    if not locked:
        return first
    try:
        again, locked = _once(admin, who, request, WAIT_SECONDS)
    except CbopsError as error:
        return replace(first, warnings=(*first.warnings, f"it could not be looked at again: {error.message}"))
    kept = first if locked else again
    written = {each.policy: each for each in first.policies if each.written}
    policies = tuple(each if each.written else written.get(each.policy, each) for each in again.policies)
    return replace(kept, policies=policies)


def _once(admin: AdminPort, who: Who, request: RollbackRequest, wait_seconds: float) -> tuple[_Done, bool]:
    """(what was done, whether another process held the record)."""
    with scribe(request.folder, who, wait_seconds=wait_seconds) as record:
        finished = _finished_before(admin, record, request)
        if finished is not None:
            return finished, False
        done = disable(admin, record, request.order)
        return (
            _Done(
                policies=done.policies,
                disabled_at=done.disabled_at,
                since=who.clock.now(),
                warnings=done.warnings,
                kept=record.kept(),
            ),
            record.locked,
        )


def _finished_before(admin: AdminPort, record: Scribe, request: RollbackRequest) -> _Done | None:
    """A rollback that is done on record and still holds. AdminError when that can't be looked at."""
    state = record.state
    if state is None or state.stage is not Stage.ROLLED_BACK:
        return None
    last = state.rollbacks[-1]
    if last.disabled_at is None or (last.tenant, last.policy) != (request.tenant, request.policy):
        return None
    try:
        found = _still_disabled(admin, request, last.scope)
    except AdminError as error:
        raise _not_looked_at(error, record, request, last.disabled_at) from error
    except CbopsError:
        return None  # one policy that can't be asked for keeps no other from being looked at
    since = last.reloaded_at or last.disabled_at
    return None if found is None else _Done(policies=found, disabled_at=last.disabled_at, since=since)


def _still_disabled(
    admin: AdminPort, request: RollbackRequest, before: Scope
) -> tuple[RolledBackPolicy, ...] | None:
    """The policies as they are, None when something is to be done; the switch is simply thrown again."""
    if request.scope == "global":
        if before != "global":
            return None
        admin.disable_all()
        return ()
    if before == "global":
        return None  # the switch left the policies as they were, and the record says nothing of them
    found = []
    for policy in _policies(admin, request):
        history = live_history(admin, request.tenant, policy)
        live = live_version(history)
        if live is None or plan(history, request.restore) is not None:
            return None
        found.append(
            RolledBackPolicy(
                tenant=request.tenant, policy=policy, version=live.version, written=False, changes=()
            )
        )
    return tuple(found)


def _not_looked_at(
    error: AdminError, record: Scribe, request: RollbackRequest, disabled_at: datetime
) -> AdminError:
    """It is done on record; only whether it still holds is not known."""
    helped = by_hand(error, record, request.order)
    return type(error)(
        f"the rollback was done at {disabled_at:%Y-%m-%d %H:%M:%S} UTC, on record; whether it still holds "
        f"could not be looked at: {error.message}",
        hint=helped.hint.replace("The rollback is pending on record; run", "Run").replace(
            "to finish it", "to look"
        ),
        details=helped.details,
    )


def _prove(  # noqa: PLR0917 - each is one thing of its own
    samples: SamplePort | None,
    metrics: MetricsConfig,
    who: Who,
    request: RollbackRequest,
    done: _Done,
    told: Told | None,
) -> RollbackProof:
    wanted = Proving(
        tenant=request.tenant,
        policy=request.policy,
        reloaded_at=done.since,
        wait_seconds=request.wait_seconds,
    )
    return prove(samples, metrics, who.clock, wanted, told)


def _with_proof(who: Who, request: RollbackRequest, done: _Done, proof: RollbackProof) -> _Done:
    """The proof goes where the rest of the record went."""
    with scribe(None if done.kept.unwritten else request.folder, who) as record:
        record.note(proof)
    if not done.kept.unwritten:
        return replace(done, kept=record.kept())
    both = (*done.kept.unwritten, *record.unwritten)
    return replace(done, kept=replace(done.kept, unwritten=both))


def _outcome(
    request: RollbackRequest, done: _Done, proof: RollbackProof, warnings: tuple[str, ...]
) -> Outcome[RollbackAnswer]:
    lines = [
        f"  {each.tenant}/{each.policy}: {each.version}"
        + ("" if each.written else " (was disabled already)")
        + change_lines(each.changes)
        for each in done.policies
    ]
    lines.append(f"  {proof.summary}")
    what = request.order.what
    headline = (
        f"Rolled back: the breaker of {what} no longer acts."
        if proof.proven
        else f"Rolled back: the breaker of {what} is disabled and read back; "
        "that it no longer acts is not proven yet."
    )
    if request.scope == "global":
        known = "proven" if proof.proven else "not proven yet"
        headline = f"Rolled back by the global switch: that no breaker acts is {known}; {STILL_ENABLED}."
    if not proof.proven:
        lines += to_check(request.tenant, request.policy, proof.since or done.since)
    return Outcome(
        data=RollbackAnswer(
            rollout=request.rollout,
            scope=request.scope,
            policies=done.policies,
            disabled_at=done.disabled_at,
            proof=proof,
            unwritten=done.kept.unwritten,
            restore=request.restore,
        ),
        headline=headline,
        # What could not be written stands at the line's start, so that it can be kept as it is.
        body=(*lines, *done.kept.lines),
        warnings=(*warnings, *request.order.warnings, *done.kept.warnings),
        next_step="Say what was learnt: cbops lesson add --kind improve TEXT"
        if proof.proven
        else "Prove it when there was traffic (harmless to repeat): cbops rollback --wait 5m",
        exit_status=0 if proof.proven else 7,
    )
