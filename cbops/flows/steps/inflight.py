"""A change that was begun and not finished, and what the live policy says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cbops.errors import CbopsError
from cbops.flows.ports import AdminPort
from cbops.flows.steps.folded import document, load
from cbops.flows.steps.live import live_history, to_be_disabled
from cbops.flows.steps.orders import Order
from cbops.flows.steps.wording import change_lines
from cbops.model.answers.status import InFlight
from cbops.model.policy import Change, PolicyVersion, differences
from cbops.model.state import EnableRecord, RollbackRecord, RolloutState, Stage
from cbops.rollout.planning import (
    armed_version,
    enables,
    is_intended,
    live_version,
    same_document,
    stored_version,
    written_over,
)

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
    command = "cbops resume" if found.change == "enable" else finishing(state.pending_rollback)
    return f"{found.sentence} Finish it: {command}"


def finishing(pending: RollbackRecord | None) -> str:
    """The command that finishes a rollback. One that restores a version is finished as it was ordered by resume
    only: another rollback would just disable the breaker.
    """
    return "cbops rollback" if pending is None or pending.restore is None else "cbops resume"


def arrived_late(folder: Path, state: RolloutState, admin: Callable[[], AdminPort]) -> InFlight | None:
    """An enabling that was given up, or rolled back before its end was seen, and is live after all.

    Null where it isn't, and where the live policy can't be asked; `admin` is only called where it may be.
    """
    record = state.enable
    over = state.stage is Stage.ROLLED_BACK and state.rollbacks[-1].scope != "global"
    given_up = state.stage is Stage.SELECTED and record is not None and record.abandoned is not None
    if record is None or record.done_at is not None or not (over or given_up):
        return None
    try:
        found = enabling(folder, state, record, admin())
    except CbopsError:
        return None
    return found if found.live == "intended" else None


def _begun(state: RolloutState) -> tuple[str, object, str]:
    """(the beginning of the sentence, since when, which change)."""
    rollback = state.pending_rollback
    if rollback is not None:
        since = rollback.intended_at
        restoring = "" if rollback.restore is None else f" that restores version {rollback.restore}"
        begun = f"A rollback{restoring} was begun at {since:%Y-%m-%d %H:%M:%S} UTC and not finished"
        return begun, since, "rollback"
    assert state.enable is not None
    since = state.enable.intended_at
    return f"An enabling was begun at {since:%Y-%m-%d %H:%M:%S} UTC and not finished", since, "enable"


def enabling(folder: Path, state: RolloutState, record: EnableRecord, admin: AdminPort) -> InFlight:
    """What the live policy says of an enabling, whether it is in flight or was abandoned."""
    history = admin.history(state.target.tenant, state.target.policy)
    live = live_version(history)
    before, after = document(folder, record.before), document(folder, record.after)
    version = record.written_version or record.new_version
    # A router may have told of another version than it stored.
    if is_intended(live, after, record.new_version) or stored_version(history, after, record.new_version):
        version = record.new_version
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
    stored = stored_version(history, after, version)
    if stored is not None and not stored.is_active:
        told += f"; version {version} is stored as intended and not live, which a reload may change"
    if written_over(record.read_version, version, record.previous_version):
        told += f"; it was written over version {record.previous_version}, which someone else had made live"
    return InFlight.model_validate(
        {
            "change": "enable",
            "since": record.intended_at,
            "live": verdict,
            "live_version": live.version if live else None,
            "sentence": f"{_begun_enabling(record)}; {told}.",
            "enables": enables(live),
            "stored": stored is not None,
        }
    )


def _begun_enabling(record: EnableRecord) -> str:
    end = "not finished" if record.abandoned is None else "abandoned"
    return f"An enabling was begun at {record.intended_at:%Y-%m-%d %H:%M:%S} UTC and {end}"


def _differs(live: PolicyVersion, changes: tuple[Change, ...]) -> str:
    more = f"; and {len(changes) - SHOWN} more" if len(changes) > SHOWN else ""
    enabled = "enabled" if enables(live) else "not enabled"
    return f" (the breaker is {enabled}){change_lines(changes[:SHOWN])}{more}"


def _rollback(state: RolloutState, record: RollbackRecord, admin: AdminPort) -> InFlight:
    """A global one is told by the rollout's own policy: nobody can ask whether the switch was thrown."""
    order = Order(record.tenant, record.policy, record.scope, record.reason)
    live = live_version(live_history(admin, record.tenant, record.policy))
    still = to_be_disabled(admin, order)
    wider = {"tenant": f" of every policy of {record.tenant}", "global": " of the whole router"}
    begun = _begun(state)[0].replace("A rollback", f"A rollback{wider.get(record.scope, '')}")
    return InFlight(
        change="rollback",
        since=record.intended_at,
        live="before" if still else "intended",
        live_version=live.version if live else None,
        sentence=f"{begun}; {_still_told(record, live, still)}.",
        enables=any(enables(live_version(history)) for history in still.values()),
    )


def _still_told(
    record: RollbackRecord, live: PolicyVersion | None, still: dict[str, tuple[PolicyVersion, ...]]
) -> str:
    """Which policies still enable the breaker, or will with the next reload."""
    on = [_named(policy, live_version(each)) for policy, each in still.items() if enables(live_version(each))]
    soon = [
        f"version {armed.version} of {policy} enables it and is stored, so a reload may make it live"
        for policy, history in still.items()
        if (armed := armed_version(history)) is not None
    ]
    if record.scope == "tenant":
        told = f"these live policies still enable the breaker: {', '.join(on)}" if on else ""
        told = told or f"no live policy of {record.tenant} enables the breaker any longer"
    else:
        told = f"the live policy ({live.version if live else 'none'}) "
        told += "still enables the breaker" if on else "no longer enables the breaker"
    return "; ".join((told, *soon))


def _named(policy: str, live: PolicyVersion | None) -> str:
    return f"{policy} ({live.version if live else 'none'})"
