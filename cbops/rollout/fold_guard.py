"""The steps of the fold for the guard; a pause makes sense once the breaker was enabled, and only one at a time."""

from __future__ import annotations

from cbops.model.events import Entry
from cbops.model.events_guard import GuardBreached, GuardEnded, GuardStarted, RolloutPaused, RolloutUnpaused
from cbops.model.state import PauseRecord, RolloutState
from cbops.rollout.fold_base import Changes, refuse, require_enabled


def guard_started(state: RolloutState, entry: Entry, _event: GuardStarted) -> Changes:
    require_enabled(state, entry)
    return {}


def guard_breached(state: RolloutState, entry: Entry, _event: GuardBreached) -> Changes:
    require_enabled(state, entry)
    return {}


def guard_ended(state: RolloutState, entry: Entry, _event: GuardEnded) -> Changes:
    require_enabled(state, entry)
    return {}


def rollout_paused(state: RolloutState, entry: Entry, event: RolloutPaused) -> Changes:
    require_enabled(state, entry)
    if state.paused_since is not None:
        raise refuse(entry, "the rollout is paused already")
    record = PauseRecord(at=entry.at, actor=entry.actor, since=event.since, reason=event.reason)
    return {"pauses": (*state.pauses, record)}


def rollout_unpaused(state: RolloutState, entry: Entry, event: RolloutUnpaused) -> Changes:
    if state.paused_since is None:
        raise refuse(entry, "the rollout is not paused")
    last = state.pauses[-1].model_copy(update={"until": max(event.until, state.pauses[-1].since)})
    return {"pauses": (*state.pauses[:-1], last)}
