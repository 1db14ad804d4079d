"""`resume`: finish or abandon an enabling in flight, as the live policy says."""

from __future__ import annotations

from pathlib import Path

from cbops.errors import AdminUnreachableError, ChangedError
from cbops.flows.steps.enabling import finish
from cbops.flows.steps.inflight import in_flight
from cbops.flows.steps.loading import document, load
from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort
from cbops.flows.steps.recording import Who, recording
from cbops.journal.writer import Session
from cbops.model.answers.canary import InFlight, ResumeAnswer
from cbops.model.events import EnableAbandoned
from cbops.model.state import RolloutState


def resume(folder: Path, admin: AdminPort, who: Who) -> Outcome[ResumeAnswer]:
    """Finish an enabling whose write arrived, abandon one whose write did not.

    A pending rollback is finished by running `cbops rollback` again, which this says.
    Errors: AdminUnreachableError when the live policy can't be read, ChangedError when it is neither
    as before nor as intended.
    """
    state = load(folder)
    found = in_flight(folder, state, admin)
    if found is None:
        return _nothing(state)
    if found.live == "unknown":
        raise AdminUnreachableError(found.sentence, hint="Make the admin API reachable, then: cbops resume")
    if found.change == "rollback":
        return Outcome(
            data=ResumeAnswer(rollout=state.id, action="nothing", in_flight=found, version=found.live_version),
            headline=found.sentence,
            next_step="Finish it (harmless when it is done already): cbops rollback",
        )
    if found.live == "other":
        raise ChangedError(
            found.sentence, hint="Look at it (cbops policy show), then take it back: cbops rollback"
        )
    with recording(folder, who) as (session, fresh):
        return _settle(session, folder, fresh, admin, who, found)


def _nothing(state: RolloutState) -> Outcome[ResumeAnswer]:
    return Outcome(
        data=ResumeAnswer(rollout=state.id, action="nothing", in_flight=None, version=state.enabled_version),
        headline=f"Nothing is in flight in {state.id}.",
        next_step="See where it stands: cbops canary status",
    )


def _settle(
    session: Session, folder: Path, state: RolloutState, admin: AdminPort, who: Who, found: InFlight
) -> Outcome[ResumeAnswer]:
    record = state.enable
    if record is None or record.done_at is not None or record.abandoned is not None:
        return _nothing(state)
    if found.live == "before":
        session.append(EnableAbandoned(reason="the write did not arrive; the live policy is as before"))
        return Outcome(
            data=ResumeAnswer(rollout=state.id, action="abandoned", in_flight=found, version=found.live_version),
            headline=f"{found.sentence} Abandoned, on record.",
            next_step="Start again: cbops canary enable",
        )
    done = finish(session, admin, who, state.target, document(folder, record.after), record.new_version)
    return Outcome(
        data=ResumeAnswer(rollout=state.id, action="finished", in_flight=found, version=done.version),
        headline=f"Finished: the breaker of {state.target.policy} of {state.target.tenant} is live as {done.version}.",
        body=(f"  {done.verification}",),
        next_step="Tomorrow, collect the first day: cbops monitor daily",
    )
