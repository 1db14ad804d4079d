"""Whether the live policy is still the one that a rollout applied."""

from __future__ import annotations

from pathlib import Path

from cbops.errors import AdminError
from cbops.flows.ports import AdminPort
from cbops.flows.steps.loading import document
from cbops.flows.steps.wording import change_lines
from cbops.model.observation import Drift
from cbops.model.policy import PolicyVersion, enables_breaker
from cbops.model.state import RolloutState
from cbops.rollout.planning import live_version, same_document

MAX_MESSAGE = 240  # characters of a message on record


def check_drift(folder: Path, state: RolloutState, admin: AdminPort | None) -> Drift:
    """Compare the live policy with the applied one; after a rollback only whether it is still disabled.

    A router that can't be asked is no error: then nothing was looked at.
    """
    if state.document is None and state.disabled_at is None:
        return _unchecked("the policy that was enabled is not on record")
    if admin is None:
        return _unchecked("there is no admin API to ask")
    try:
        live = live_version(admin.history(state.target.tenant, state.target.policy))
    except AdminError as error:
        return _unchecked(f"the live policy could not be read: {error.message}")
    if state.disabled_at is not None:
        return _after_rollback(live)
    assert state.document is not None
    read, version = (live.document, live.version) if live else ({}, "none")
    changes = same_document(document(folder, state.document), read, version)
    if changes:
        return Drift(
            checked=True,
            drifted=True,
            message=f"the live policy ({version}) is not the one that was applied{change_lines(changes)}",
        )
    return Drift(checked=True, drifted=False, message="the live policy is the one that was applied")


def _unchecked(why: str) -> Drift:
    return Drift(checked=False, drifted=None, message=why)


def _after_rollback(live: PolicyVersion | None) -> Drift:
    """What else somebody changed since is no longer this rollout's business."""
    if live is not None and enables_breaker(live.document):
        return Drift(checked=True, drifted=True, message=f"enabled again since the rollback ({live.version})")
    return Drift(checked=True, drifted=False, message="disabled, as rolled back")


def drift_warnings(drift: Drift) -> tuple[str, ...]:
    """One when it drifted or couldn't be looked at."""
    return (f"drift: {drift.message}",) if drift.drifted or not drift.checked else ()


def brief(drift: Drift) -> Drift:
    """As it goes on record: a long list of changes is cut."""
    text = drift.message
    cut = text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"
    return drift.model_copy(update={"message": cut})
