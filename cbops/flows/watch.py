"""`monitor watch`: read the canary at an interval, judge each reading, and act on what is a hard breach."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from cbops.errors import CbopsError, WrongStageError
from cbops.flows.outcome import Outcome
from cbops.flows.steps.guard_run import Run
from cbops.flows.steps.guard_terms import Orders, Outside
from cbops.flows.steps.guarding import put
from cbops.flows.steps.heartbeat import only_guard
from cbops.flows.steps.loading import load
from cbops.flows.steps.recording import Who, require_enabled
from cbops.flows.steps.watch_words import closing
from cbops.model.answers.watch import WatchAnswer
from cbops.model.calendar import midnight, zone
from cbops.model.config import Config
from cbops.model.events_guard import GuardEnd, GuardStarted, RolloutUnpaused
from cbops.model.state import RolloutState, Stage


def day_end(state: RolloutState, now: datetime) -> datetime:
    """The next midnight of the rollout's time zone."""
    tz = zone(state.timezone)
    return midnight(now.astimezone(tz).date() + timedelta(days=1), tz)


def watch(folder: Path, config: Config, orders: Orders, outside: Outside) -> Outcome[WatchAnswer]:
    """Guard the canary until the time comes, it is rolled back, or somebody ends it (exit 130, with the answer).

    Exit 0: no breach; 10: warned or paused; 20: rolled back, or that is pending; 7: nothing worse than that it was
    blind for too long, or at its end. WrongStageError when there is nothing to guard, LockedError when somebody
    guards it already.
    """
    state = load(folder)
    require_enabled(state, "monitor watch")
    if state.stage not in (Stage.MONITORING, Stage.DECIDED, Stage.ROLLING_BACK):
        raise WrongStageError(
            f"monitor watch guards an enabled breaker; rollout {state.id} is {state.stage.words}",
            hint="See where it stands: cbops canary status",
        )
    who = outside.who
    with only_guard(folder, who.command, who.clock.now()):
        return _guarded(Run(folder, config, orders, outside, state))


def _guarded(run: Run) -> Outcome[WatchAnswer]:
    """The run from its beginning on record to its end."""
    put(
        run.folder,
        run.outside.who,
        GuardStarted(
            action=run.orders.action,
            interval_seconds=run.config.guard.interval_seconds,
            until=run.orders.until,
        ),
    )
    why: GuardEnd = "failed"
    try:
        why = run.watch()
    except KeyboardInterrupt:
        why = "interrupted"
    finally:
        run.end(why)
    return _outcome(run, why)


def unpause(folder: Path, who: Who, reason: str) -> RolloutState:
    """Let the rollout's clock go on. WrongStageError when it isn't paused."""
    state = load(folder)
    if state.paused_since is None:
        raise WrongStageError(
            f"rollout {state.id} is not paused", hint="See where it stands: cbops canary status"
        )
    put(folder, who, RolloutUnpaused(until=who.clock.now(), reason=reason))
    return load(folder)


def _status(run: Run, why: GuardEnd) -> int:
    if why == "interrupted":
        return 130
    if run.undoing.done is not None:
        return 20
    if run.worst is not None:
        return 10
    return 7 if run.was_blind or run.blind is not None else 0


def _outcome(run: Run, why: GuardEnd) -> Outcome[WatchAnswer]:
    state, rollout = run.state, _after(run)
    answer = WatchAnswer(
        rollout=rollout.id,
        action=run.orders.action,
        started_at=state.started_at,
        ended_at=run.outside.who.clock.now(),
        why=why,
        readings=state.readings,
        watched_seconds=round(state.watched_seconds),
        blind_seconds=round(state.blind_seconds),
        blind=run.blind,
        breach_count=run.count,
        breaches=tuple(run.breaches),
        lasting=tuple(state.breaches.values()),
        paused=rollout.paused_since is not None,
        rolled_back=run.undoing.done,
        proof=run.undoing.proof,
    )
    words = closing(answer, run.undoing)
    return Outcome(
        data=answer,
        headline=words.headline,
        body=words.body,
        warnings=words.warnings,
        next_step=words.next_step,
        exit_status=_status(run, why),
    )


def _after(run: Run) -> RolloutState:
    """As the record has it now; as it was at the beginning where that can't be read."""
    try:
        return load(run.folder)
    except CbopsError:
        return run.rollout
