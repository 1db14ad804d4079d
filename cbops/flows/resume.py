"""`resume`: finish or abandon what is in flight, as the live policy says."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cbops.errors import AdminError, ChangedError
from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort
from cbops.flows.steps.disabling import disable
from cbops.flows.steps.enabling import finish, in_flight_said
from cbops.flows.steps.gates import Gate, set_aside_to_finish
from cbops.flows.steps.inflight import arrived_late, enabling
from cbops.flows.steps.loading import document, load
from cbops.flows.steps.orders import Order
from cbops.flows.steps.recording import Record, Who, recording
from cbops.flows.steps.scribe import scribe
from cbops.flows.steps.texts import clipped
from cbops.model.answers.canary import InFlight, ResumeAnswer
from cbops.model.base import JsonObject
from cbops.model.events_change import (
    EnableAbandoned,
    EnableIntended,
    EnableSetAside,
    PolicyReloaded,
    PolicyWritten,
)
from cbops.model.plan import OverrideNote
from cbops.model.state import EnableRecord, RollbackRecord, RolloutState, Stage

LATE = "an enabling reached the router after it was rolled back"


def resume(
    folder: Path, admin: AdminPort, who: Who, gate: Gate | None = None, override: tuple[str, ...] = ()
) -> Outcome[ResumeAnswer]:
    """Finish an enabling whose write arrived, abandon one whose write did not, finish a pending rollback.

    A write that is stored and not live is reloaded before it is judged. An abandoned enabling whose write
    the router took up late is found and finished too. `gate`: the freezes and approvals that an enabling, but
    no abandoning and no rollback, is held up by, unless `override` sets them aside, on record.
    Errors: BlockedError by the gate, AdminError when the live policy can't be read, ChangedError when it enables the breaker and is
    not what was written.
    """
    state = load(folder)
    if state.pending_rollback is not None:
        return _finish_rollback(folder, admin, who, state.pending_rollback)
    if state.stage is Stage.ROLLED_BACK and arrived_late(folder, state, lambda: admin) is not None:
        last = state.rollbacks[-1]
        return _take_back(folder, admin, who, Order(last.tenant, last.policy, last.scope, LATE))
    if state.stage is not Stage.ENABLING and not _arrived_late(folder, state, admin):
        return _nothing(state)
    with recording(folder, who) as (record, fresh), in_flight_said(record):
        if fresh.enable is None or fresh.stage not in (Stage.ENABLING, Stage.SELECTED):
            return _nothing(fresh)
        found = enabling(folder, fresh, fresh.enable, admin)
        # The write made it live, and the instant of the write is known no better than this.
        since = fresh.enable.reloaded_at or fresh.enable.written_at or fresh.enable.intended_at
        after = document(folder, fresh.enable.after)
        aside: tuple[OverrideNote, ...] = ()
        if gate is not None and (found.stored or found.live == "intended"):
            aside = set_aside_to_finish(gate, fresh, fresh.enable, after, override)
        if fresh.stage is Stage.SELECTED:
            _take_up(record, fresh.enable)
        if aside:
            record.append(EnableSetAside(overrides=aside))
        if found.stored and found.live != "intended":
            found, since = _reload(folder, record, admin, fresh.enable), who.clock.now()
        if found.live != "intended":
            return _abandon(record, found)
        return _finish(record, admin, who, after, found, since=since)


def _nothing(state: RolloutState) -> Outcome[ResumeAnswer]:
    return Outcome(
        data=ResumeAnswer(rollout=state.id, action="nothing", in_flight=None, version=state.enabled_version),
        headline=f"Nothing is in flight in {state.id}.",
        next_step="See where it stands: cbops canary status",
    )


def _arrived_late(folder: Path, state: RolloutState, admin: AdminPort) -> bool:
    """Whether an abandoned write is live after all; where the router can't be asked, it is as on record."""
    if state.stage is not Stage.SELECTED or state.enable is None or state.enable.abandoned is None:
        return False
    try:
        found = enabling(folder, state, state.enable, admin)
    except AdminError:
        return False
    # One that was written and given up was reloaded before: only its going live would be news.
    return found.live == "intended" or (found.stored and state.enable.written_at is None)


def _take_up(record: Record, old: EnableRecord) -> None:
    """The abandoned enabling again, whose write arrived after all."""
    record.append(
        EnableIntended(
            read_version=old.read_version,
            new_version=old.new_version,
            before=old.before,
            after=old.after,
            block=old.block,
            overrides=old.overrides,
        )
    )
    record.append(_arrived(record, old))


def _arrived(record: Record, old: EnableRecord) -> PolicyWritten:
    """The write whose answer nobody saw."""
    target = record.state.target
    return PolicyWritten(
        change="enable",
        tenant=target.tenant,
        policy=target.policy,
        new_version=old.written_version or old.new_version,
        previous_version=None,
    )


def _reload(folder: Path, record: Record, admin: AdminPort, old: EnableRecord) -> InFlight:
    """What is live after the reload that never came: some routers make a version live only then."""
    state = record.state
    if state.enable is not None and state.enable.written_at is None:
        record.append(_arrived(record, old))
    target = state.target
    admin.reload(target.tenant, target.policy)
    record.append(PolicyReloaded(change="enable", tenant=target.tenant, policy=target.policy))
    return enabling(folder, record.state, record.state.enable or old, admin)


def _finish(
    record: Record, admin: AdminPort, who: Who, after: JsonObject, found: InFlight, *, since: datetime
) -> Outcome[ResumeAnswer]:
    assert found.live_version is not None
    done = finish(record, admin, who, after, found.live_version, since=since)
    target = record.state.target
    return Outcome(
        data=ResumeAnswer(rollout=record.state.id, action="finished", in_flight=found, version=done.version),
        headline=f"Finished: the breaker of {target.policy} of {target.tenant} is live as {done.version}.",
        body=(f"  {found.sentence}", f"  {done.verification}"),
        next_step="Tomorrow, collect the first day: cbops monitor daily",
    )


def _abandon(record: Record, found: InFlight) -> Outcome[ResumeAnswer]:
    """Nothing of it acts: the live policy does not enable the breaker."""
    if found.enables:
        raise ChangedError(found.sentence, hint="Look at it: cbops policy show.")
    written = record.state.enable is not None and record.state.enable.written_at is not None
    why = "what was written is no longer live" if written else "the write did not arrive"
    record.append(EnableAbandoned(reason=clipped(f"{why}. {found.sentence}")))
    return Outcome(
        data=ResumeAnswer(
            rollout=record.state.id, action="abandoned", in_flight=found, version=found.live_version
        ),
        headline=f"{found.sentence} Abandoned, on record.",
        next_step="Start again: cbops canary enable",
    )


def _finish_rollback(
    folder: Path, admin: AdminPort, who: Who, pending: RollbackRecord
) -> Outcome[ResumeAnswer]:
    order = Order(pending.tenant, pending.policy, pending.scope, pending.reason, pending.restore)
    return _take_back(folder, admin, who, order)


def _take_back(folder: Path, admin: AdminPort, who: Who, order: Order) -> Outcome[ResumeAnswer]:
    with scribe(folder, who) as record:
        done = disable(admin, record, order)
        rollout = record.state.id if record.state else folder.name
    version = next((each.version for each in done.policies if each.policy == order.policy), None)
    return Outcome(
        data=ResumeAnswer(rollout=rollout, action="finished", in_flight=None, version=version),
        headline=f"Finished: the rollback of {rollout}; {done.told}.",
        body=tuple(f"  {each.tenant}/{each.policy}: {each.version}" for each in done.policies),
        warnings=(*done.warnings, *order.warnings, *record.kept().warnings),
        next_step="Prove that the breaker no longer acts (harmless to repeat): cbops rollback --wait 5m",
    )
