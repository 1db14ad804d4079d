"""A change that was begun and not finished, and what the live policy says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cbops.errors import AdminError
from cbops.flows.steps.loading import document, load
from cbops.flows.ports import AdminPort
from cbops.model.answers.canary import InFlight
from cbops.model.policy import breaker_block, differences
from cbops.model.state import EnableRecord, RollbackRecord, RolloutState, Stage
from cbops.rollout.planning import live_version, same_document


def in_flight(folder: Path, state: RolloutState, admin: AdminPort) -> InFlight | None:
    """What is in flight, told from the live policy; None when nothing is."""
    rollback = state.pending_rollback
    if rollback is not None:
        return _rollback(rollback, admin)
    if state.stage is Stage.ENABLING and state.enable is not None:
        return _enable(folder, state, state.enable, admin)
    return None


def notice(folder: Path, admin: Callable[[], AdminPort]) -> str | None:
    """One sentence about what is in flight; `admin` is only called when something is."""
    state = load(folder)
    if state.stage not in (Stage.ENABLING, Stage.ROLLING_BACK):
        return None
    found = in_flight(folder, state, admin())
    if found is None:
        return None
    command = "cbops resume" if found.change == "enable" else "cbops rollback"
    return f"{found.sentence} Finish it: {command}"


def _enable(folder: Path, state: RolloutState, record: EnableRecord, admin: AdminPort) -> InFlight:
    begun = f"An enabling was begun at {record.intended_at:%Y-%m-%d %H:%M:%S} UTC and not finished"
    try:
        live = live_version(admin.history(state.target.tenant, state.target.policy))
    except AdminError as error:
        return InFlight(
            change="enable",
            since=record.intended_at,
            live="unknown",
            live_version=None,
            sentence=f"{begun}; the live policy could not be read: {error.message}.",
        )
    if live is None:
        told, verdict = "no version of the policy is live", "other"
    elif live.version == record.new_version and not same_document(
        document(folder, record.after), live.document, record.new_version
    ):
        told, verdict = f"the live policy is {live.version}, as intended: the breaker is enabled", "intended"
    elif live.version == record.read_version and not differences(document(folder, record.before), live.document):
        told, verdict = f"the live policy is {live.version}, as before: nothing was changed", "before"
    else:
        told, verdict = f"the live policy is {live.version}, neither as before nor as intended", "other"
    return InFlight.model_validate(
        {
            "change": "enable",
            "since": record.intended_at,
            "live": verdict,
            "live_version": live.version if live else None,
            "sentence": f"{begun}; {told}.",
        }
    )


def _rollback(record: RollbackRecord, admin: AdminPort) -> InFlight:
    begun = f"A rollback was begun at {record.intended_at:%Y-%m-%d %H:%M:%S} UTC and not finished"
    try:
        live = live_version(admin.history(record.tenant, record.policy))
    except AdminError as error:
        return InFlight(
            change="rollback",
            since=record.intended_at,
            live="unknown",
            live_version=None,
            sentence=f"{begun}; the live policy could not be read: {error.message}.",
        )
    enabled = live is not None and breaker_block(live.document).get("enabled") is True
    version = live.version if live else None
    told = "still enables the breaker" if enabled else "no longer enables the breaker"
    return InFlight(
        change="rollback",
        since=record.intended_at,
        live="before" if enabled else "intended",
        live_version=version,
        sentence=f"{begun}; the live policy ({version or 'none'}) {told}.",
    )
