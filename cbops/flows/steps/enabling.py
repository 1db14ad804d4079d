"""The steps of enabling, shared by `canary enable` and `resume`."""

from __future__ import annotations

from cbops.errors import AdminError, AdminUnreachableError, ChangedError
from cbops.rollout.planning import live_version
from cbops.flows.ports import AdminPort
from cbops.flows.steps.recording import Who
from cbops.flows.steps.wording import change_lines
from cbops.journal.writer import Session
from cbops.model.base import JsonObject
from cbops.model.events import EnableAbandoned, EnableDone, PolicyReloaded, PolicyWritten
from cbops.model.plan import EnablePlan
from cbops.model.policy import differences
from cbops.model.tenant import Target
from cbops.rollout.planning import same_document


def require_unchanged(admin: AdminPort, plan: EnablePlan) -> None:
    """The live policy must still be the one that the plan was made of."""
    live = live_version(admin.history(plan.target.tenant, plan.target.policy))
    if live is not None and live.version == plan.read_version and not differences(plan.before, live.document):
        return
    found = live.version if live else "none"
    changes = differences(plan.before, live.document if live else {})
    raise ChangedError(
        f"the live policy changed while you looked at the plan: {plan.read_version} was read, {found} is live"
        + change_lines(changes),
        hint="Nothing was written. Look at the new plan: cbops canary enable",
    )


def write(session: Session, admin: AdminPort, who: Who, plan: EnablePlan) -> str:
    target = plan.target
    try:
        answer = admin.put(
            target.tenant,
            target.policy,
            plan.after,
            version=plan.new_version,
            comment=f"cbops {who.command} by {who.actor}",
        )
    except AdminUnreachableError as error:
        return _lost_answer(session, admin, plan, error)
    except AdminError as error:
        session.append(EnableAbandoned(reason=f"the router refused the write: {error.message}"))
        raise
    session.append(
        PolicyWritten(
            change="enable",
            tenant=target.tenant,
            policy=target.policy,
            new_version=answer.new_version,
            previous_version=answer.previous_version,
        )
    )
    if answer.previous_version not in (None, plan.read_version, plan.latest_version):
        _lost_update(admin, plan, answer.previous_version)
    return answer.new_version


def _lost_answer(session: Session, admin: AdminPort, plan: EnablePlan, error: AdminUnreachableError) -> str:
    """Whether a write whose answer was lost had happened, by reading back; never by writing again."""
    target = plan.target
    live = live_version(admin.history(target.tenant, target.policy))
    if (
        live is not None
        and live.version == plan.new_version
        and not same_document(plan.after, live.document, plan.new_version)
    ):
        session.append(
            PolicyWritten(
                change="enable",
                tenant=target.tenant,
                policy=target.policy,
                new_version=live.version,
                previous_version=None,
            )
        )
        return live.version
    session.append(EnableAbandoned(reason=f"the write did not arrive: {error.message}"))
    raise error


def _lost_update(admin: AdminPort, plan: EnablePlan, previous: str | None) -> None:
    """Someone wrote between our read and our write, and our write went over it."""
    versions = admin.history(plan.target.tenant, plan.target.policy)
    theirs = next((v.document for v in versions if v.version == previous), None)
    changes = differences(plan.before, theirs) if theirs is not None else ()
    raise ChangedError(
        f"version {previous} was live when {plan.new_version} was written, but {plan.read_version} was read: "
        "someone else's change was written over"
        + change_lines(changes),
        hint="The breaker may be enabled now. Take it back (cbops rollback), settle with the other person, "
        "and enable again.",
    )


def finish(
    session: Session, admin: AdminPort, who: Who, target: Target, after: JsonObject, version: str
) -> EnableDone:
    """Reload, read back, compare, done; ChangedError when what is live isn't what was written."""
    admin.reload(target.tenant, target.policy)
    session.append(PolicyReloaded(change="enable", tenant=target.tenant, policy=target.policy))
    reloaded_at = who.clock.now()
    live = live_version(admin.history(target.tenant, target.policy))
    changes = same_document(after, live.document, version) if live else ()
    if live is None or live.version != version or changes:
        found = live.version if live else "none"
        raise ChangedError(
            f"read back after the reload: {found} is live where {version} was written"
            + change_lines(changes),
            hint="Look at it: cbops policy show; take it back: cbops rollback; or finish: cbops resume",
        )
    done = EnableDone(
        version=version,
        enabled_at=reloaded_at,
        verification=f"read back {version}: live, and equal to what was written",
    )
    session.append(done)
    return done
