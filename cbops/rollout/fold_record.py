"""Steps of the fold that only add to the record: what people say, what was measured and judged."""

from __future__ import annotations

from cbops.model.day_window import Drift
from cbops.model.events import (
    ComparisonSet,
    DayCollected,
    Decided,
    Entry,
    EpisodeClassified,
    Evaluated,
    IncidentAdded,
    LessonAdded,
    NoteAdded,
    OwnerNotified,
    Rehearsed,
    TornLineSetAside,
)
from cbops.model.events_replay import Forecasted, LogsRead, Tuned
from cbops.model.state import (
    ClassificationRecord,
    CollectedDay,
    ComparisonRecord,
    DecisionRecord,
    EvaluationRecord,
    ForecastRecord,
    IncidentRecord,
    LessonRecord,
    LogsRecord,
    NoteRecord,
    NotificationRecord,
    RehearsalRecord,
    RolloutState,
    Stage,
    TuningRecord,
)
from cbops.model.verdict_words import Recommendation
from cbops.rollout.fold_base import Changes, refuse, require_enabled
from cbops.rollout.other_policies import joined


def owner_notified(state: RolloutState, entry: Entry, event: OwnerNotified) -> Changes:
    record = NotificationRecord(at=entry.at, actor=entry.actor, notified=event)
    return {"notifications": (*state.notifications, record)}


def rehearsed(state: RolloutState, entry: Entry, event: Rehearsed) -> Changes:
    record = RehearsalRecord(at=entry.at, actor=entry.actor, rehearsal=event.rehearsal)
    return {"rehearsals": (*state.rehearsals, record)}


def day_collected(state: RolloutState, entry: Entry, event: DayCollected) -> Changes:
    """A day that is collected again has its latest measurement, at its place."""
    require_enabled(state, entry)
    since = event.window.day >= 1
    days = state.days if since else state.baseline
    before = next((each.drift for each in days if each.window.day == event.window.day), None)
    day = CollectedDay(
        window=event.window,
        collected_at=entry.at,
        as_of=event.as_of,
        observation=event.observation,
        drift=_drift(before, event.drift),
    )
    changes: Changes = {"days": _with(days, day)} if since else {"baseline": _with(days, day)}
    return {**changes, **_others(state, event.drift)}


def _others(state: RolloutState, drift: Drift | None) -> Changes:
    return {"others": joined(state.others, drift.others)} if drift is not None and drift.others else {}


def _drift(before: Drift | None, now: Drift | None) -> Drift | None:
    """What was seen isn't forgotten because somebody couldn't look later."""
    return now if now is not None and (now.checked or before is None) else before


def _with(days: tuple[CollectedDay, ...], day: CollectedDay) -> tuple[CollectedDay, ...]:
    others = (each for each in days if each.window.day != day.window.day)
    return tuple(sorted((*others, day), key=lambda each: each.window.day))


def note_added(state: RolloutState, entry: Entry, event: NoteAdded) -> Changes:
    record = NoteRecord(at=entry.at, actor=entry.actor, day=event.day, kind=event.kind, text=event.text)
    return {"notes": (*state.notes, record)}


def incident_added(state: RolloutState, entry: Entry, event: IncidentAdded) -> Changes:
    record = IncidentRecord(at=entry.at, actor=entry.actor, incident=event)
    return {"incidents": (*state.incidents, record)}


def episode_classified(state: RolloutState, entry: Entry, event: EpisodeClassified) -> Changes:
    record = ClassificationRecord(at=entry.at, actor=entry.actor, classified=event)
    return {"classifications": (*state.classifications, record)}


def evaluated(state: RolloutState, entry: Entry, event: Evaluated) -> Changes:
    require_enabled(state, entry)
    record = EvaluationRecord(at=entry.at, actor=entry.actor, evaluated=event)
    changes: Changes = {"evaluations": (*state.evaluations, record)}
    return {**changes, **_others(state, event.drift)}


def decided(state: RolloutState, entry: Entry, event: Decided) -> Changes:
    """Proceed ends the phase; extend and rollback leave it running until a rollback is intended.

    Once a rollback has begun, the only decision left is to have rolled back.
    """
    require_enabled(state, entry)
    record = DecisionRecord(at=entry.at, actor=entry.actor, system=entry.system, decided=event)
    changes: Changes = {"decisions": (*state.decisions, record)}
    if state.stage in (Stage.ROLLING_BACK, Stage.ROLLED_BACK):
        if event.decision is not Recommendation.ROLLBACK:
            raise refuse(entry, f"the rollout is {state.stage.value}")
        return changes
    proceeds = event.decision is Recommendation.PROCEED
    changes["stage"] = Stage.DECIDED if proceeds else Stage.MONITORING
    return changes


def lesson_added(state: RolloutState, entry: Entry, event: LessonAdded) -> Changes:
    record = LessonRecord(at=entry.at, actor=entry.actor, kind=event.kind, text=event.text)
    return {"lessons": (*state.lessons, record)}


def forecasted(state: RolloutState, entry: Entry, event: Forecasted) -> Changes:
    record = ForecastRecord(at=entry.at, actor=entry.actor, forecasted=event)
    return {"forecasts": (*state.forecasts, record)}


def tuned(state: RolloutState, entry: Entry, event: Tuned) -> Changes:
    record = TuningRecord(at=entry.at, actor=entry.actor, tuned=event)
    return {"tunings": (*state.tunings, record)}


def logs_read(state: RolloutState, entry: Entry, event: LogsRead) -> Changes:
    record = LogsRecord(at=entry.at, actor=entry.actor, read=event)
    return {"logs": (*state.logs, record)}


def comparison_set(state: RolloutState, entry: Entry, event: ComparisonSet) -> Changes:
    """The last word counts, as a whole."""
    record = ComparisonRecord(at=entry.at, actor=entry.actor, set=event)
    return {"comparisons": (*state.comparisons, record)}


def torn_line_set_aside(state: RolloutState, _entry: Entry, _event: TornLineSetAside) -> Changes:
    return {"torn_lines": state.torn_lines + 1}
