"""A change that was begun and not finished, and what the live policy says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cbops.errors import CbopsError
from cbops.flows.ports import AdminPort
from cbops.flows.steps.loading import document, load
from cbops.flows.steps.wording import change_lines
from cbops.model.answers.canary import InFlight
from cbops.model.policy import Change, PolicyVersion, breaker_block, differences
from cbops.model.state import EnableRecord, RollbackRecord, RolloutState, Stage
from cbops.rollout.planning import is_intended, live_version, same_document, written_over

SHOWN = 5  # differences in a sentence


def in_flight(folder: Path, state: RolloutState, admin: Callable[[], AdminPort]) -> InFlight | None:
    """What is in flight, told from the live policy; None when nothing is. Never fails for the live policy."""
    try:
        return look(folder, state, admin)
    except CbopsError as error:
        begun, since, change = _begun(state)
        return InFlight.model_validate(
            {
                "change": change,
                "since": since,
                "live": "unknown",
                "live_version": None,
                "sentence": f"{begun}; the live policy could not be looked at: {error.message}.",
            }
        )


def look(folder: Path, state: RolloutState, admin: Callable[[], AdminPort]) -> InFlight | None:
    """Like `in_flight`, with the errors: AdminError, and RecordError for evidence that is damaged."""
    rollback = state.pending_rollback
    if rollback is not None:
        return _rollback(state, rollback, admin())
    if state.stage is Stage.ENABLING and state.enable is not None:
        return enabling(folder, state, state.enable, admin())
    return None


def notice(folder: Path, admin: Callable[[], AdminPort]) -> str | None:
    """One sentence about what is in flight; `admin` is only called when something is.

    Null also where the record can't be read: the command that asks has said so, or did without it.
    """
    try:
        state = load(folder)
    except CbopsError:
        return None
    found = in_flight(folder, state, admin)
    if found is None:
        return None
    command = "cbops resume" if found.change == "enable" else "cbops rollback"
    return f"{found.sentence} Finish it: {command}"


def _begun(state: RolloutState) -> tuple[str, object, str]:
    """(the beginning of the sentence, since when, which change)."""
    rollback = state.pending_rollback
    if rollback is not None:
        since = rollback.intended_at
        return f"A rollback was begun at {since:%Y-%m-%d %H:%M:%S} UTC and not finished", since, "rollback"
    assert state.enable is not None
    since = state.enable.intended_at
    return f"An enabling was begun at {since:%Y-%m-%d %H:%M:%S} UTC and not finished", since, "enable"


def enabling(folder: Path, state: RolloutState, record: EnableRecord, admin: AdminPort) -> InFlight:
    """What the live policy says of an enabling, whether it is in flight or was abandoned."""
    live = live_version(admin.history(state.target.tenant, state.target.policy))
    before, after = document(folder, record.before), document(folder, record.after)
    version = record.written_version or record.new_version
    if live is None:
        told, verdict = "no version of the policy is live", "other"
    elif is_intended(live, after, version):
        told, verdict = f"the live policy is {live.version}, as intended: the breaker is enabled", "intended"
    elif live.version == record.read_version and not differences(before, live.document):
        told, verdict = f"the live policy is {live.version}, as before: the breaker is not enabled", "before"
    else:
        changes = same_document(after, live.document, version)
        told, verdict = f"the live policy is {live.version}, neither as before nor as intended", "other"
        told += _differs(live, changes)
    if written_over(record.read_version, version, record.previous_version):
        told += f"; it was written over version {record.previous_version}, which someone else had made live"
    return InFlight.model_validate(
        {
            "change": "enable",
            "since": record.intended_at,
            "live": verdict,
            "live_version": live.version if live else None,
            "sentence": f"{_begun_enabling(record)}; {told}.",
            "enables": _enables(live),
        }
    )


def _begun_enabling(record: EnableRecord) -> str:
    end = "not finished" if record.abandoned is None else "abandoned"
    return f"An enabling was begun at {record.intended_at:%Y-%m-%d %H:%M:%S} UTC and {end}"


def _differs(live: PolicyVersion, changes: tuple[Change, ...]) -> str:
    more = f"; and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
    enabled = "enabled" if _enables(live) else "not enabled"
    return f" (the breaker is {enabled}){change_lines(changes[:SHOWN])}{more}"


def _rollback(state: RolloutState, record: RollbackRecord, admin: AdminPort) -> InFlight:
    live = live_version(admin.history(record.tenant, record.policy))
    enabled = _enables(live)
    told = "still enables the breaker" if enabled else "no longer enables the breaker"
    wider = {"tenant": f" of every policy of {record.tenant}", "global": " of the whole router"}
    begun = _begun(state)[0].replace("A rollback", f"A rollback{wider.get(record.scope, '')}")
    return InFlight(
        change="rollback",
        since=record.intended_at,
        live="before" if enabled else "intended",
        live_version=live.version if live else None,
        sentence=f"{begun}; the live policy ({live.version if live else 'none'}) {told}.",
        enables=enabled,
    )


def _enables(live: PolicyVersion | None) -> bool:
    return live is not None and breaker_block(live.document).get("enabled") is True
