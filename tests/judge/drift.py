"""Made rollouts with honest noise: counting, slow drifts of every tenant, and rare very slow results."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from datetime import timedelta

from judge.build import World, state

from cbops.judge import evaluate
from cbops.model.base import to_ms
from cbops.model.config import CriteriaConfig
from cbops.model.observation import (
    Buckets,
    EventCounts,
    LatencyFigures,
    Observation,
    ProviderDay,
    TransitionCounts,
)
from cbops.model.verdict import Evaluation

HOUR = 3600
LATENCY_MS, SPREAD = 240.0, 0.47  # mean, and standard deviation over mean, of one result


@dataclass(frozen=True)
class Truth:
    """What is so in a made rollout; the effects begin with enabling."""

    per_minute: float = 30
    failure: float = 0.002
    more_failures: float = 0.0  # added to the rate
    slower: float = 0.0  # share by which latency rises
    drift: float = 0.05  # standard deviation of each tenant's drift
    hours: float = 6  # its correlation time
    tail: float = 0.003  # share of results that take 10 to 30 s
    controls: int = 2
    baseline: int = 5
    days: int = 8


def poisson(rng: random.Random, mean: float) -> int:
    if mean > 50:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, count, product = math.exp(-mean), 0, rng.random()
    while product > limit:
        count, product = count + 1, product * rng.random()
    return count


class Tenant:
    """Hour by hour; its latency and error rate drift apart from the others'."""

    def __init__(self, truth: Truth, rng: random.Random, *, canary: bool) -> None:
        self.truth, self.rng, self.canary = truth, rng, canary
        self.keep = math.exp(-1 / truth.hours)
        self.latency, self.errors = rng.gauss(0, truth.drift), rng.gauss(0, truth.drift)

    def hour(self, moment: int, *, enabled: bool) -> tuple[int, int, float]:
        truth, rng = self.truth, self.rng
        fresh = truth.drift * math.sqrt(1 - self.keep**2)
        self.latency = self.keep * self.latency + rng.gauss(0, fresh)
        self.errors = self.keep * self.errors + rng.gauss(0, fresh)
        swing = 1 + 0.6 * math.sin(2 * math.pi * (moment % 86_400_000 / 86_400_000 - 0.3))
        count = poisson(rng, 60 * truth.per_minute * swing)
        harmed = self.canary and enabled
        rate = truth.failure * math.exp(self.errors) + (truth.more_failures if harmed else 0)
        failures = min(count, poisson(rng, count * rate))
        mean = LATENCY_MS * math.exp(self.latency) * (1 + (truth.slower if harmed else 0))
        total = count * mean + rng.gauss(0, SPREAD * mean * math.sqrt(count)) if count else 0.0
        total += sum(rng.uniform(10_000, 30_000) for _ in range(poisson(rng, truth.tail * count)))
        return count - failures, failures, max(total, 0.0)


def observe(truth: Truth, seed: int) -> list[Observation]:
    """The baseline's days and the days since enabling, ascending."""
    rng = random.Random(seed)
    names = ["canary", *(f"control_{n}" for n in range(truth.controls))]
    tenants = {name: Tenant(truth, rng, canary=name == "canary") for name in names}
    found = []
    for number in range(1 - truth.baseline, truth.days + 1):
        empty = World(controls=(), step=HOUR).day(number)
        found.append(_filled(empty, number, tenants))
    return found


def _filled(day: Observation, number: int, tenants: dict[str, Tenant]) -> Observation:
    start = day.buckets[0].start
    size = len(day.buckets[0].success)
    rows: dict[str, Buckets] = {}
    for name, tenant in tenants.items():
        hours = [tenant.hour(to_ms(start + timedelta(hours=n)), enabled=number >= 1) for n in range(size)]
        rows[name] = Buckets.model_construct(
            tenant=name,
            provider="openai",
            start=start,
            step_seconds=HOUR,
            success=tuple(h[0] for h in hours),
            failure=tuple(h[1] for h in hours),
            fail_fast=(0,) * size,
            half_open=(0,) * size,
            latency_count=tuple(h[0] + h[1] for h in hours),
            latency_sum_ms=tuple(h[2] for h in hours),
        )
    mine = rows.pop("canary")
    success, failure = sum(n or 0 for n in mine.success), sum(n or 0 for n in mine.failure)
    figures = ProviderDay(
        events=EventCounts(success=success, failure=failure, fail_fast=0),
        transitions=TransitionCounts(open=0, half_open=0, closed=0),
        error_rate=failure / (success + failure),
        latency=LatencyFigures(count=success + failure),
    )
    return day.model_copy(
        update={
            "buckets": (mine,),
            "controls": tuple(rows.values()),
            "providers": {"openai": figures},
            "decisions": success + failure,
        }
    )


def looks(truth: Truth, seed: int, at_days: tuple[int, ...]) -> list[Evaluation]:
    """The judge's answers at the end of these days."""
    days = observe(truth, seed)
    baseline = tuple(day for day in days if day.window.day < 1)
    found = []
    for last in at_days:
        seen = tuple(day for day in days if 1 <= day.window.day <= last)
        found.append(
            evaluate(
                state(),
                observations=seen,
                baseline=baseline,
                episodes=(),
                criteria=CriteriaConfig(),
                as_of=seen[-1].window.end,
            )
        )
    return found
