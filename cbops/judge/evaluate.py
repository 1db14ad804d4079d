"""The judgement as a whole: pure, and repeatable from what was stored."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from cbops.judge.by_hand import notes
from cbops.judge.case import Case, Judged, counted, judged, make_case
from cbops.judge.controls import ControlChoice
from cbops.judge.error_rate import judge_error_rate
from cbops.judge.health import classify_all
from cbops.judge.latency import judge_latency
from cbops.judge.live import REMEDY, drifted
from cbops.judge.observability import judge_observability
from cbops.judge.opens import judge_opens, past_budget
from cbops.judge.other_days import reasons as other_reasons
from cbops.judge.recommendation import ALL_CRITERIA, recommend
from cbops.judge.recovery import judge_recovery
from cbops.judge.shadows import binding_reasons, judge_shadows
from cbops.model.config import CriteriaConfig
from cbops.model.observation import Drift, Episode, Observation
from cbops.model.state import RolloutState
from cbops.model.telemetry import LogFacts
from cbops.model.verdict import ClassifiedEpisode, Evaluation, EvaluationSettings, Verdict

Denied = Literal["sent", "rejected"]


def classify(
    state: RolloutState,
    *,
    observations: Iterable[Observation],
    baseline: Iterable[Observation],
    episodes: Iterable[Episode],
    criteria: CriteriaConfig,
    as_of: datetime | None = None,
) -> tuple[ClassifiedEpisode, ...]:
    """Each episode as expected, unexpected or unexplained, with the evidence, in order of opening.

    `observations` are the days since enabling, `baseline` those before; `episodes` are merged over
    the days. Nothing after `as_of` is known (null: the end of the last of the days).
    """
    days = tuple(observations)
    end = max((day.window.end for day in days), default=state.last_at) if as_of is None else as_of
    return classify_all(
        make_case(state, days, baseline, episodes, criteria=criteria, as_of=end, rejected=False)
    )


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a canary is compared with, and what is to be said of what was set by hand; `baseline`: the days that count."""

    controls: ControlChoice
    baseline: tuple[Observation, ...]
    notes: tuple[str, ...]


def compared_with(
    state: RolloutState,
    observations: Iterable[Observation],
    baseline: Iterable[Observation],
    criteria: CriteriaConfig,
) -> Comparison:
    """The controls and the days before enabling, over these days."""
    case = make_case(
        state, observations, baseline, (), criteria=criteria, as_of=state.last_at, rejected=False
    )
    return Comparison(case.controls, case.before.days, notes(state, case.controls))


def _criteria(
    case: Case,
    classified: tuple[ClassifiedEpisode, ...],
    logs: tuple[LogFacts, ...],
    drift: Drift | None,
) -> tuple[Judged, ...]:
    if not case.observed.days:
        text = "No day has been measured since enabling."
        if case.others.why:
            text = "No day since enabling counts: on none of them was the applied policy live throughout."
        missing = (counted(case.criteria.min_full_days, "full day"),)
        return tuple(
            judged(c, Verdict.INCONCLUSIVE, text, case.days_evidence(), missing) for c in ALL_CRITERIA
        )
    return (
        judge_opens(case, classified),
        judge_recovery(case),
        judge_error_rate(case),
        judge_latency(case),
        judge_observability(case, logs, drift),
    )


def evaluate(
    state: RolloutState,
    *,
    observations: Iterable[Observation],
    baseline: Iterable[Observation],
    episodes: Iterable[Episode],
    criteria: CriteriaConfig,
    as_of: datetime,
    denied_without_fallback: Denied = "sent",
    drift: Drift | None = None,
    logs: Iterable[LogFacts] = (),
) -> Evaluation:
    """The five criteria and the recommendation that follows from them by the table.

    `denied_without_fallback` is what the router does with denied requests that no fallback takes:
    `sent` ones are among the results already, `rejected` ones count as errors. `drift`: what was just
    seen of the live policy. `logs`: what was read of the router's, in the order of reading.
    """
    case = make_case(
        state,
        observations,
        baseline,
        episodes,
        criteria=criteria,
        as_of=as_of,
        rejected=denied_without_fallback == "rejected",
        drift=drift,
    )
    classified = classify_all(case)
    found = _criteria(case, classified, tuple(logs), drift)
    results = tuple(each.result for each in found)
    other_policy = drifted(state, drift)
    shadows = judge_shadows(case)
    holding_up = binding_reasons(shadows)
    recommendation, reasons = recommend(
        results,
        opens_past_budget=past_budget(case, classified),
        full_days=len(case.full_days),
        min_full_days=criteria.min_full_days,
        drifted=other_policy,
        shadows=holding_up,
    )
    reasons = (*reasons, *other_reasons(case.others))
    running = [day.window.day for day in case.observed.days if day.window.partial]
    if running:
        reasons = (*reasons, f"preliminary: day {running[-1]} is not over, and counts only when it is")
    missing = dict.fromkeys(text for each in found for text in each.missing)
    if other_policy:
        missing[REMEDY] = None
    missing |= dict.fromkeys(holding_up)
    return Evaluation(
        as_of=as_of,
        days_observed=len(case.observed.days),
        full_days=len(case.full_days),
        preliminary=bool(running),
        criteria=results,
        recommendation=recommendation,
        reasons=reasons,
        missing=tuple(missing),
        episodes=classified,
        drift=drift,
        shadows=shadows,
        comparison=state.comparison,
        notes=notes(state, case.controls),
        settings=EvaluationSettings(criteria=criteria, denied_without_fallback=denied_without_fallback),
    )
