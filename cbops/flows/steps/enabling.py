"""The steps of enabling, shared by `canary enable` and `resume`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

from cbops.errors import AdminError, AdminUnreachableError, CbopsError, ChangedError
from cbops.flows.ports import AdminPort
from cbops.flows.steps.live import numbered_history
from cbops.flows.steps.recording import Record, Who
from cbops.flows.steps.texts import clipped
from cbops.flows.steps.wording import change_lines
from cbops.model.base import JsonObject
from cbops.model.events_change import EnableAbandoned, EnableDone, PolicyReloaded, PolicyWritten
from cbops.model.plan import EnablePlan
from cbops.model.policy import differences, parse_version
from cbops.model.state import Stage
from cbops.model.tenant import Target
from cbops.rollout.planning import is_intended, live_version, same_document, stored_version, written_over


@contextmanager
def in_flight_said(record: Record) -> Iterator[None]:
    """Whatever fails while the enabling is in flight says so, and how to get out of it."""
    try:
        yield
    except CbopsError as error:
        if record.state.stage is not Stage.ENABLING:
            raise
        raise type(error)(
            f"the enabling is in flight, and its end is not on record: {error.message}",
            hint=f"{error.hint} Then look (cbops canary status) and go on: cbops resume. "
            "To take it back at once: cbops rollback",
        ) from error


def require_unchanged(admin: AdminPort, plan: EnablePlan) -> None:
    """The live policy must still be the one that the plan was made of, and its next version free."""
    history = numbered_history(admin, plan.target.tenant, plan.target.policy)
    live = live_version(history)
    same = live is not None and live.version == plan.read_version
    changes = differences(plan.before, live.document if live else {})
    new = parse_version(plan.new_version)
    newer = [each for each in history if parse_version(each.version) >= new]
    if same and not changes and not newer:
        return
    found = live.version if live else "none"
    told = f"{plan.read_version} was read, {found} is live" + change_lines(changes)
    if newer:
        told += f"; {newer[0].version} was written meanwhile"
        told += change_lines(differences(plan.before, newer[0].document)) if not changes else ""
    raise ChangedError(
        f"the policy changed after it was read: {told}",
        hint="Nothing was written. Look at the new plan: cbops canary enable",
    )


def write(record: Record, admin: AdminPort, who: Who, plan: EnablePlan) -> str:
    """One PUT, never repeated; returns the version that was written.

    A refused write is abandoned on record. Errors: AdminError, ChangedError (someone else wrote).
    """
    target = plan.target
    try:
        answer = admin.put(
            target.tenant,
            target.policy,
            plan.after,
            version=plan.new_version,
            comment=record.anchored(f"cbops {who.command} by {who.actor}"),
        )
    except AdminUnreachableError as error:
        return _lost_answer(record, admin, plan, error)
    except AdminError as error:
        if _is_stored(admin, plan):  # a gateway in between may answer with an error of its own
            record.append(_written(target, plan.new_version, None))
            return plan.new_version
        record.append(EnableAbandoned(reason=clipped(f"the router refused the write: {error.message}")))
        # Where it was refused because of someone else's change, that is what to say.
        with suppress(AdminError):
            require_unchanged(admin, plan)
        raise
    new = answer.new_version
    if new != plan.new_version and _is_stored(admin, plan):
        new = plan.new_version  # what is stored counts, not what is said of it
    record.append(_written(target, new, answer.previous_version))
    if written_over(plan.read_version, plan.new_version, answer.previous_version):
        raise _lost_update(admin, plan, answer.previous_version)
    return new


def _written(target: Target, new: str, previous: str | None) -> PolicyWritten:
    return PolicyWritten(
        change="enable",
        tenant=target.tenant,
        policy=target.policy,
        new_version=new,
        previous_version=previous,
    )


def _lost_answer(record: Record, admin: AdminPort, plan: EnablePlan, error: AdminUnreachableError) -> str:
    """Whether a write whose answer was lost had happened, by reading back; never by writing again.

    It counts as written once it is stored: some routers make it live only with the reload.
    """
    target = plan.target
    try:
        history = admin.history(target.tenant, target.policy)
    except AdminError as failed:
        told = f"{error.message}; and it could not be read back: {failed.message}"
        raise type(failed)(told, hint=failed.hint) from failed
    if stored_version(history, plan.after, plan.new_version) is not None:
        record.append(_written(target, plan.new_version, None))
        return plan.new_version
    record.append(EnableAbandoned(reason=clipped(f"the write did not arrive: {error.message}")))
    with suppress(AdminError):
        require_unchanged(admin, plan)
    raise AdminUnreachableError(
        f"{error.message}; read back, the live policy is as before, so the enabling was abandoned",
        hint="When the router is well again: cbops canary enable. Should it have taken the write up late, "
        "that is found: cbops resume",
    ) from error


def _is_stored(admin: AdminPort, plan: EnablePlan) -> bool:
    """Whether what was to be written is in the history; a router that can't be asked is believed."""
    try:
        history = admin.history(plan.target.tenant, plan.target.policy)
    except AdminError:
        return False
    return stored_version(history, plan.after, plan.new_version) is not None


def _lost_update(admin: AdminPort, plan: EnablePlan, previous: str | None) -> ChangedError:
    """Someone wrote between our read and our write, and our write went over it."""
    try:
        versions = admin.history(plan.target.tenant, plan.target.policy)
    except CbopsError as error:
        told = f"; the difference could not be read: {error.message}"
    else:
        theirs = next((v.document for v in versions if v.version == previous), None)
        told = change_lines(differences(plan.before, theirs)) if theirs is not None else ""
    return ChangedError(
        f"version {previous} was live when {plan.new_version} was written, but {plan.read_version} was read: "
        f"someone else's change was written over{told}. Ours was"
        + change_lines(plan.changes).removeprefix(";"),
        hint="The breaker may be enabled now. Have theirs back as a whole, with the breaker disabled: cbops rollback "
        "--strategy restore. Take back the breaker alone: cbops rollback. Settle with the other person, and start "
        "anew; where their change may go, keep ours: cbops resume.",
    )


def finish(
    record: Record,
    admin: AdminPort,
    who: Who,
    after: JsonObject,
    version: str,
    *,
    since: datetime | None = None,
) -> EnableDone:
    """Reload, read back, compare, done; ChangedError when what is live isn't what was written.

    The rollout counts from `since`, when the policy was live before this reload already (null: it wasn't).
    """
    target = record.state.target
    admin.reload(target.tenant, target.policy)
    record.append(PolicyReloaded(change="enable", tenant=target.tenant, policy=target.policy))
    reloaded_at = who.clock.now()
    live = live_version(admin.history(target.tenant, target.policy))
    if not is_intended(live, after, version):
        found = live.version if live else "none"
        raise ChangedError(
            f"read back after the reload: {found} is live where {version} was written"
            + change_lines(same_document(after, live.document if live else {}, version)),
            hint="Look at what is live: cbops policy show.",
        )
    done = EnableDone(
        version=version,
        enabled_at=since or reloaded_at,
        verification=f"read back {version}: live, and equal to what was written",
    )
    record.append(done)
    return done
