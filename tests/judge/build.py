"""Observations made concisely: every bucket alike unless a `Burst` says otherwise."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from cbops.judge import evaluate
from cbops.model.base import JsonObject, from_ms, to_ms
from cbops.model.config import CriteriaConfig
from cbops.model.events import EpisodeClassified, IncidentAdded
from cbops.model.observation import (
    Buckets,
    DayWindow,
    Drift,
    Episode,
    EventCounts,
    Finding,
    Gap,
    LatencyFigures,
    Observation,
    ProviderDay,
    Restart,
    ScrapeHealth,
    Transition,
    TransitionCounts,
)
from cbops.model.plan import Rehearsal
from cbops.model.policy import CANARY_BLOCK
from cbops.model.state import ClassificationRecord, IncidentRecord, RehearsalRecord, RolloutState, Stage
from cbops.model.telemetry import LogFacts
from cbops.model.tenant import Target
from cbops.model.verdict import Classification, CriterionResult, Evaluation, Verdict

TARGET = Target(tenant="canary", policy="canary_policy", provider="openai")
ENABLED = datetime(2025, 1, 27, 9, tzinfo=UTC)
DAY_ONE = date(2025, 1, 27)


def at(day: int, clock: str) -> datetime:
    """The instant on that day of the rollout: at(3, "14:00")."""
    hour, minute, *second = (int(part) for part in clock.split(":"))
    midnight = datetime.combine(DAY_ONE, datetime.min.time(), UTC) + timedelta(days=day - 1)
    return midnight + timedelta(hours=hour, minutes=minute, seconds=second[0] if second else 0)


@dataclass(frozen=True)
class Burst:
    """From start to end these figures of a tenant hold instead."""

    start: datetime
    end: datetime
    success: int = 0
    failure: int = 0
    fail_fast: int = 0
    tenant: str | None = None  # null: everyone
    provider: str = "openai"


@dataclass(frozen=True)
class Made:
    """A tenant's traffic per bucket; `wobble` is the share by which figures vary at random."""

    success: int = 100
    failure: int = 1
    latency_ms: float | None = 200.0
    wobble: float = 0.02
    provider: str = "openai"


@dataclass(frozen=True)
class World:
    """Days of a canary and its controls."""

    canary: Made = field(default_factory=Made)
    since: Made | None = None  # the canary's since enabling, where it differs
    controls: tuple[str, ...] = ("tenant_b", "tenant_c")
    control: Made = field(default_factory=Made)
    bursts: tuple[Burst, ...] = ()
    step: int = 300
    seed: int = 1
    coverage: float = 1.0
    extra: tuple[Made, ...] = ()  # the canary's traffic on further providers

    def day(self, number: int) -> Observation:
        """One day as measured."""
        return _made(self, number)

    def make(self, number: int) -> Observation:
        """The day, worked out anew."""
        window = _window(number)
        mine = self.since if number >= 1 and self.since is not None else self.canary
        buckets = tuple(self._buckets("canary", made, window) for made in (mine, *self.extra))
        controls = tuple(self._buckets(name, self.control, window) for name in self.controls)
        expected = int((window.end - window.start).total_seconds() // 60)
        figures = {b.provider: _figures(b) for b in buckets}
        results = sum((f.events.success or 0) + (f.events.failure or 0) for f in figures.values())
        return Observation(
            target=TARGET,
            window=window,
            as_of=window.end,
            source="prometheus",
            dialect="router",
            scrape=ScrapeHealth(
                interval_seconds=60,
                expected=expected,
                seen=round(self.coverage * expected),
                coverage=self.coverage,
            ),
            decisions=results,
            fallback_decisions=sum(f.events.fail_fast or 0 for f in figures.values()),
            providers=figures,
            state_at_start={"openai": "closed"},
            buckets=buckets,
            controls=controls,
        )

    def days(self, *numbers: int) -> tuple[Observation, ...]:
        """Several days."""
        return tuple(self.day(number) for number in numbers)

    def _buckets(self, tenant: str, made: Made, window: DayWindow) -> Buckets:
        mine = tuple(
            burst
            for burst in self.bursts
            if burst.tenant in (None, tenant)
            and burst.provider == made.provider
            and burst.start < window.end
            and window.start < burst.end
        )
        return _row(tenant, made, mine, window, self.step, self.seed)


@lru_cache(maxsize=2048)
def _row(
    tenant: str, made: Made, bursts: tuple[Burst, ...], window: DayWindow, step_seconds: int, seed: int
) -> Buckets:
    rng = random.Random(f"{seed}/{window.day}/{tenant}/{made.provider}")
    step = step_seconds * 1000
    first = -(-to_ms(window.start) // step) * step
    rows = [_bucket(made, bursts, start, rng) for start in range(first, to_ms(window.end) - step + 1, step)]
    return Buckets(
        tenant=tenant,
        provider=made.provider,
        start=from_ms(first),
        step_seconds=step_seconds,
        success=tuple(row[0] for row in rows),
        failure=tuple(row[1] for row in rows),
        fail_fast=tuple(row[2] for row in rows),
        half_open=tuple(0 for _ in rows),
        latency_count=tuple(None if made.latency_ms is None else row[0] + row[1] for row in rows),
        latency_sum_ms=tuple(row[3] for row in rows),
    )


def _bucket(
    made: Made, bursts: tuple[Burst, ...], start: int, rng: random.Random
) -> tuple[int, int, int, float | None]:
    moment = from_ms(start)
    for burst in bursts:
        if burst.start <= moment < burst.end:
            total = (burst.success + burst.failure) * (made.latency_ms or 0)
            return burst.success, burst.failure, burst.fail_fast, total
    success = max(0, round(rng.gauss(made.success, made.wobble * made.success)))
    failure = round(rng.gauss(made.failure, made.wobble * made.failure)) if made.failure else 0
    mean = None if made.latency_ms is None else rng.gauss(made.latency_ms, made.wobble * made.latency_ms)
    return success, max(0, failure), 0, None if mean is None else mean * (success + failure)


@lru_cache(maxsize=256)
def _made(world: World, number: int) -> Observation:
    return world.make(number)


def _window(number: int) -> DayWindow:
    start, end = at(number, "00:00"), at(number + 1, "00:00")
    if number == 1:
        start = ENABLED
    return DayWindow(day=number, date=start.date(), start=start, end=end, partial=False, full=number != 1)


def _figures(buckets: Buckets) -> ProviderDay:
    success = sum(value or 0 for value in buckets.success)
    failure = sum(value or 0 for value in buckets.failure)
    count = sum(value or 0 for value in buckets.latency_count)
    total = sum(value or 0.0 for value in buckets.latency_sum_ms)
    results = success + failure
    known = None not in buckets.latency_count
    return ProviderDay(
        events=EventCounts(
            success=success, failure=failure, fail_fast=sum(value or 0 for value in buckets.fail_fast)
        ),
        transitions=TransitionCounts(open=0, half_open=0, closed=0),
        error_rate=failure / results if results else None,
        latency=LatencyFigures(count=count, mean_ms=total / count if count else None)
        if known
        else LatencyFigures(),
    )


def partial(observation: Observation) -> Observation:
    """The same day, not over yet."""
    window = observation.window.model_copy(update={"partial": True, "full": False})
    return observation.model_copy(update={"window": window})


def with_provider(observation: Observation, name: str = "openai", **changes: object) -> Observation:
    """The day with some figures of a provider replaced (events, transitions, error_rate, latency)."""
    figures = observation.providers[name].model_copy(update=changes)
    return observation.model_copy(update={"providers": {**observation.providers, name: figures}})


def episode(
    opened: datetime,
    closed: datetime | None,
    *,
    name: str = "e1",
    closed_by: str | None = "results",
    provider: str = "openai",
    reopened: int = 0,
) -> Episode:
    """Opened in the minute before `opened`."""
    return Episode.model_validate(
        {
            "id": name,
            "provider": provider,
            "opened": opened,
            "opened_after": opened - timedelta(minutes=1),
            "closed": closed,
            "closed_by": None if closed is None else closed_by,
            "reopened": reopened,
            "reason": "failure_threshold_exceeded",
        }
    )


def incident(start: datetime, end: datetime, provider: str = "openai") -> IncidentRecord:
    """A declared incident."""
    added = IncidentAdded.model_validate({"provider": provider, "from": start, "to": end})
    return IncidentRecord(at=end, actor="ann", incident=added)


def word(name: str, classification: Classification) -> ClassificationRecord:
    """A person's word on an episode."""
    said = EpisodeClassified(episode=name, classification=classification, reason="status page")
    return ClassificationRecord(at=ENABLED, actor="ann", classified=said)


def rehearsal(*, passed: bool = True, block: JsonObject | None = None) -> RehearsalRecord:
    """A rehearsal on record, of the canary's block unless another is given."""
    done = Rehearsal(
        block=CANARY_BLOCK if block is None else block,
        passed=passed,
        opened_after_failures=5,
        recovered_after_ms=30_000 if passed else None,
        steps=("5 failures opened it", "2 successes closed it" if passed else "it stays half-open"),
    )
    return RehearsalRecord(at=ENABLED, actor="ann", rehearsal=done)


def state(**changes: object) -> RolloutState:
    """A rollout that is being watched, with a rehearsal on record."""
    made = RolloutState(
        id="canary-1",
        phase=1,
        stage=Stage.MONITORING,
        target=TARGET,
        owner=None,
        timezone="UTC",
        baseline_days=7,
        opened_at=ENABLED,
        opened_by="ann",
        adopted=False,
        enabled_at=ENABLED,
        block=dict(CANARY_BLOCK),
        rehearsals=(rehearsal(),),
        last_seq=1,
        last_at=ENABLED,
    )
    return made.model_copy(update=changes)


@dataclass(frozen=True)
class Question:
    """What is asked of the judge; every field has a sound default."""

    world: World = field(default_factory=World)
    observed: tuple[int, ...] = (1, 2, 3, 4, 5)
    baseline: tuple[int, ...] = (-3, -2, -1, 0)
    state: RolloutState = field(default_factory=state)
    episodes: tuple[Episode, ...] = ()
    criteria: CriteriaConfig = field(default_factory=CriteriaConfig)
    edit: Callable[[Observation], Observation] = lambda day: day
    denied: str = "sent"
    drift: Drift | None = None
    logs: tuple[LogFacts, ...] = ()

    def but(self, **changes: object) -> Question:
        """The same question with some fields replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def ask(self) -> Evaluation:
        """The judge's answer."""
        observations = tuple(self.edit(day) for day in self.world.days(*self.observed))
        ends = [day.window.end for day in observations]
        return evaluate(
            self.state,
            observations=observations,
            baseline=tuple(self.edit(day) for day in self.world.days(*self.baseline)),
            episodes=self.episodes,
            criteria=self.criteria,
            as_of=max(ends, default=ENABLED),
            denied_without_fallback="rejected" if self.denied == "rejected" else "sent",
            drift=self.drift,
            logs=self.logs,
        )


def criterion(evaluation: Evaluation, name: str) -> CriterionResult:
    """One criterion's result."""
    return next(result for result in evaluation.criteria if result.id == name)


def verdicts(evaluation: Evaluation) -> dict[str, Verdict]:
    """All verdicts by criterion."""
    return {result.id: result.verdict for result in evaluation.criteria}


def restart_at(moment: datetime) -> Restart:
    """A restart in the minute before."""
    return Restart(instance="router:9001", after=moment - timedelta(minutes=1), at=moment)


def gap(start: datetime, end: datetime) -> Gap:
    """No scrape in between."""
    return Gap.model_validate({"from": start, "to": end})


def moved(
    moment: datetime, source: str | None, target: str, instance: str = "a", count: int = 1
) -> Transition:
    """One transition, seen in the minute before `moment`."""
    return Transition.model_validate(
        {
            "provider": "openai",
            "instance": instance,
            "after": moment - timedelta(minutes=1),
            "at": moment,
            "source": source,
            "target": target,
            "count": count,
        }
    )


def finding(code: str) -> Finding:
    """A finding of the measurement."""
    return Finding(code=code, message=f"{code} happened")
