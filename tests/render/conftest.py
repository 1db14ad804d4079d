"""Rollouts to render. Every text that comes from outside goes through `tell`, so that a test can
swap all of them at once for something hostile.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

import forecast_samples
import pytest
import tuning_made

from cbops.model.checklist import ITEMS
from cbops.model.events import Decided, EpisodeClassified, IncidentAdded, OwnerNotified
from cbops.model.events_change import RollbackProof
from cbops.model.events_replay import Forecasted, Tuned
from cbops.model.forecast import Forecast
from cbops.model.observation import (
    AlertInterval,
    Carried,
    DayWindow,
    Episode,
    EventCounts,
    Finding,
    LatencyFigures,
    Observation,
    ProviderDay,
    ScrapeHealth,
    TransitionCounts,
)
from cbops.model.plan import OverrideNote, Rehearsal, Weighed
from cbops.model.policy import CANARY_BLOCK
from cbops.model.state import (
    ChecklistRecord,
    ClassificationRecord,
    CollectedDay,
    DecisionRecord,
    EnableRecord,
    ForecastRecord,
    IncidentRecord,
    LessonRecord,
    NoteRecord,
    NotificationRecord,
    RehearsalRecord,
    RollbackRecord,
    RolloutState,
    Stage,
    TuningRecord,
)
from cbops.model.tenant import Owner, Target
from cbops.model.tuning import Tuning
from cbops.model.verdict import (
    ClassifiedEpisode,
    CriterionResult,
    Evaluation,
    Recommendation,
    Verdict,
)
from cbops.render.engine import execution_log
from cbops.render.log_builder import execution_log_view

Tell = Callable[[str], str]
SHA = "0" * 64


@dataclass
class Case:
    """What `execution_log_view` takes."""

    state: RolloutState | None = None
    observations: dict[int, Observation] = field(default_factory=dict)
    classified: dict[str, ClassifiedEpisode] = field(default_factory=dict)
    evaluation: Evaluation | None = None
    forecast: Forecast | None = None
    tuning: Tuning | None = None

    def render(self) -> str:
        view = execution_log_view(
            self.state,
            observations=self.observations,
            classified=self.classified,
            evaluation=self.evaluation,
            forecast=self.forecast,
            tuning=self.tuning,
        )
        return execution_log(view)


def at(day: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """An instant of day `day` of the rollout, whose day 1 is 2025-01-27."""
    return datetime(2025, 1, 26, hour, minute, second, tzinfo=UTC) + timedelta(days=day)


def window(day: int, *, until: datetime | None = None) -> DayWindow:
    start = at(day, 9) if day == 1 else at(day)
    return DayWindow(
        day=day,
        date=date(2025, 1, 26) + timedelta(days=day),
        start=start,
        end=until or at(day + 1),
        partial=until is not None,
        full=day != 1 and until is None,
    )


def provider(
    success: int | None, failure: int | None, fail_fast: int | None, opens: int | None = 0
) -> ProviderDay:
    known = success is not None and failure is not None and success + failure > 0
    return ProviderDay(
        events=EventCounts(success=success, failure=failure, fail_fast=fail_fast),
        transitions=TransitionCounts(open=opens, half_open=opens, closed=opens),
        error_rate=failure / (success + failure) if known else None,
        latency=LatencyFigures(),
    )


def observation(tell: Tell, day: int, providers: dict[str, ProviderDay], **more: object) -> Observation:
    values: dict[str, object] = {
        "target": Target(tenant=tell("tenant-07"), policy=tell("canary_policy"), provider=tell("openai")),
        "window": window(day),
        "as_of": at(day + 1),
        "source": "embedded",
        "dialect": "router",
        "scrape": ScrapeHealth(interval_seconds=15, expected=5760, seen=5760, coverage=1),
        "decisions": 12_000,
        "fallback_decisions": 12,
        "providers": {tell(name): figures for name, figures in providers.items()},
        "alerts": (),
    }
    return Observation.model_validate({**values, **more})


def selected(tell: Tell) -> Case:
    """Just selected: nothing enabled yet."""
    reasons = (
        Weighed(
            criterion="traffic", verdict="for", required=True, reason=tell("31 req/min in its busiest hour")
        ),
        Weighed(criterion="criticality", verdict="unknown", required=True, reason=tell("nobody has said")),
        Weighed(criterion="owner", verdict="for", required=True, reason=tell("Dana Roe is responsive")),
        Weighed(criterion="fallback", verdict="against", required=False, reason=tell("the policy has none")),
    )
    state = RolloutState(
        id="tenant-07-canary",
        phase=1,
        stage=Stage.SELECTED,
        target=Target(tenant=tell("tenant-07"), policy=tell("canary_policy"), provider=tell("openai")),
        owner=Owner(name=tell("Dana Roe"), contact=tell("dana@example.org"), responsive=True),
        timezone="UTC",
        baseline_days=7,
        opened_at=at(0, 15, 30),
        opened_by=tell("alice"),
        adopted=False,
        reasons=reasons,
        overrides=(OverrideNote(requirement="criticality", reason=tell("a test tenant")),),
        last_seq=1,
        last_at=at(0, 15, 30),
    )
    return Case(state)


def forecasted(tell: Tell) -> Case:
    """Selected, and recorded traffic was replayed: a forecast from files, and one from counters after it."""
    case = selected(tell)
    assert case.state is not None
    forecast = forecast_samples.approximate(tell)
    event = Forecasted(
        policy="policy", requests=4800, approximate=True, forecast=SHA, summary=forecast.summary[0]
    )
    record = ForecastRecord(at=at(0, 17), actor=tell("alice"), forecasted=event)
    state = case.state.model_copy(update={"forecasts": (record,)})
    return replace(case, state=state, forecast=forecast)


def tuned(tell: Tell) -> Case:
    """Finished, and better thresholds were searched."""
    case = finished(tell)
    assert case.state is not None
    tuning = tuning_made.searched(tell)
    event = Tuned(recommended=tuning.recommended.block, tuning=SHA, summary=tuning.summary)
    record = TuningRecord(at=at(8, 9), actor=tell("bob"), tuned=event)
    state = case.state.model_copy(update={"tunings": (record,)})
    return replace(case, state=state, tuning=tuning)


def _checklist(tell: Tell) -> dict[str, ChecklistRecord]:
    states = {"load_tests": "verified", "disabled_by_default": "verified", "team_trained": "failed"}
    notes = {"load_tests": tell("4 of 4 scenarios pass"), "team_trained": tell("two people are away")}
    return {
        item: ChecklistRecord(
            at=at(0, 16),
            actor=tell("alice"),
            item=item,
            state=states.get(item, "attested"),
            note=notes.get(item),
        )
        for item in ITEMS
        if item != "dashboards"
    }


def monitoring(tell: Tell) -> Case:
    """In the middle of day 2, which has an episode that still runs."""
    rehearsal = Rehearsal(
        block=CANARY_BLOCK,
        passed=True,
        opened_after_failures=1,
        recovered_after_ms=30_000,
        steps=(tell("1 failure opened it"), tell("2 successes closed it")),
    )
    enable = EnableRecord(
        intended_at=at(1, 8, 59, 58),
        actor=tell("alice"),
        read_version=tell("1.3"),
        new_version=tell("1.4"),
        before=SHA,
        after=SHA,
        block=CANARY_BLOCK,
        overrides=(
            OverrideNote(requirement="team_trained", reason=tell("trained next week")),
            OverrideNote(requirement="dashboards", reason=tell("the old ones do")),
        ),
        written_at=at(1, 8, 59, 59),
        reloaded_at=at(1, 9),
        done_at=at(1, 9),
        verification=tell("version 1.4 is live and equals what was written"),
    )
    notified = OwnerNotified(how=tell("email"), answer=tell("go ahead"), notified_at=at(0, 16))
    incident = IncidentAdded(
        provider=tell("openai"), start=at(2, 10), end=at(2, 11), note=tell("status page")
    )
    notes = (
        NoteRecord(
            at=at(1, 12), actor=tell("alice"), day=1, kind="issue", text=tell("the dashboard was slow")
        ),
        NoteRecord(
            at=at(1, 13), actor=tell("bob"), day=1, kind="action", text=tell("restarted the dashboard")
        ),
        NoteRecord(at=at(1, 14), actor=tell("bob"), day=1, kind="action", text=tell("told the owner")),
        NoteRecord(at=at(0, 14), actor=tell("bob"), day=None, kind="note", text=tell("started on a Monday")),
    )
    until = at(2, 14)
    state = selected(tell).state
    assert state is not None
    state = state.model_copy(
        update={
            "stage": Stage.MONITORING,
            "checklist": _checklist(tell),
            "notifications": (NotificationRecord(at=at(0, 16), actor=tell("alice"), notified=notified),),
            "rehearsals": (RehearsalRecord(at=at(1, 8), actor=tell("alice"), rehearsal=rehearsal),),
            "enable": enable,
            "enabled_at": at(1, 9),
            "enabled_version": tell("1.4"),
            "block": CANARY_BLOCK,
            "incidents": (IncidentRecord(at=at(2, 12), actor=tell("alice"), incident=incident),),
            "notes": notes,
            "days": tuple(
                CollectedDay(window=w, collected_at=until, as_of=until, observation=SHA)
                for w in (window(1), window(2, until=until))
            ),
        }
    )
    days = {
        0: observation(tell, 0, {"openai": provider(11_000, 66, 0)}),
        1: observation(tell, 1, {"openai": provider(10_420, 31, 0), "anthropic": provider(0, 0, 0)}),
        2: _day_2(tell, until),
    }
    return Case(state, days, {"e1": _classified(tell, "e1", "expected")})


def _day_2(tell: Tell, until: datetime) -> Observation:
    episodes = (
        Episode(
            id="e1",
            provider=tell("openai"),
            opened=at(2, 10, 0, 15),
            closed=at(2, 10, 42),
            closed_by="results",
            reopened=3,
            reason=tell("failure_threshold_exceeded"),
        ),
        Episode(id="e2", provider=tell("openai"), opened=at(2, 13, 58)),
    )
    alert = AlertInterval(
        name=tell("RouterCircuitBreakerOpened"),
        severity=tell("warning"),
        provider=tell("openai"),
        start=at(2, 10, 1),
        end=at(2, 10, 43),
    )
    findings = (Finding(code="gap", message=tell("no scrape between 11:00 and 11:08")),)
    return observation(
        tell,
        2,
        {"openai": provider(5_800, 212, 340, opens=5), "anthropic": provider(412, None, None, opens=None)},
        window=window(2, until=until),
        as_of=until,
        episodes=episodes,
        alerts=(alert,),
        findings=findings,
        scrape=ScrapeHealth(interval_seconds=15, expected=3360, seen=3328, coverage=3328 / 3360),
    )


def _classified(tell: Tell, name: str, classification: str) -> ClassifiedEpisode:
    return ClassifiedEpisode(
        id=name,
        provider=tell("openai"),
        opened=at(2, 10, 0, 15),
        closed=at(2, 10, 42),
        reopened=3,
        reason=tell("failure_threshold_exceeded"),
        classification=classification,
        evidence={"text": tell("a declared incident covers it")},
    )


def evaluation(tell: Tell, recommendation: Recommendation, verdict: Verdict = Verdict.MET) -> Evaluation:
    names = ("unexpected_opens", "recovery", "error_rate", "latency", "observability")
    return Evaluation(
        as_of=at(8),
        days_observed=7,
        full_days=6,
        criteria=tuple(
            CriterionResult(
                id=name,
                verdict=verdict if name == "latency" else Verdict.MET,
                summary=tell(f"what was found about {name}"),
                evidence={},
            )
            for name in names
        ),
        recommendation=recommendation,
        reasons=(tell("six full days"),),
        missing=() if recommendation is Recommendation.PROCEED else (tell("latency is not met"),),
    )


def finished(tell: Tell) -> Case:
    """Seven days, decided to proceed after an extension."""
    case = monitoring(tell)
    assert case.state is not None
    quiet = {n: observation(tell, n, {"openai": provider(10_000 + n, 30, 0)}) for n in range(3, 8)}
    observations = {**case.observations, 2: _day_2(tell, at(2, 14)), **quiet}
    whole = {
        "window": window(2),
        "carried": (Carried(provider=tell("openai"), closed=at(2, 14, 30), reopened=1),),
    }
    observations[2] = observations[2].model_copy(update={**whole, "carried": ()})
    observations[3] = observations[3].model_copy(update={"carried": whole["carried"], "alerts": None})
    decisions = (
        Decided(
            decision=Recommendation.EXTEND,
            by=tell("carol"),
            reason=tell("two days are few"),
            recommended=None,
        ),
        Decided(
            decision=Recommendation.PROCEED,
            by=tell("carol"),
            reason=tell("all five hold"),
            recommended=Recommendation.PROCEED,
        ),
    )
    word = EpisodeClassified(episode="e2", classification="expected", reason=tell("the provider said so"))
    lessons = (("well", "the owner answered fast"), ("improve", "train first"), ("tuning", "threshold 8"))
    state = case.state.model_copy(
        update={
            "stage": Stage.DECIDED,
            "days": tuple(
                CollectedDay(window=window(n), collected_at=at(8), as_of=at(8), observation=SHA)
                for n in range(1, 8)
            ),
            "decisions": tuple(
                DecisionRecord(at=at(3 + 5 * i), actor=tell("carol"), decided=each)
                for i, each in enumerate(decisions)
            ),
            "classifications": (ClassificationRecord(at=at(3), actor=tell("alice"), classified=word),),
            "lessons": tuple(
                LessonRecord(at=at(8), actor=tell("bob"), kind=kind, text=tell(text))
                for kind, text in lessons
            ),
        }
    )
    return Case(state, observations, case.classified, evaluation(tell, Recommendation.PROCEED))


def rolled_back(tell: Tell) -> Case:
    """A latency regression: rolled back on day 2, at the second attempt, and proven."""
    case = monitoring(tell)
    assert case.state is not None
    proof = RollbackProof(
        proven=True,
        since=at(2, 14, 1),
        until=at(2, 15),
        decisions=1_204,
        fail_fast=0,
        half_open=0,
        fallback_decisions=None,
        summary=tell("decisions grew, the breaker's counters did not"),
    )
    record = RollbackRecord(
        intended_at=at(2, 13, 59),
        actor=tell("carol"),
        reason=tell("latency"),
        tenant=tell("tenant-07"),
        policy=tell("canary_policy"),
        written_version=tell("1.5"),
        reloaded_at=at(2, 14),
        done_at=at(2, 14),
        version=tell("1.5"),
        disabled_at=at(2, 14),
        verification=tell("read back: the breaker is disabled"),
        failures=(tell("reload: the admin API did not answer"),),
        proof=proof,
    )
    decided = Decided(
        decision=Recommendation.ROLLBACK,
        by=tell("carol"),
        reason=tell("latency"),
        recommended=Recommendation.EXTEND,
    )
    state = case.state.model_copy(
        update={
            "stage": Stage.ROLLED_BACK,
            "disabled_at": at(2, 14),
            "rollbacks": (record,),
            "decisions": (DecisionRecord(at=at(2, 14, 5), actor=tell("bob"), decided=decided),),
        }
    )
    judged = evaluation(tell, Recommendation.EXTEND, Verdict.MISSED)
    return Case(state, case.observations, case.classified, judged)


class Cases:
    """By name; `tell` turns each benign text into what the test wants to see there."""

    names = ("fresh", "selected", "monitoring", "finished", "rolled_back", "forecasted", "tuned")

    @staticmethod
    def make(name: str, tell: Tell = str) -> Case:
        makers = {
            "selected": selected,
            "monitoring": monitoring,
            "finished": finished,
            "rolled_back": rolled_back,
            "forecasted": forecasted,
            "tuned": tuned,
        }
        return Case() if name == "fresh" else makers[name](tell)


@pytest.fixture(scope="session")
def cases() -> Cases:
    return Cases()
