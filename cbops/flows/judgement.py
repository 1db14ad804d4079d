"""`evaluate`, `decide`, `canary compare` and `episode classify`."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from cbops.errors import ChangedError, ConflictError, InputError, UsageError
from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort
from cbops.flows.steps.comparing import Wished, comparison_set, comparison_shown
from cbops.flows.steps.days import Collected, day_answers
from cbops.flows.steps.drift import brief, check_drift, drift_warnings
from cbops.flows.steps.gates import Gate, require_approved
from cbops.flows.steps.loading import load, logs_read
from cbops.flows.steps.logs import ReadLogs, keep_logs, logs_answer, logs_warnings, require_transitions
from cbops.flows.steps.notifying import about, announce, settle
from cbops.flows.steps.recording import Who, recording, require_enabled
from cbops.flows.steps.repeating import repeat, told
from cbops.flows.steps.texts import MAX_NAME, MAX_REASON, said
from cbops.flows.steps.wording import comparison_line, plural, spans
from cbops.judge import evaluate as judge
from cbops.model.answers.canary import CompareAnswer
from cbops.model.answers.judgement import DecideAnswer, EvaluateAnswer, RepeatAnswer
from cbops.model.answers.monitor import ClassifyAnswer
from cbops.model.config import Config, CriteriaConfig
from cbops.model.config_notifications import NotificationKind
from cbops.model.events import CriterionVerdict, Decided, EpisodeClassified, Evaluated
from cbops.model.observation import Drift
from cbops.model.state import RolloutState, Stage
from cbops.model.verdict import Classification, ClassifiedEpisode, Evaluation, Recommendation, ShadowResult
from cbops.rollout.days import days_of

MARKS = {"met": "✓", "inconclusive": "?", "error": "!", "missed": "✗"}


def evaluate(  # noqa: PLR0917 - each is one thing of its own
    folder: Path,
    who: Who,
    config: Config,
    as_of: datetime,
    admin: AdminPort | None,
    logs: ReadLogs | None = None,
) -> Outcome[EvaluateAnswer]:
    """Judge what was collected up to `as_of`; needs nothing but the journal and its evidence.

    The router is asked only whether the applied policy is still live; without an answer that is said. `logs` reads
    the router's, which go on record and are judged with those read before.
    Exit status by recommendation: proceed 0, extend 10, rollback 20.
    """
    before = load(folder)
    require_enabled(before, "evaluate")
    facts = None if logs is None else logs(before.target.tenant)
    drift = brief(check_drift(folder, before, admin, who.clock.now()))
    with recording(folder, who) as (session, state):
        if (state.document, state.disabled_at) != (before.document, before.disabled_at):
            raise ChangedError(
                f"rollout {state.id} changed while its policy was looked at", hint="Judge again."
            )
        days = tuple(day for day in state.days if day.window.end <= as_of)
        seen = Collected.among(folder, state, config.criteria, days, as_of)
        require_transitions(facts, seen.days)
        judged = judge(
            state,
            observations=seen.days,
            baseline=seen.baseline,
            episodes=seen.episodes,
            criteria=config.criteria,
            as_of=as_of,
            denied_without_fallback=config.metrics.denied_without_fallback,
            drift=drift,
            logs=(*logs_read(folder, state), *(() if facts is None else (facts,))),
        )
        if facts is not None:
            keep_logs(session, facts)
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
                drift=drift,
            )
        )
    whole = _evaluated(state, judged, sha, drift)
    data = whole.data.model_copy(update={"logs": logs_answer(facts)})
    return replace(whole, data=data, warnings=(*whole.warnings, *logs_warnings(facts, seen.days)))


def repeat_evaluation(folder: Path, config: Config) -> Outcome[EvaluateAnswer]:
    """The last judgement once more, from the record alone; it asks nobody and writes nothing.

    Exit status: the recommendation's when all came out the same, 7 when not. WrongStageError when nothing was judged.
    """
    done = repeat(folder, config)
    drift = done.event.drift or Drift(checked=False, drifted=None, message="not on record")
    whole = _evaluated(done.state, done.again, done.event.evaluation, drift)
    answer = RepeatAnswer(same=not done.differences, identical=done.identical, differences=done.differences)
    return replace(
        whole,
        data=whole.data.model_copy(update={"repeated": answer}),
        headline=told(done),
        warnings=done.notes,
        next_step="Find out what changed: cbops journal verify" if done.differences else whole.next_step,
        exit_status=7 if done.differences else whole.exit_status,
    )


def _missing_days(state: RolloutState, as_of: datetime) -> tuple[int, ...]:
    have = {day.window.day for day in state.days}
    return tuple(window.day for window in days_of(state, as_of) if window.day not in have)


def _evaluated(state: RolloutState, judged: Evaluation, sha: str, drift: Drift) -> Outcome[EvaluateAnswer]:
    lines = [
        f"  {MARKS[c.verdict.value]} {c.verdict.value:<12} {c.id:<17} {c.summary}" for c in judged.criteria
    ]
    lines += [_shadow_line(shadow) for shadow in judged.shadows]
    if judged.comparison is not None:
        lines.append(f"  {comparison_line(judged.comparison)}")
    lines += [f"  because {reason}" for reason in judged.reasons]
    lines += [f"  missing {what}" for what in judged.missing]
    warnings = (*drift_warnings(drift), *judged.notes)
    missing = _missing_days(state, judged.as_of)
    if missing:
        warnings += (f"not collected: day {spans(missing)}. Collect: cbops monitor daily --all",)
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
            drift=drift,
            evaluation=sha,
            preliminary=judged.preliminary,
            shadows=judged.shadows,
            comparison=judged.comparison,
        ),
        headline=f"{'Preliminary recommendation' if judged.preliminary else 'Recommendation'} for {state.id}: {word} "
        f"({plural(judged.days_observed, 'day')} collected, {judged.full_days} full).",
        body=tuple(lines),
        warnings=warnings,
        next_step=f"A person decides: cbops decide {word} --by NAME --reason REASON",
        exit_status=judged.recommendation.exit_status,
    )


def _shadow_line(shadow: ShadowResult) -> str:
    kind = "binding shadow" if shadow.binding else "shadow"
    return f"  {MARKS[shadow.verdict.value]} {shadow.verdict.value:<12} {shadow.id:<17} ({kind}) {shadow.summary}"


def decide(
    folder: Path, who: Who, decision: Recommendation, by: str, reason: str, *, gate: Gate | None = None
) -> Outcome[DecideAnswer]:
    """Record a named person's decision; the recommendation at that time goes with it.

    To proceed may take other people's approval of that evaluation (`gate`): BlockedError while it is missing.
    """
    if not by.strip() or not reason.strip():
        raise UsageError("a decision needs a name and a reason", hint="Give --by NAME and --reason REASON.")
    by, reason = said(by, "the name", MAX_NAME), said(reason, "the reason")
    with recording(folder, who) as (session, state):
        require_enabled(state, "decide")
        last = state.evaluations[-1].evaluated if state.evaluations else None
        recommended = last.recommendation if last else None
        event = Decided(
            decision=decision,
            by=by,
            reason=reason,
            recommended=recommended,
            evaluation=last.evaluation if last else None,
        )
        known = _decided_already(state, event)
        if known is None:
            if gate is not None and decision is Recommendation.PROCEED:
                require_approved(gate, state, "proceed", last.evaluation if last else "")
            session.append(event)
    if known is None:
        announce(who, NotificationKind.DECISION, about(state), decision.value, f"decided by {by}: {reason}")
        settle(folder, who)
    differs = recommended is not None and recommended is not decision
    warnings = []
    if known is not None:
        warnings.append(f"this decision is on record already, since {known:%Y-%m-%d %H:%M:%S} UTC")
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


def _decided_already(state: RolloutState, event: Decided) -> datetime | None:
    """When the last decision was this very one, word for word; whoever was interrupted may say it again."""
    last = state.decisions[-1] if state.decisions else None
    over = state.stage in (Stage.ROLLING_BACK, Stage.ROLLED_BACK)
    fits = not over or event.decision is Recommendation.ROLLBACK
    return last.at if last is not None and last.decided == event and fits else None


def compare(folder: Path, who: Who, criteria: CriteriaConfig, wished: Wished) -> Outcome[CompareAnswer]:
    """Put on record what is to be compared with, if anything is to be set, and show what is compared with now.

    Errors: UsageError, InputError, WrongStageError.
    """
    wished.check()
    if not wished.sets:
        require_enabled(load(folder), "canary compare")
        return comparison_shown(folder, criteria, written=False)
    reason = said(wished.reason or "", "the reason", MAX_REASON)
    with recording(folder, who) as (session, state):
        require_enabled(state, "canary compare")
        session.append(comparison_set(state, wished, reason))
    return comparison_shown(folder, criteria, written=True)


def classify_episode(
    folder: Path,
    who: Who,
    criteria: CriteriaConfig,
    *,
    episode: str,
    classification: Classification,
    reason: str,
) -> Outcome[ClassifyAnswer]:
    """A person's word on an unexplained open.

    InputError when there is no such episode; ConflictError when evidence explains it already.
    """
    reason = said(reason, "the reason")
    with recording(folder, who) as (session, state):
        known = {e.id: e for e in Collected.of(folder, state, criteria).classified}
        if episode not in known:
            listed = ", ".join(sorted(known)) or "none"
            raise InputError(f"there is no episode '{episode}' in {state.id}", hint=f"Episodes: {listed}.")
        _require_unexplained(known[episode])
        session.append(EpisodeClassified(episode=episode, classification=classification, reason=reason))
    from_here = _answer_of(folder, criteria, episode)
    return Outcome(
        data=from_here,
        headline=f"Episode {episode} is {from_here.episode.classification}.",
        next_step="Judge again: cbops evaluate",
    )


def _require_unexplained(episode: ClassifiedEpisode) -> None:
    """A word that would change nothing isn't recorded; one that a person said before may be taken back."""
    if episode.classification == "unexplained" or episode.evidence["source"] == "person":
        return
    raise ConflictError(
        f"episode {episode.id} is {episode.classification} by its evidence: {episode.evidence['text']}",
        hint="A person's word is for an open that nothing explains. Add what is known to its day: cbops monitor note",
    )


def _answer_of(folder: Path, criteria: CriteriaConfig, episode: str) -> ClassifyAnswer:
    from_state = load(folder)
    days = day_answers(from_state, Collected.of(folder, from_state, criteria))
    found = next(e for day in days for e in day.episodes if e.id == episode)
    return ClassifyAnswer(rollout=from_state.id, episode=found)
