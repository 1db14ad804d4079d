"""Whether the live policy is still the one that a rollout applied."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cbops.errors import AdminError
from cbops.flows.ports import AdminPort
from cbops.flows.steps.loading import document
from cbops.flows.steps.texts import clipped
from cbops.flows.steps.wording import change_lines
from cbops.model.base import JsonObject
from cbops.model.observation import Drift
from cbops.model.other_policy import OtherPolicy
from cbops.model.policy import Change, PolicyVersion, enables_breaker
from cbops.model.state import RolloutState
from cbops.rollout.other_policies import Applied, other_policies, seen_live
from cbops.rollout.planning import live_version, same_document

MAX_MESSAGE = 240  # characters of a message on record
MAX_NAME = 40  # of a version and of a name
MAX_OTHERS = 3  # times under another policy; more are drawn together
MAX_BYTES = 1400  # of all that on record, where a line has 4096


def check_drift(folder: Path, state: RolloutState, admin: AdminPort | None, now: datetime) -> Drift:
    """Compare the live policy with the applied one, and say when since enabling another one was live.

    The whole document is compared: weights and fallbacks decide what a circuit sees and what a denied request meets.
    Only `version`, which the router sets, is left out. After a rollback it is looked at only whether the breaker is
    still disabled. A router that can't be asked is no error: then nothing was looked at.
    """
    if state.document is None and state.disabled_at is None:
        return _unchecked("the policy that was enabled is not on record")
    if admin is None:
        return _unchecked("there is no admin API to ask")
    try:
        history = admin.history(state.target.tenant, state.target.policy)
    except AdminError as error:
        return _unchecked(f"the live policy could not be read: {error.message}")
    live = live_version(history)
    applied = None if state.document is None else document(folder, state.document)
    others = () if applied is None else _others(state, applied, history, now)
    if state.disabled_at is not None:
        return _after_rollback(live).model_copy(update={"others": others})
    assert applied is not None
    read, version = (live.document, live.version) if live else ({}, "none")
    changes = same_document(applied, read, version)
    if changes:
        told = f"the live policy ({_signed(live)}) is not the one that was applied"
        message = f"{told}{_where(changes)}{change_lines(changes)}"
        return Drift(checked=True, drifted=True, message=message, others=others)
    message = "the live policy is the one that was applied"
    return Drift(checked=True, drifted=False, message=message, others=others)


def _others(
    state: RolloutState, applied: JsonObject, history: tuple[PolicyVersion, ...], now: datetime
) -> tuple[OtherPolicy, ...]:
    """Up to the look, or to the rollback: what cbops wrote then is nobody's change."""
    if state.enabled_at is None:
        return ()
    end = now
    if state.disabled_at is not None:
        begun = (record.intended_at for record in state.rollbacks if record.intended_at <= state.disabled_at)
        end = min((*begun, state.disabled_at))
    what = Applied(
        document=applied,
        version=state.enabled_version,
        begin=state.enabled_at,
        end=end,
        seen=seen_live(state),
        watched=state.disabled_at is None,
    )
    documents = {each.version: each.document for each in history}
    found = []
    for other in other_policies(what, history):
        changes = same_document(applied, documents.get(other.version, {}), other.version)
        told = f"{_where(changes)}{change_lines(changes)}".removeprefix("; ").strip()
        found.append(other.model_copy(update={"difference": told}))
    return tuple(found)


def _signed(live: PolicyVersion | None) -> str:
    """Which version, written when and by whom, where the router says so."""
    if live is None:
        return "none"
    written = [
        *([live.created_at] if live.created_at else []),
        *([f"by {live.created_by}"] if live.created_by else []),
    ]
    return f"{live.version}, written {' '.join(written)}" if written else live.version


def _where(changes: tuple[Change, ...]) -> str:
    """That the breaker's own settings are as applied, where they are."""
    inside = any(change.path.split(".")[0] == "circuit_breaker" for change in changes)
    return "" if inside else " (its circuit_breaker block is as applied)"


def _unchecked(why: str) -> Drift:
    return Drift(checked=False, drifted=None, message=why)


def _after_rollback(live: PolicyVersion | None) -> Drift:
    """What else somebody changed since is no longer this rollout's business."""
    if live is not None and enables_breaker(live.document):
        return Drift(checked=True, drifted=True, message=f"enabled again since the rollback ({live.version})")
    return Drift(checked=True, drifted=False, message="disabled, as rolled back")


def drift_warnings(drift: Drift) -> tuple[str, ...]:
    """One when it drifted or couldn't be looked at; what was before is a finding of its days."""
    return (f"drift: {drift.message}",) if drift.drifted or not drift.checked else ()


def brief(drift: Drift) -> Drift:
    """As it goes on record: long texts are cut, and many times under another policy are drawn together."""
    others = tuple(
        each.model_copy(
            update={
                "version": clipped(each.version, MAX_NAME),
                "by": None if each.by is None else clipped(each.by, MAX_NAME),
                "difference": clipped(each.difference, MAX_MESSAGE) if each.difference else "",
            }
        )
        for each in _few(drift.others)
    )
    cut = drift.model_copy(update={"message": clipped(drift.message, MAX_MESSAGE), "others": others})
    if len(cut.model_dump_json().encode()) <= MAX_BYTES:
        return cut
    bare = tuple(each.model_copy(update={"difference": "", "by": None}) for each in others)
    return cut.model_copy(update={"others": bare})


def _few(others: tuple[OtherPolicy, ...]) -> tuple[OtherPolicy, ...]:
    """The first ones, and all the rest as one time that isn't sure."""
    if len(others) <= MAX_OTHERS:
        return others
    kept, rest = others[: MAX_OTHERS - 1], others[MAX_OTHERS - 1 :]
    last = max(rest, key=lambda each: each.until)
    whole = last.model_copy(update={"since": rest[0].since, "sure": False})
    return (*kept, whole)
