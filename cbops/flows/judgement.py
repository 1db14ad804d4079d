"""`evaluate`, `decide` and `episode classify`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cbops.errors import InputError, UsageError
from cbops.flows.outcome import Outcome
from cbops.flows.steps.days import Collected, day_answers
from cbops.flows.steps.loading import load
from cbops.flows.steps.recording import Who, recording, require_enabled
from cbops.flows.steps.texts import MAX_NAME, said
from cbops.flows.steps.wording import plural, spans
from cbops.judge import evaluate as judge
from cbops.model.answers.judgement import DecideAnswer, EvaluateAnswer
from cbops.model.answers.monitor import ClassifyAnswer
from cbops.model.calendar import days_begun, zone
from cbops.model.config import Config, CriteriaConfig
from cbops.model.events import CriterionVerdict, Decided, EpisodeClassified, Evaluated
from cbops.model.state import RolloutState
from cbops.model.verdict import Classification, Evaluation, Recommendation

MARKS = {"met": "✓", "inconclusive": "?", "error": "!", "missed": "✗"}


def evaluate(folder: Path, who: Who, config: Config, as_of: datetime) -> Outcome[EvaluateAnswer]:
    """Judge what was collected up to `as_of`; needs nothing but the journal and its evidence.

    Exit status by recommendation: proceed 0, extend 10, rollback 20.
    """
    with recording(folder, who) as (session, state):
        require_enabled(state, "evaluate")
        days = tuple(day for day in state.days if day.window.end <= as_of)
        seen = Collected.among(folder, state, config.criteria, days, as_of)
        judged = judge(
            state,
            observations=seen.days,
            baseline=seen.baseline,
            episodes=seen.episodes,
            criteria=config.criteria,
            as_of=as_of,
            denied_without_fallback=config.metrics.denied_without_fallback,
        )
        sha = session.put_evidence(judged.model_dump_json(by_alias=True, indent=1) + "\n")
        session.append(
            Evaluated(
                as_of=as_of,
                criteria=tuple(
                    CriterionVerdict(id=c.id, verdict=c.verdict, summary=c.summary[:400])
                    for c in judged.criteria
                ),
                recommendation=judged.recommendation,
                evaluation=sha,
            )
        )
    return _evaluated(state, judged, sha, _missing_days(state, as_of))


def _missing_days(state: RolloutState, as_of: datetime) -> tuple[int, ...]:
    assert state.enabled_at is not None
    have = {day.window.day for day in state.days}
    return tuple(n for n in days_begun(state.enabled_at, as_of, zone(state.timezone)) if n not in have)


def _evaluated(
    state: RolloutState, judged: Evaluation, sha: str, missing: tuple[int, ...]
) -> Outcome[EvaluateAnswer]:
    lines = [
        f"  {MARKS[c.verdict.value]} {c.verdict.value:<12} {c.id:<17} {c.summary}" for c in judged.criteria
    ]
    lines += [f"  because {reason}" for reason in judged.reasons]
    lines += [f"  missing {what}" for what in judged.missing]
    warnings: tuple[str, ...] = ()
    if missing:
        warnings = (f"not collected: day {spans(missing)}. Collect: cbops monitor daily --all",)
    word = judged.recommendation.value
    return Outcome(
        data=EvaluateAnswer(
            rollout=state.id,
            as_of=judged.as_of,
            criteria=judged.criteria,
            recommendation=judged.recommendation,
            reasons=judged.reasons,
            missing=judged.missing,
            days_observed=judged.days_observed,
            full_days=judged.full_days,
            episodes=judged.episodes,
            evaluation=sha,
        ),
        headline=f"Recommendation for {state.id}: {word} "
        f"({plural(judged.days_observed, 'day')} collected, {judged.full_days} full).",
        body=tuple(lines),
        warnings=warnings,
        next_step=f"A person decides: cbops decide {word} --by NAME --reason REASON",
        exit_status=judged.recommendation.exit_status,
    )


def decide(folder: Path, who: Who, decision: Recommendation, by: str, reason: str) -> Outcome[DecideAnswer]:
    """Record a named person's decision; the recommendation at that time goes with it."""
    if not by.strip() or not reason.strip():
        raise UsageError("a decision needs a name and a reason", hint="Give --by NAME and --reason REASON.")
    by, reason = said(by, "the name", MAX_NAME), said(reason, "the reason")
    with recording(folder, who) as (session, state):
        require_enabled(state, "decide")
        last = state.evaluations[-1].evaluated if state.evaluations else None
        recommended = last.recommendation if last else None
        session.append(
            Decided(
                decision=decision,
                by=by,
                reason=reason,
                recommended=recommended,
                evaluation=last.evaluation if last else None,
            )
        )
    differs = recommended is not None and recommended is not decision
    warnings = []
    if differs and recommended is not None:
        warnings.append(f"the recommendation was {recommended.value}; {by} decided {decision.value}")
    if recommended is None:
        warnings.append("nothing was evaluated before this decision")
    return Outcome(
        data=DecideAnswer(
            rollout=state.id,
            decision=decision,
            by=by,
            reason=reason,
            recommended=recommended,
            differs=differs,
        ),
        headline=f"Decided for {state.id}: {decision.value}, by {by}.",
        warnings=tuple(warnings),
        next_step={
            Recommendation.PROCEED: "Write the log: cbops report log",
            Recommendation.EXTEND: "Go on collecting: cbops monitor daily",
            Recommendation.ROLLBACK: "Take the breaker out: cbops rollback",
        }[decision],
    )


def classify_episode(
    folder: Path,
    who: Who,
    criteria: CriteriaConfig,
    *,
    episode: str,
    classification: Classification,
    reason: str,
) -> Outcome[ClassifyAnswer]:
    """A person's word on an unexplained open; InputError when there is no such episode."""
    reason = said(reason, "the reason")
    with recording(folder, who) as (session, state):
        known = {e.id for e in Collected.of(folder, state, criteria).episodes}
        if episode not in known:
            listed = ", ".join(sorted(known)) or "none"
            raise InputError(f"there is no episode '{episode}' in {state.id}", hint=f"Episodes: {listed}.")
        session.append(EpisodeClassified(episode=episode, classification=classification, reason=reason))
    from_here = _answer_of(folder, criteria, episode)
    return Outcome(
        data=from_here,
        headline=f"Episode {episode} is {from_here.episode.classification}.",
        next_step="Judge again: cbops evaluate",
    )


def _answer_of(folder: Path, criteria: CriteriaConfig, episode: str) -> ClassifyAnswer:
    from_state = load(folder)
    days = day_answers(from_state, Collected.of(folder, from_state, criteria))
    found = next(e for day in days for e in day.episodes if e.id == episode)
    return ClassifyAnswer(rollout=from_state.id, episode=found)
