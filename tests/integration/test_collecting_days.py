"""Days from a real Prometheus: what they cost in requests, and that they equal those that were stored before."""

from __future__ import annotations

import gzip
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from prometheus_server import blocks_from, prometheus

from cbops.clients.prometheus import PrometheusSource
from cbops.flows.monitor import Sources, Wanted, collect
from cbops.flows.steps.loading import load, observations
from cbops.flows.steps.recording import Who
from cbops.measure import gather_day, measure_day
from cbops.model.calendar import day_window
from cbops.model.config import CriteriaConfig, MetricsConfig
from cbops.model.observation import Observation
from tests.conftest import Cli

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.needs("promtool"), pytest.mark.long]

DATA = Path(__file__).parents[1] / "data"
START = datetime(2025, 1, 28, tzinfo=UTC)
ENABLED = START + timedelta(hours=9)
NOW = START + timedelta(days=3)
# What observations have held only since those days were stored.
NEW: Any = {
    **dict.fromkeys(
        ("metrics", "gauges", "alert_rules", "queries", "findings", "circuits", "latency_histograms"), True
    ),
    "providers": {"__all__": {"latency": {"p50_bucket", "p95_bucket", "p99_bucket"}}},
}

TENANTS = """
tenants:
  - {id: t1, critical: false, owner: {name: a, contact: a@b.example, responsive: true}, policies: [p1]}
"""


class Counting(httpx.HTTPTransport):
    """Every request that goes over the wire, by its path."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        return super().handle_request(request)


class Later:
    def now(self) -> datetime:
        return NOW

    def wait(self, seconds: float) -> None:
        raise AssertionError(f"waits {seconds} s")


def openmetrics(providers: int) -> str:
    """Two tenants on so many providers, scraped every five minutes for three days."""
    router = 'instance="a:9001",job="router"'
    families: dict[str, list[str]] = {"up gauge": [f"up{{{router}}}"]}
    for tenant in ("t1", "t2"):
        who = f'tenant_id="{tenant}",{router}'
        decisions = f'router_policy_decisions_total{{policy_id="p1",reason="weighted",{who}}}'
        families.setdefault("router_policy_decisions counter", []).append(decisions)
        for number in range(providers):
            labels = f'provider_id="p{number:02}",{who}'
            for family, name, more in (
                (
                    "router_circuit_breaker_events counter",
                    "router_circuit_breaker_events_total",
                    'event_type="success",',
                ),
                ("router_circuit_breaker_error_rate gauge", "router_circuit_breaker_error_rate", ""),
                ("gateway_latency_ms_count gauge", "gateway_latency_ms_count", ""),
            ):
                families.setdefault(family, []).append(f"{name}{{{more}{labels}}}")
    lines: list[str] = []
    for family, found in families.items():
        lines.append(f"# TYPE {family}")
        for one in found:
            steady = 1 if family in ("up gauge", "router_circuit_breaker_error_rate gauge") else 0
            lines += [
                f"{one} {steady or step} {START.timestamp() + 300 * step:.0f}" for step in range(3 * 288 + 1)
            ]
    return "\n".join([*lines, "# EOF", ""])


@pytest.mark.parametrize("providers", [1, 3, 12])
def test_a_day_costs_six_requests_and_a_command_one_more_whatever_the_number_of_providers(
    cli: Cli, tmp_path: Path, providers: int
) -> None:
    (tmp_path / "metrics.om").write_text(openmetrics(providers), encoding="utf-8")
    blocks_from(tmp_path / "metrics.om", tmp_path / "tsdb")
    (cli.folder / "cbops.yaml").write_text("version: 1\nbaseline_days: 0\n")
    (cli.folder / "tenants.yaml").write_text(TENANTS)
    words = ("t1", "--policy", "p1", "--provider", "p00", "--enabled-at", ENABLED.isoformat())
    folder = cli.folder / "rollouts" / cli.json("canary", "adopt", *words).data["rollout"]
    wire = Counting()

    with prometheus(tmp_path / "tsdb") as url:
        config = MetricsConfig(url=url, names={"router_result_latency_ms": "gateway_latency_ms"})
        with PrometheusSource(config, {}, transport=wire) as source:
            sources = Sources(samples=source, admin=None, metrics=config, criteria=CriteriaConfig())
            collect(folder, sources, Who("ada", "monitor daily", Later()), Wanted(as_of=NOW, all=True))

    days = observations(folder, load(folder).days)
    assert [len(day.providers) for day in days] == [providers] * 3
    assert [sum(p.events.success or 0 for p in day.providers.values()) for day in days] == [
        180 * providers,
        288 * providers,
        288 * providers,
    ]
    assert len(wire.paths) == 3 * 6 + 1
    assert wire.paths.count("/api/v1/rules") == 1
    assert [day.alert_rules for day in days] == [(), (), ()]


@pytest.fixture(scope="module")
def stored() -> list[Observation]:
    """The sample world's days as an older cbops measured them."""
    with gzip.open(DATA / "judge" / "sample_world_days.jsonl.gz", "rt", encoding="utf-8") as lines:
        texts = list(lines)
    assert not any('"metrics"' in text or '"gauges"' in text or '"asked_at"' in text for text in texts)
    return [Observation.model_validate_json(text) for text in texts]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusSource]:
    folder = tmp_path_factory.mktemp("sample")
    with tarfile.open(DATA / "worlds" / "sample" / "tsdb.tar.gz") as packed:
        packed.extractall(folder, filter="data")
    with prometheus(folder / "tsdb") as url, PrometheusSource(MetricsConfig(url=url), {}) as opened:
        yield opened


def test_days_that_were_stored_before_are_measured_alike_today(
    stored: list[Observation], source: PrometheusSource
) -> None:
    """Everything that a judgement reads is the same, so old evidence and new give the same verdicts."""
    for old in stored:
        window = day_window(old.window.day, datetime(2025, 1, 27, 9, tzinfo=UTC), old.as_of, ZoneInfo("UTC"))
        assert window == old.window
        known = tuple(old.providers)
        samples = gather_day(source.fetch, source.kind, old.target, window, MetricsConfig(), known)
        new = measure_day(old.target, window, old.as_of, samples, MetricsConfig(), known_providers=known)
        assert new.model_dump(exclude=NEW) == old.model_dump(exclude=NEW), old.window.day
        assert bool(new.metrics) == (old.decisions is not None)
