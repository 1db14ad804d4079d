"""Made days, episodes and judgements of a rollout, small enough to be worked out by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from cbops.model.base import from_ms, iso, to_ms
from cbops.model.events import CriterionVerdict, Evaluated, IncidentAdded
from cbops.model.observation import (
    Buckets,
    DayWindow,
    EventCounts,
    LatencyFigures,
    Observation,
    ProviderDay,
    ScrapeHealth,
    Transition,
    TransitionCounts,
)
from cbops.model.state import CollectedDay, EvaluationRecord, IncidentRecord, RolloutState, Stage
from cbops.model.tenant import Target
from cbops.model.verdict import ClassifiedEpisode, CriterionResult, Evaluation, Recommendation, Verdict
from cbops.render.rollout_figures import RolloutFigures, rollout_figures

MINUTE = 60_000
FIRST = datetime(2025, 1, 27, tzinfo=UTC)  # day 1 begins at its midnight
BEGIN = to_ms(FIRST)
TARGET = Target(tenant="tenant-07", policy="canary_policy", provider="openai")
IDS = ("unexpected_opens", "recovery", "error_rate", "latency", "observability")
SHA = "0" * 64


def window(day: int) -> DayWindow:
    start = FIRST + timedelta(days=day - 1)
    return DayWindow(
        day=day,
        date=date(2025, 1, 26) + timedelta(days=day),
        start=start,
        end=start + timedelta(days=1),
        partial=False,
        full=True,
    )


def bucketed(day: int, counts: dict[str, tuple[tuple, tuple]], *, step_seconds: int = 300) -> Observation:
    """A day with these (successes, failures) of each provider, step by step."""
    start = window(day).start
    known = {name: [[n or 0 for n in column] for column in pair] for name, pair in counts.items()}
    return Observation(
        target=TARGET,
        window=window(day),
        as_of=window(day).end,
        source="embedded",
        dialect="router",
        scrape=ScrapeHealth(interval_seconds=60, expected=1440, seen=1440, coverage=1),
        decisions=100,
        fallback_decisions=0,
        providers={
            name: ProviderDay(
                events=EventCounts(success=sum(success), failure=sum(failure), fail_fast=0),
                transitions=TransitionCounts(open=0, half_open=0, closed=0),
                error_rate=None,
                latency=LatencyFigures(count=10, mean_ms=200.0 + day),
            )
            for name, (success, failure) in known.items()
        },
        buckets=tuple(
            Buckets(
                tenant=TARGET.tenant,
                provider=name,
                start=start,
                step_seconds=step_seconds,
                success=success,
                failure=failure,
            )
            for name, (success, failure) in counts.items()
        ),
        state_at_start=dict.fromkeys(counts, "closed"),
        alerts=(),
    )


def moved(moves) -> Observation:
    """Day 1 with these transitions of openai: (minute, from, to, count)."""
    seen = bucketed(1, {"openai": ((10,), (0,))})
    transitions = tuple(
        Transition(
            provider="openai",
            instance="one",
            after=from_ms(BEGIN + (minute - 1) * MINUTE),
            at=from_ms(BEGIN + minute * MINUTE),
            source=source,
            target=target,
            count=count,
        )
        for minute, source, target, count in moves
    )
    return seen.model_copy(update={"transitions": transitions})


def judged() -> Evaluation:
    """All met; it saw an outage by the controls, and put bounds around openai's latency."""
    outage = {
        "provider": "openai",
        "from": iso(from_ms(BEGIN + 60 * MINUTE)),
        "to": iso(from_ms(BEGIN + 90 * MINUTE)),
        "by": "controls",
    }
    latency = {
        "margin": 0.05,
        "compared": {"outages_left_out": [outage]},
        "providers": {"openai": {"mean_ms_before": 200.0, "change_lower": -0.01, "change_upper": 0.02}},
    }
    return Evaluation(
        as_of=window(2).end,
        days_observed=2,
        full_days=2,
        criteria=tuple(
            CriterionResult(
                id=each, verdict=Verdict.MET, summary="met", evidence=latency if each == "latency" else {}
            )
            for each in IDS
        ),
        recommendation=Recommendation.EXTEND,
        reasons=("two days are few",),
        missing=(),
    )


def state(observations, *, looks=(), incident_shift=timedelta(0)) -> RolloutState:
    """A rollout with these days; `looks`: the days at whose end it was judged."""
    incident = IncidentAdded(
        provider="openai",
        start=from_ms(BEGIN + 30 * MINUTE) + incident_shift,
        end=from_ms(BEGIN + 80 * MINUTE) + incident_shift,
    )
    verdicts = tuple(CriterionVerdict(id=each, verdict=Verdict.MET, summary="met") for each in IDS)
    return RolloutState(
        id="tenant-07-canary",
        phase=1,
        stage=Stage.MONITORING,
        target=TARGET,
        owner=None,
        timezone="UTC",
        baseline_days=1,
        opened_at=FIRST,
        opened_by="alice",
        adopted=False,
        enabled_at=FIRST,
        days=tuple(
            CollectedDay(window=seen.window, collected_at=seen.as_of, as_of=seen.as_of, observation=SHA)
            for number, seen in sorted(observations.items())
            if number >= 1
        ),
        incidents=(IncidentRecord(at=FIRST, actor="alice", incident=incident),),
        evaluations=tuple(
            EvaluationRecord(
                at=window(day).end,
                actor="alice",
                evaluated=Evaluated(
                    as_of=window(day).end,
                    criteria=verdicts,
                    recommendation=Recommendation.EXTEND,
                    evaluation=SHA,
                ),
            )
            for day in looks
        ),
        last_seq=9,
        last_at=FIRST,
    )


def classified(episodes) -> dict[str, ClassifiedEpisode]:
    """Of openai, (first, last) minute of day 1; last None: not closed."""
    found = [
        ClassifiedEpisode(
            id=f"e{place}",
            provider="openai",
            opened=from_ms(BEGIN + first * MINUTE),
            closed=None if last is None else from_ms(BEGIN + last * MINUTE),
            reopened=0,
            reason="failure_threshold_exceeded",
            classification="expected",
            evidence={"text": "a declared incident covers it"},
        )
        for place, (first, last) in enumerate(episodes)
    ]
    return {each.id: each for each in found}


def figures(
    observations, *, episodes=(), evaluation=None, looks=(), incident_shift=timedelta(0)
) -> RolloutFigures:
    return rollout_figures(
        state(observations, looks=looks, incident_shift=incident_shift),
        observations=observations,
        classified=classified(episodes),
        evaluation=evaluation,
    )
