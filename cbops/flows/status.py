"""`canary status`: where a rollout stands, from its journal; the live policy only when a change is in flight, and
Alertmanager where there is one.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort, AlertmanagerPort
from cbops.flows.steps.checklist import standing
from cbops.flows.steps.firing import firing
from cbops.flows.steps.inflight import arrived_late, finishing, in_flight
from cbops.flows.steps.orders import Order
from cbops.flows.steps.status_words import headline, lines
from cbops.journal.reader import read
from cbops.model.answers.status import InFlight, StatusAnswer
from cbops.model.firing import FiringAlert
from cbops.model.state import RolloutState, Stage
from cbops.model.verdict_words import Recommendation
from cbops.rollout.days import days_of
from cbops.rollout.fold import fold

UNPAUSE = "cbops monitor watch --unpause REASON"


def status(
    folder: Path,
    now: datetime,
    admin: Callable[[], AdminPort],
    alertmanager: Callable[[], AlertmanagerPort | None],
) -> Outcome[StatusAnswer]:
    """Where it stands, what fires now and what to do next; `admin` is only called when a change is in flight."""
    reading = read(folder)
    state = fold(reading.entries)
    alerts, unknown = firing(state.target.tenant, alertmanager)
    answer = _answer(state, now, in_flight(folder, state, admin), alerts)
    left = _left_enabled(state)
    first = headline(answer, left=bool(left))
    return Outcome(
        data=answer,
        headline=first,
        body=lines(answer, first),
        warnings=(*reading.notes, *_late(folder, state, admin), *left, *_paused(answer), *unknown),
        next_step=answer.next_command,
    )


def _late(folder: Path, state: RolloutState, admin: Callable[[], AdminPort]) -> tuple[str, ...]:
    """A write that reached the router after it was given up or rolled back."""
    found = arrived_late(folder, state, admin)
    if found is None:
        return ()
    on = "go on with it (cbops resume), or take it back (cbops rollback)"
    way = on if state.stage is Stage.SELECTED else "take it back (cbops resume)"
    return (f"{found.sentence} It arrived late: {way}",)


def _answer(
    state: RolloutState, now: datetime, flying: InFlight | None, alerts: tuple[FiringAlert, ...] | None
) -> StatusAnswer:
    begun = days_of(state, now)
    collected = tuple(day.window.day for day in state.days)
    complete = {day.window.day for day in state.days if not day.window.partial}
    ended = tuple(window.day for window in begun if not window.partial)
    watching = state.stage is Stage.MONITORING
    missing = tuple(number for number in ended if number not in complete) if watching else ()
    evaluated = state.evaluations[-1] if state.evaluations else None
    decided = state.decisions[-1].decided if state.decisions else None
    checklist_open = tuple(one.item for one in standing(state, now) if not one.done)
    return StatusAnswer(
        rollout=state.id,
        stage=state.stage,
        target=state.target,
        owner=state.owner,
        opened_at=state.opened_at,
        enabled_at=state.enabled_at,
        disabled_at=state.disabled_at,
        rollback_proven=_proven(state),
        day=begun[-1].day if begun and state.disabled_at is None else None,
        days_collected=collected,
        days_missing=missing,
        owner_notified=bool(state.notifications),
        checklist_open=checklist_open,
        recommendation=evaluated.evaluated.recommendation if evaluated else None,
        evaluated_at=evaluated.evaluated.as_of if evaluated else None,
        decision=decided.decision if decided else None,
        decided_by=decided.by if decided else None,
        in_flight=flying,
        alerts_firing=alerts,
        next_command=_next(state, missing, checklist_open, len(ended)),
        comparison=state.comparison,
        paused_since=state.paused_since,
        paused_reason=None if state.paused_since is None else state.pauses[-1].reason,
    )


def _proven(state: RolloutState) -> bool | None:
    if state.stage is not Stage.ROLLED_BACK:
        return None
    proof = state.rollbacks[-1].proof
    return proof is not None and proof.proven


def _left_enabled(state: RolloutState) -> tuple[str, ...]:
    """What a rollback by the global switch alone leaves undone; empty when the policy itself was disabled."""
    done = [each for each in state.rollbacks if each.done_at is not None]
    if state.stage is not Stage.ROLLED_BACK or any(each.scope != "global" for each in done):
        return ()
    last = done[-1]
    return Order(last.tenant, last.policy, last.scope, last.reason).warnings


def _paused(answer: StatusAnswer) -> tuple[str, ...]:
    """How a paused rollout goes on; one that is rolled back has nothing to go on with."""
    if answer.paused_since is None or answer.disabled_at is not None:
        return ()
    since = f"{answer.paused_since:%Y-%m-%d %H:%M} UTC"
    told = f"paused since {since} ({answer.paused_reason}): days of which a part is paused don't count"
    return (f"{told}; let it go on: {UNPAUSE}",)


def _next(state: RolloutState, missing: tuple[int, ...], checklist_open: tuple[str, ...], ended: int) -> str:
    """The one command that brings the rollout on."""
    if state.stage is Stage.ENABLING:
        return "cbops resume"
    if state.stage is Stage.ROLLING_BACK:
        return finishing(state.pending_rollback)
    if state.stage is Stage.SELECTED and not state.notifications:
        return "cbops canary notify --how HOW"
    if state.stage is Stage.SELECTED:
        return "cbops checklist show" if checklist_open else "cbops canary enable"
    if state.stage is Stage.MONITORING:
        return _next_monitoring(state, missing, ended)
    return _next_when_over(state)


def _next_when_over(state: RolloutState) -> str:
    if _left_enabled(state):
        return f"cbops rollback --scope tenant --tenant {shlex.quote(state.target.tenant)}"
    if _proven(state) is False:
        return "cbops rollback --wait 5m (to prove that the breaker no longer acts)"
    return "cbops report log"


def _next_monitoring(state: RolloutState, missing: tuple[int, ...], ended: int) -> str:
    if state.paused_since is not None:
        return UNPAUSE
    if missing:
        return "cbops monitor daily" if len(missing) == 1 else "cbops monitor daily --all"
    last = state.evaluations[-1] if state.evaluations else None
    if state.decisions and state.decisions[-1].decided.decision is Recommendation.ROLLBACK:
        return "cbops rollback"
    judged_since = last is not None and (not state.days or last.at >= state.days[-1].collected_at)
    if not ended:
        return "cbops monitor daily, when the first day has ended"
    if not judged_since or last is None:
        return "cbops evaluate"
    word = last.evaluated.recommendation.value
    return f"cbops decide {word} --by NAME --reason REASON"
