"""Routers that nobody would wish for, scraped: births, restarts, gaps, series that vanish, several instances.

Everything follows from a seed. Each world has its own metric names or speaks the documented ones; its
tenants are so many cases.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

import httpx

from cbops.clients.scrape import Scraper
from cbops.clients.store import SampleStore
from cbops.model.base import from_ms
from cbops.model.calendar import DayWindow
from cbops.model.config import MetricsConfig

START_MS = 1_738_000_000_000  # 2025-01-27
NAMES = {
    name: f"router_{name}"
    for name in (
        "circuit_breaker_events_total",
        "circuit_breaker_state_transitions_total",
        "circuit_breaker_state",
        "circuit_breaker_trigger_reason",
        "circuit_breaker_error_rate",
        "circuit_breaker_window_requests_total",
        "circuit_breaker_window_failures_total",
        "circuit_breaker_timeout_transitions_total",
        "circuit_breaker_timeout_remaining_ms",
        "policy_decisions_total",
        "result_latency_ms",
    )
}
BOUNDS = ("100", "300", "1000", "+Inf")
EDGES = {
    "closed": (("open", "failure_threshold_exceeded"), ("open", "error_rate_threshold_exceeded")),
    "open": (("half_open", "timeout_elapsed"),),
    "half_open": (("closed", "success_threshold_met"), ("open", "half_open_failure")),
}
VALUES = {"closed": 0, "open": 1, "half_open": 2}


@dataclass(frozen=True)
class Case:
    """A tenant of a world, and the window in which it is looked at."""

    tenant: str
    provider: str
    window: DayWindow
    metrics: MetricsConfig


@dataclass
class Manner:
    """How a world's routers name things."""

    names: dict[str, str]
    labels: dict[str, str]
    documented: bool
    traced: bool
    traces: int = 0

    def line(self, name: str, labels: dict[str, str], value: float) -> str:
        family = next((one for one in NAMES if name == one or name.startswith(f"{one}_")), name)
        whole = NAMES.get(family, family)
        told = self.names.get(whole, whole) + name.removeprefix(family)
        pairs = ",".join(f'{self.labels.get(key, key)}="{text}"' for key, text in labels.items())
        return f"{told}{{{pairs}}} {value}\n"

    def trace(self) -> dict[str, str]:
        """The labels of one more request."""
        if not self.traced:
            return {}
        self.traces += 1
        return {"trace_id": f"{self.traces:08x}"}


@dataclass
class Router:
    """One instance: its series as lines of a page, and its circuits."""

    random: Random
    manner: Manner
    tenants: tuple[str, ...]
    providers: tuple[str, ...]
    values: dict[tuple[str, str, tuple[tuple[str, str], ...]], float] = field(default_factory=dict)
    states: dict[tuple[str, str], str] = field(default_factory=lambda: defaultdict(lambda: "closed"))
    hidden: dict[str, int] = field(default_factory=dict)

    def add(self, tenant: str, name: str, by: float = 1, /, **labels: str) -> None:
        key = (tenant, name, tuple({"tenant_id": tenant, **labels}.items()))
        self.values[key] = self.values.get(key, 0) + by

    def set(self, tenant: str, name: str, value: float, /, **labels: str) -> None:
        self.values[tenant, name, tuple({"tenant_id": tenant, **labels}.items())] = value

    def step(self) -> None:
        """What happens between two scrapes."""
        random = self.random
        for tenant in self.tenants:
            if random.random() < 0.03:
                self.hidden[tenant] = random.randint(1, 4)  # the exporter drops its series for a while
            if random.random() < 0.3:
                continue  # no traffic
            provider = random.choice(self.providers)
            self._results(tenant, provider)
            for _ in range(random.choice((0, 0, 0, 1, 1, 2, 3))):
                self._move(tenant, provider)
        if random.random() < 0.03:
            self.restart()
        if random.random() < 0.02:
            self.states.clear()  # the breaker's process crashed, and no counter tells

    def restart(self) -> None:
        """Counters are gone; some are born again above what they were."""
        self.values.clear()
        self.states.clear()
        if self.random.random() < 0.3:
            self._results(self.tenants[0], self.providers[0], many=500)

    def page(self) -> str:
        """The page as it is now."""
        lines = [
            self.manner.line(name, dict(labels), value)
            for (tenant, name, labels), value in self.values.items()
            if not self.hidden.get(tenant)
        ]
        self.hidden = {tenant: left - 1 for tenant, left in self.hidden.items() if left > 1}
        return "".join(lines)

    def _results(self, tenant: str, provider: str, many: int = 9) -> None:
        random = self.random
        self.add(tenant, "policy_decisions_total", random.randint(1, many), policy_id="p", reason="weighted")
        for kind in ("success", "failure", "fail_fast"):
            for _ in range(random.choice((0, 1, 2))):
                by = 1 if self.manner.traced else random.randint(1, many)
                self.add(
                    tenant, "circuit_breaker_events_total", by,
                    provider_id=provider, event_type=kind, **self.manner.trace(),
                )  # fmt: skip
        rate = random.choice((0.0, 0.25, 1.0, float("nan")))
        self.set(tenant, "circuit_breaker_error_rate", rate, provider_id=provider)
        if random.random() < 0.7:
            reached = random.randrange(len(BOUNDS))
            for number, bound in enumerate(BOUNDS):
                self.add(
                    tenant, "result_latency_ms_bucket", float(number >= reached), provider_id=provider, le=bound
                )  # fmt: skip
            self.add(tenant, "result_latency_ms_sum", random.randint(20, 3000), provider_id=provider)
            self.add(tenant, "result_latency_ms_count", provider_id=provider)
        if random.random() < 0.1:
            self.add(
                tenant, "policy_decisions_total", policy_id="p", reason="circuit_breaker_fallback"
            )  # fmt: skip

    def _move(self, tenant: str, provider: str) -> None:
        source = self.states[tenant, provider]
        target, reason = self.random.choice(EDGES[source])
        self.states[tenant, provider] = target
        edge = {"state": target} if self.manner.documented else {"from": source, "to": target}
        self.add(
            tenant, "circuit_breaker_state_transitions_total",
            provider_id=provider, **edge, **self.manner.trace(),
        )  # fmt: skip
        self.set(tenant, "circuit_breaker_state", VALUES[target], provider_id=provider, state=target)
        if target != "closed":
            self.set(tenant, "circuit_breaker_trigger_reason", 1, provider_id=provider, reason=reason)
        self.add(tenant, "circuit_breaker_window_requests_total", 4, provider_id=provider)


def scrape_world(number: int, seed: int, store: SampleStore) -> list[Case]:
    """Let a world happen and scrape it into the store, as `monitor scrape` does; its cases."""
    random = Random(f"{seed}/{number}")
    manner = _manner(number, random)
    tenants = tuple(f"w{number}t{index}" for index in range(5))
    every = random.choice((5, 15, 60, 300)) * 1000
    begin = START_MS + random.randrange(20 * 3_600_000)
    times = list(_times(random, begin, every))
    for index in range(random.choice((1, 1, 2, 3))):
        router = Router(random, manner, tenants, ("openai", "anthropic")[: random.choice((1, 2))])
        late = random.randrange(len(times) // 2) if index else 0
        _scrape(random, router, store, f"w{number}-{index}:9001", times[late:], random.randrange(every // 2))
    _alerts(random, store, tenants, times)
    config = MetricsConfig(names=manner.names, labels=manner.labels)
    return [Case(tenant, "openai", _window(random, times, every), config) for tenant in tenants]


def _manner(number: int, random: Random) -> Manner:
    plain = number % 20 == 0
    return Manner(
        names={} if plain else {name: name.replace("router", f"w{number}") for name in NAMES.values()},
        labels=random.choice(({}, {}, {"tenant_id": "tenant", "provider_id": "upstream"}))
        if not plain
        else {},
        documented=random.random() < 0.5,
        traced=random.random() < 0.3,
    )


def _times(random: Random, begin: int, every: int) -> Iterator[int]:
    """Stretches of scrapes with gaps between them, from two intervals to ten hours."""
    at = begin
    for _ in range(random.randint(1, 4)):
        for _ in range(random.randint(2, 18)):
            yield at + random.choice((0, 0, 0, 3, 250))
            at += every
        at += (
            round(every * random.choice((1, 2, 7))) if random.random() < 0.7 else random.randrange(36_000_000)
        )


def _scrape(
    random: Random, router: Router, store: SampleStore, instance: str, times: list[int], phase: int
) -> None:
    page = [""]

    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(500 if random.random() < 0.05 else 200, text=page[0])

    def scraper() -> Scraper:
        target = "http://127.0.0.1:9001/metrics"
        return Scraper(target, store, instance=instance, job="router", transport=httpx.MockTransport(answer))

    running = scraper()
    for at in times:
        router.step()
        page[0] = router.page()
        if random.random() < 0.04:
            running = scraper()  # the one that scrapes was started again: it knows of no series that was
        running.scrape(at + phase)


def _alerts(random: Random, store: SampleStore, tenants: tuple[str, ...], times: list[int]) -> None:
    for tenant in tenants:
        labels = {"alertname": "RouterCircuitBreakerOpened", "alertstate": "firing", "severity": "warning"}
        number = store.series_id("ALERTS", {**labels, "tenant_id": tenant, "provider_id": "openai"})
        first = random.choice(times)
        for index in range(random.randint(0, 9)):
            store.append(first + index * 30_000, [(number, 1.0)])
        store.append(first + 300_000, [(number, None)])


def _window(random: Random, times: list[int], every: int) -> DayWindow:
    """Somewhere in it, or around all of it."""
    first, last = sorted(random.randrange(times[0] - 3 * every, times[-1] + 3 * every) for _ in range(2))
    if random.random() < 0.2:
        first, last = random.choice(times), times[-1]
    start, end = from_ms(first), from_ms(max(last, first + every))
    return DayWindow(
        day=random.choice((0, 1)), date=start.date(), start=start, end=end, partial=True, full=False
    )


def pages(number: int, seed: int, many: int) -> tuple[Manner, tuple[str, ...], list[str | None]]:
    """One router's pages, one after the other, null where it fails; its tenants."""
    random = Random(f"{seed}/{number}/pages")
    manner = _manner(number, random)
    tenants = tuple(f"w{number}t{index}" for index in range(3))
    router = Router(random, manner, tenants, ("openai", "anthropic"))
    found: list[str | None] = []
    for _ in range(many):
        router.step()
        page = router.page()
        found.append(None if random.random() < 0.08 else page)
    return manner, tenants, found
