"""Routers with the real breaker, scraped: what honest counters look like, and counters with a fault planted."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from heapq import heappop, heappush
from itertools import pairwise

from measure.measure_samples import Memory

from cbops.breaker.machine import Breaker
from cbops.measure import gather_day, measure_day
from cbops.model.base import from_ms, to_ms
from cbops.model.config import MetricsConfig
from cbops.model.observation import DayWindow, Observation
from cbops.model.policy import CANARY_BLOCK
from cbops.model.series import Series
from cbops.model.tenant import Target

TARGET = Target(tenant="canary", policy="canary_policy", provider="openai")
BEGIN = to_ms(datetime(2025, 1, 27, tzinfo=UTC))
EVENTS = "router_circuit_breaker_events_total"
TRANSITIONS = "router_circuit_breaker_state_transitions_total"
DECISIONS = "router_policy_decisions_total"
LATENCY = "router_result_latency_ms_count"
Key = tuple[str, tuple[tuple[str, str], ...]]
Fault = Callable[[str, str, int], int]  # source, target, how often so far -> by how much the counter rises


def honest(source: str, target: str, times: int) -> int:
    """Each transition counts one."""
    return 1


@dataclass
class Story:
    """What happens, drawn from a seed; times are ms after the beginning."""

    length: int
    outages: list[tuple[int, int]]
    crashes: list[int] = field(default_factory=list)
    restarts: list[int] = field(default_factory=list)
    calls: list[tuple[int, str]] = field(default_factory=list)  # an operator's
    gaps: list[tuple[int, int]] = field(default_factory=list)
    ignored: float = 0.02  # share of outcomes that the breaker doesn't record
    documented: bool = False

    def failing(self, at: int) -> bool:
        """Whether the provider fails then."""
        return any(start <= at < end for start, end in self.outages)


class Router:
    """One instance: its circuit, its counters and its scrapes."""

    def __init__(
        self, name: str, every: int, story: Story, rng: random.Random, fault: Fault = honest
    ) -> None:
        self.name, self.every, self.story, self.rng, self.fault = name, every, story, rng, fault
        self.counters: Counter[Key] = Counter()
        self.points: dict[Key, tuple[list[int], list[float]]] = {}
        self.moved: Counter[tuple[str, str]] = Counter()
        self._forced = False  # an operator made a closed circuit half-open, and it hasn't moved since
        self.hidden = False  # such a circuit was closed again without any transition: nothing tells of it
        self.breaker = self.new()

    def new(self) -> Breaker:
        """A closed circuit."""
        return Breaker(CANARY_BLOCK, on_transition=self.move)

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        """A counter is born with its first increment."""
        if by:
            self.counters[name, tuple(sorted(labels.items()))] += by

    def move(self, _: int, source: str, target: str, __: str) -> None:
        """A transition, as this router counts it."""
        self.moved[source, target] += 1
        self._forced = False
        by = self.fault(source, target, self.moved[source, target])
        told = {"state": target} if self.story.documented else {"from": source, "to": target}
        self.count(TRANSITIONS, by, provider_id="openai", **told)

    def run(self) -> None:
        """The whole story, in order of time; results come back after their latency."""
        queue: list[tuple[int, int, str, str]] = []
        number = 0

        def plan(at: int, what: str, detail: str = "") -> None:
            nonlocal number
            number += 1
            heappush(queue, (at, number, what, detail))

        story, rng = self.story, self.rng
        for at in range(rng.randrange(self.every), story.length, self.every):
            plan(at, "scrape")
        for at in story.crashes:
            plan(at, "crash")
        for at in story.restarts:
            plan(at, "restart")
        for at, call in story.calls:
            plan(at, "call", call)
        plan(rng.randrange(5_000), "request")
        while queue:
            at, _, what, detail = heappop(queue)
            if what == "scrape":
                self.scrape(at)
            elif what in {"crash", "restart"}:
                self.hidden = self.hidden or self._forced
                self._forced = False
                self.breaker = self.new()
                if what == "restart":
                    self.counters.clear()
            elif what == "call":
                self.hidden = self.hidden or self._forced
                self._forced = detail == "force_half_open" and (
                    self._forced or self.breaker.state == "closed"
                )
                getattr(self.breaker, detail)(at)
            elif what == "request":
                if at < story.length:
                    plan(at + 1 + round(rng.expovariate(1 / 4_000)), "request")
                self.request(at, plan)
            else:
                self.result(at, what, detail)
        self.hidden = self.hidden or self._forced

    def request(self, at: int, plan: Callable[[int, str, str], None]) -> None:
        """A decision, and its call or that of the fallback."""
        latency = 50 + self.rng.randrange(800)
        if self.breaker.allow(at):
            self.count(DECISIONS, policy_id=TARGET.policy, reason="weighted")
            outcome = "failure" if self.story.failing(at) else "success"
            plan(at + latency, "ignored" if self.rng.random() < self.story.ignored else outcome, "openai")
            return
        self.count(DECISIONS, policy_id=TARGET.policy, reason="circuit_breaker_fallback")
        if not self.story.documented:
            self.count(EVENTS, provider_id="openai", event_type="fail_fast")
        plan(at + latency, "success", "anthropic")

    def result(self, at: int, outcome: str, provider: str) -> None:
        """A result came back."""
        self.count(LATENCY, provider_id=provider)
        if outcome == "ignored":
            return
        self.count(EVENTS, provider_id=provider, event_type=outcome)
        if provider == "openai":
            (self.breaker.record_success if outcome == "success" else self.breaker.record_failure)(at)

    def scrape(self, at: int) -> None:
        """A sample of everything that exists; nothing in a gap."""
        if any(start <= at < end for start, end in self.story.gaps):
            return
        for key, value in (*self.counters.items(), (("up", ()), 1)):
            times, values = self.points.setdefault(key, ([], []))
            times.append(BEGIN + at)
            values.append(float(value))

    @property
    def series(self) -> list[Series]:
        """What Prometheus holds of it."""
        own = {"instance": self.name, "job": "router"}
        return [
            Series(
                name, {**dict(labels), **own, **({} if name == "up" else {"tenant_id": TARGET.tenant})}, *both
            )
            for (name, labels), both in self.points.items()
        ]


def days_of(routers: list[Router], edges: list[int], *, documented: bool = False) -> list[Observation]:
    """Measured in windows between these times (ms after the beginning)."""
    found = [one for router in routers for one in router.series]

    source = Memory(*found)
    told = []
    for number, (start, end) in enumerate(pairwise(edges), 1):
        window = DayWindow(
            day=number,
            date=date(2025, 1, 27) + timedelta(days=number - 1),
            start=from_ms(BEGIN + start),
            end=from_ms(BEGIN + end),
            partial=False,
            full=True,
        )
        config = MetricsConfig(dialect="documented" if documented else "auto")
        samples = gather_day(source.fetch, "prometheus", TARGET, window, config)
        told.append(measure_day(TARGET, window, window.end, samples, config))
    return told
