"""Steps of the fold that change the live policy, and so the stage: enabling, adopting, rolling back."""

from __future__ import annotations

from cbops.model.events import Entry
from cbops.model.events_change import (
    BreakerAdopted,
    EnableAbandoned,
    EnableDone,
    EnableIntended,
    EnableSetAside,
    PolicyReloaded,
    PolicyWritten,
    RollbackDone,
    RollbackFailed,
    RollbackIntended,
    RollbackProof,
)
from cbops.model.state import EnableRecord, RollbackRecord, RolloutState, Stage
from cbops.rollout.fold_base import Changes, refuse, require_stage


def enable_intended(state: RolloutState, entry: Entry, event: EnableIntended) -> Changes:
    require_stage(state, entry, Stage.SELECTED)
    record = EnableRecord(
        intended_at=entry.at,
        actor=entry.actor,
        system=entry.system,
        read_version=event.read_version,
        new_version=event.new_version,
        before=event.before,
        after=event.after,
        block=event.block,
        overrides=event.overrides,
    )
    return {"stage": Stage.ENABLING, "enable": record}


def policy_written(state: RolloutState, entry: Entry, event: PolicyWritten) -> Changes:
    if event.change == "enable":
        enabling = _enabling(state, entry, event.tenant, event.policy)
        written = {
            "written_at": entry.at,
            "written_version": event.new_version,
            "previous_version": event.previous_version,
        }
        return {"enable": enabling.model_copy(update=written)}
    pending = _pending(state, entry)
    if not _concerns(pending, event.tenant, event.policy):
        return {}
    return _last_rollback(state, pending.model_copy(update={"written_version": event.new_version}))


def policy_reloaded(state: RolloutState, entry: Entry, event: PolicyReloaded) -> Changes:
    if event.change == "enable":
        enabling = _enabling(state, entry, event.tenant, event.policy)
        return {"enable": enabling.model_copy(update={"reloaded_at": entry.at})}
    pending = _pending(state, entry)
    if not _concerns(pending, event.tenant, event.policy):
        return {}
    return _last_rollback(state, pending.model_copy(update={"reloaded_at": entry.at}))


def enable_done(state: RolloutState, entry: Entry, event: EnableDone) -> Changes:
    record = _enabling(state, entry)
    done = record.model_copy(update={"done_at": entry.at, "verification": event.verification})
    return {
        "stage": Stage.MONITORING,
        "enable": done,
        "enabled_at": event.enabled_at,
        "enabled_version": event.version,
        "block": record.block,
        "document": record.after,
    }


def enable_set_aside(state: RolloutState, entry: Entry, event: EnableSetAside) -> Changes:
    record = _enabling(state, entry)
    return {"enable": record.model_copy(update={"overrides": (*record.overrides, *event.overrides)})}


def enable_abandoned(state: RolloutState, entry: Entry, event: EnableAbandoned) -> Changes:
    record = _enabling(state, entry)
    return {"stage": Stage.SELECTED, "enable": record.model_copy(update={"abandoned": event.reason})}


def breaker_adopted(state: RolloutState, entry: Entry, event: BreakerAdopted) -> Changes:
    require_stage(state, entry, Stage.SELECTED)
    return {
        "stage": Stage.MONITORING,
        "enabled_at": event.enabled_at,
        "enabled_version": event.version,
        "block": event.block,
        "document": event.document,
    }


def rollback_intended(state: RolloutState, entry: Entry, event: RollbackIntended) -> Changes:
    """From any stage. Intended again while pending, it is the same rollback, taken up once more."""
    pending = state.pending_rollback
    if pending and _concerns(pending, event.tenant, event.policy):
        changes = _last_rollback(
            state, pending.model_copy(update={"scope": event.scope, "restore": event.restore})
        )
        changes["stage"] = Stage.ROLLING_BACK
        return changes
    record = RollbackRecord(
        intended_at=entry.at,
        actor=entry.actor,
        system=entry.system,
        reason=event.reason,
        tenant=event.tenant,
        policy=event.policy,
        scope=event.scope,
        restore=event.restore,
    )
    return {"stage": Stage.ROLLING_BACK, "rollbacks": (*state.rollbacks, record)}


def rollback_done(state: RolloutState, entry: Entry, event: RollbackDone) -> Changes:
    done = _pending(state, entry).model_copy(
        update={
            "done_at": entry.at,
            "version": event.version,
            "disabled_at": event.disabled_at,
            "verification": event.verification,
        }
    )
    changes = _last_rollback(state, done)
    still_pending = any(record.done_at is None for record in changes["rollbacks"])
    changes["stage"] = Stage.ROLLING_BACK if still_pending else Stage.ROLLED_BACK
    # Found disabled already by an earlier rollback: the breaker has been off since that one.
    if event.written or state.disabled_at is None:
        changes["disabled_at"] = event.disabled_at
    return changes


def rollback_failed(state: RolloutState, entry: Entry, event: RollbackFailed) -> Changes:
    pending = _pending(state, entry)
    failures = (*pending.failures, f"{event.step}: {event.error}")
    return _last_rollback(state, pending.model_copy(update={"failures": failures}))


def rollback_proof(state: RolloutState, entry: Entry, event: RollbackProof) -> Changes:
    """Of the last rollback; a later proof replaces an earlier one."""
    if not state.rollbacks:
        raise refuse(entry, "there was no rollback to prove")
    return _last_rollback(state, state.rollbacks[-1].model_copy(update={"proof": event}))


def _enabling(
    state: RolloutState, entry: Entry, tenant: str | None = None, policy: str | None = None
) -> EnableRecord:
    """The enabling in flight; a policy other than the target's is none of it."""
    require_stage(state, entry, Stage.ENABLING)
    target = state.target
    if state.enable is None or (tenant or target.tenant, policy or target.policy) != (
        target.tenant,
        target.policy,
    ):
        raise refuse(entry, f"the rollout is about the policy '{target.policy}' of '{target.tenant}'")
    return state.enable


def _pending(state: RolloutState, entry: Entry) -> RollbackRecord:
    pending = state.pending_rollback
    if pending is None:
        raise refuse(entry, "no rollback is pending")
    return pending


def _concerns(record: RollbackRecord, tenant: str, policy: str) -> bool:
    return (record.tenant, record.policy) == (tenant, policy)


def _last_rollback(state: RolloutState, record: RollbackRecord) -> Changes:
    return {"rollbacks": (*state.rollbacks[:-1], record)}
