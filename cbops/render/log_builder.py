"""The execution log of a rollout, put together from its state and its evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, tzinfo

from cbops.model.calendar import zone
from cbops.model.forecast import Forecast
from cbops.model.observation import Observation
from cbops.model.state import RolloutState, Stage
from cbops.model.tuning import Tuning
from cbops.model.verdict import ClassifiedEpisode, Evaluation, Recommendation
from cbops.render import text
from cbops.render.log_days import Measured, day_views, remarks
from cbops.render.log_outcome import evaluation_view, lessons, rollback_views, ticket_views
from cbops.render.log_start import checklist_view, enable_view, load_test_view, selection_view
from cbops.render.log_tuning import tuning_view
from cbops.render.log_view import PLACEHOLDER, ExecutionLogView, PictureView
from cbops.render.log_words import seals
from cbops.render.markdown import Markdown, phrase

_STATUS = {
    Stage.SELECTED: Markdown("📋 **Ready to Start**"),
    Stage.ENABLING: Markdown("🔄 **Enabling (in flight)**"),
    Stage.DECIDED: Markdown("✅ **Proceed to Phase 2**"),
    Stage.ROLLING_BACK: Markdown("↩️ **Rollback Pending**"),
    Stage.ROLLED_BACK: Markdown("↩️ **Rolled Back**"),
}


def execution_log_view(
    state: RolloutState | None,
    *,
    observations: Mapping[int, Observation],
    classified: Mapping[str, ClassifiedEpisode],
    evaluation: Evaluation | None = None,
    forecast: Forecast | None = None,
    tuning: Tuning | None = None,
    pictures: Sequence[PictureView] = (),
    judged_pictures: Sequence[PictureView] = (),
) -> ExecutionLogView:
    """Everything that the log says; without a state it is the seed document.

    `observations` is keyed by the number of the day (0, -1, … are baseline days), `classified` by
    the id of the episode; episodes that only the evaluation classified are taken from there. `forecast` and
    `tuning` are the latest on record;
    `pictures` stand below the days, `judged_pictures` below the criteria.
    ConfigError when the state's time zone is unknown.
    """
    tz = zone(state.timezone) if state else UTC
    known = {each.id: each for each in evaluation.episodes} if evaluation else {}
    measured = Measured(state, tz, observations, {**known, **classified})
    search = tuning_view(state, tuning, tz)
    return ExecutionLogView(
        date_started=_date_started(state, tz),
        status=_status(state),
        load_test=load_test_view(state, tz),
        checklist=checklist_view(state, tz),
        selection=selection_view(state, tz),
        enable=enable_view(state, tz, forecast),
        remarks=remarks(state, tz),
        days=day_views(measured),
        evaluation=evaluation_view(state, evaluation, tz),
        tickets=ticket_views(state, tz),
        rollbacks=rollback_views(state, tz),
        went_well=lessons(state, "well"),
        could_improve=lessons(state, "improve"),
        tuning=lessons(state, "tuning", otherwise=search is None),
        search=search,
        pictures=tuple(pictures),
        judged_pictures=tuple(judged_pictures),
        seals=seals(state, tz),
    )


def _date_started(state: RolloutState | None, tz: tzinfo) -> Markdown:
    if state is None:
        return PLACEHOLDER
    # An adopted rollout was enabled before its record was opened.
    started = min(filter(None, (state.opened_at, state.enabled_at)))
    return phrase("{}", text.local_date(started, tz))


def _status(state: RolloutState | None) -> Markdown:
    if state is None:
        return _STATUS[Stage.SELECTED]
    if state.stage is not Stage.MONITORING:
        return _STATUS[state.stage]
    day = max((each.window.day for each in state.days), default=1)
    decision = state.decisions[-1].decided.decision if state.decisions else None
    if decision is Recommendation.EXTEND:
        return phrase("🔄 **Phase 1 Extended: Monitoring (Day {})**", day)
    if decision is Recommendation.ROLLBACK:
        return Markdown("↩️ **Rollback Decided**")
    return phrase("🔄 **Monitoring (Day {})**", day)
