"""Records of a rollout made by hand, for whatever looks for signals in them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from cbops.model.observation import (
    AlertInterval,
    Buckets,
    DayWindow,
    EventCounts,
    LatencyFigures,
    Observation,
    ProviderDay,
    ScrapeHealth,
    TransitionCounts,
)
from cbops.model.policy import CANARY_BLOCK
from cbops.model.state import RolloutState, Stage
from cbops.model.tenant import Target
from cbops.model.ticket import TicketDraft, TicketKind
from cbops.model.verdict import (
    ClassifiedEpisode,
    CriterionId,
    CriterionResult,
    Evaluation,
    Recommendation,
    Verdict,
)
from cbops.rollout.signals import Found, Seen, find_signals

MIDNIGHT = datetime(2025, 1, 27, tzinfo=UTC)
TARGET = Target(tenant="canary", policy="canary_policy", provider="openai")
STEP = timedelta(minutes=5)
STEPS = 288


def at(day: int, clock: str) -> datetime:
    hour, minute = (int(part) for part in clock.split(":"))
    return MIDNIGHT + timedelta(days=day - 1, hours=hour, minutes=minute)


def state(**changes: Any) -> RolloutState:
    """A rollout whose block suits its traffic."""
    made = RolloutState(
        id="canary-1",
        phase=1,
        stage=Stage.MONITORING,
        target=TARGET,
        owner=None,
        timezone="UTC",
        baseline_days=7,
        opened_at=MIDNIGHT,
        opened_by="ann",
        adopted=False,
        enabled_at=MIDNIGHT,
        block={**CANARY_BLOCK, "timeout_ms": 90_000, "half_open_max_calls": 5},
        last_seq=1,
        last_at=MIDNIGHT,
    )
    return made.model_copy(update=changes)


def buckets(day: int = 1, *, failing: dict[int, tuple[int, int]] | None = None, **changes: Any) -> Buckets:
    """A hundred successes in each five minutes, but for `failing`: place → (successes, failures)."""
    counts = [(failing or {}).get(place, (100, 0)) for place in range(STEPS)]
    made = Buckets(
        tenant=TARGET.tenant,
        provider=TARGET.provider,
        start=at(day, "00:00"),
        step_seconds=300,
        success=tuple(success for success, _ in counts),
        failure=tuple(failure for _, failure in counts),
        fail_fast=(0,) * STEPS,
        half_open=(0,) * STEPS,
    )
    return made.model_copy(update=changes)


def day(number: int = 1, **changes: Any) -> Observation:
    start = at(number, "00:00")
    made = Observation(
        target=TARGET,
        window=DayWindow(
            day=number,
            date=date(2025, 1, 26) + timedelta(days=number),
            start=start,
            end=start + timedelta(days=1),
            partial=False,
            full=True,
        ),
        as_of=start + timedelta(days=1),
        source="prometheus",
        dialect="router",
        scrape=ScrapeHealth(interval_seconds=60, expected=1440, seen=1440, coverage=1.0),
        decisions=28_800,
        fallback_decisions=0,
        providers={
            "openai": ProviderDay(
                events=EventCounts(success=28_800, failure=0, fail_fast=0),
                transitions=TransitionCounts(open=0, half_open=0, closed=0),
                error_rate=0.0,
                latency=LatencyFigures(count=28_800, mean_ms=200.0),
            )
        },
        alerts=(),
        buckets=(buckets(number),),
    )
    return made.model_copy(update=changes)


def episode(
    opened: datetime, seconds: float = 600, *, failures: int | None = None, **changes: Any
) -> ClassifiedEpisode:
    """An open; `failures`: the canary's own in the five minutes around it."""
    evidence: dict[str, Any] = {"source": "controls", "text": "The controls were healthy."}
    if failures is not None:
        start = opened - timedelta(minutes=2)
        bucket = {
            "from": start.isoformat(),
            "to": (start + STEP).isoformat(),
            "failures": failures,
            "results": 40,
        }
        evidence["canary"] = {"finding": "healthy", "buckets": [bucket]}
    made = ClassifiedEpisode(
        id=f"openai-{opened:%Y%m%dT%H%M%SZ}",
        provider="openai",
        opened=opened,
        closed=opened + timedelta(seconds=seconds),
        reopened=0,
        reason="failure_threshold_exceeded",
        classification="unexpected",
        evidence=evidence,
    )
    return made.model_copy(update=changes)


def firing(
    start: datetime, seconds: float = 60, name: str = "RouterCircuitBreakerOpened", **more: Any
) -> AlertInterval:
    end = start + timedelta(seconds=seconds)
    return AlertInterval.model_validate(
        {"name": name, "severity": "warning", "provider": "openai", "from": start, "to": end, **more}
    )


def evaluation(**judged: tuple[Verdict, dict[str, Any]]) -> Evaluation:
    """A judgement with these criteria, each with its evidence."""
    criteria: list[CriterionResult] = []
    names: tuple[CriterionId, ...] = (
        "unexpected_opens",
        "recovery",
        "error_rate",
        "latency",
        "observability",
    )
    for name in names:
        verdict, evidence = judged.get(name, (Verdict.MET, {}))
        criteria.append(
            CriterionResult(id=name, verdict=verdict, summary=f"{name} is {verdict}.", evidence=evidence)
        )
    return Evaluation(
        as_of=at(2, "00:00"),
        days_observed=1,
        full_days=1,
        criteria=tuple(criteria),
        recommendation=Recommendation.EXTEND,
        reasons=(),
        missing=(),
    )


def seen(*days: Observation, **more: Any) -> Seen:
    """A sound record, but for what is given."""
    return Seen(**{"state": state(), "days": days or (day(),), "episodes": (), **more})


def found(record: Seen) -> Found:
    return find_signals(record)


def of_kind(record: Seen, kind: TicketKind) -> list[TicketDraft]:
    return [draft for draft in find_signals(record).drafts if draft.kind is kind]


def gaps(record: Seen, kind: TicketKind) -> list[str]:
    return [gap.why for gap in find_signals(record).not_looked_at if gap.kind is kind]
