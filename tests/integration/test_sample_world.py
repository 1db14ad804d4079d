"""The made world of tests/data/worlds/sample in a real Prometheus equals its truth, day by day."""

from __future__ import annotations

import gzip
import json
import tarfile
from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from prometheus_server import prometheus

from cbops.clients.prometheus import PrometheusSource
from cbops.measure import (
    circuit_states,
    gather_day,
    measure_day,
    merge_episodes,
    states_query,
    traffic,
    traffic_query,
)
from cbops.model.base import as_utc
from cbops.model.calendar import day_window
from cbops.model.config import MetricsConfig
from cbops.model.observation import Observation
from cbops.model.tenant import Target

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.needs("promtool")]

WORLD = Path(__file__).parents[1] / "data" / "worlds" / "sample"
TARGET = Target(tenant="tenant_canary", policy="canary_policy", provider="openai")
ENABLED, AS_OF = datetime(2025, 1, 27, 9, tzinfo=UTC), datetime(2025, 2, 4, tzinfo=UTC)
SCRAPE = timedelta(seconds=60)
BOUNDS = [0, 50, 100, 150, 200, 250, 300, 400, 600, 1000, 2000, 5000, 10000]


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return json.loads((WORLD / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Iterator[PrometheusSource]:
    folder = tmp_path_factory.mktemp("sample")
    with tarfile.open(WORLD / "tsdb.tar.gz") as packed:
        packed.extractall(folder, filter="data")
    with prometheus(folder / "tsdb") as url, PrometheusSource(MetricsConfig(url=url), {}) as opened:
        yield opened


@pytest.fixture(scope="module")
def days(source) -> list[Observation]:
    return [measured(source, number) for number in range(1, 9)]


def measured(source: PrometheusSource, number: int) -> Observation:
    window = day_window(number, ENABLED, AS_OF, ZoneInfo("UTC"))
    assert window is not None
    config, known = MetricsConfig(), ("anthropic",)
    samples = gather_day(source.fetch, source.kind, TARGET, window, config, known)
    return measure_day(TARGET, window, AS_OF, samples, config, known_providers=known)


def when(text: str) -> datetime:
    return as_utc(datetime.fromisoformat(text))


def test_the_days_are_those_of_the_truth(days, truth):
    assert [
        (day.window.day, day.window.date.isoformat(), day.window.start, day.window.end) for day in days
    ] == [(row["day"], row["date"], when(row["from"]), when(row["to"])) for row in truth["days"]]


def test_events_transitions_decisions_and_latency_counts_are_exact(days, truth):
    for day, row in zip(days, truth["days"], strict=True):
        assert day.decisions == row["decisions"]
        assert sorted(day.providers) == sorted(row["providers"])
        for name, expected in row["providers"].items():
            got = day.providers[name]
            assert got.events.model_dump() == expected["events"], (day.window.day, name)
            assert got.transitions.model_dump() == expected["transitions_to"], (day.window.day, name)
            assert got.latency.count == expected["latency_count"]
            assert got.error_rate == (
                None if expected["error_rate"] is None else pytest.approx(expected["error_rate"], abs=1e-6)
            )


def test_means_are_within_a_thousandth(days, truth):
    for day, row in zip(days, truth["days"], strict=True):
        for name, expected in row["providers"].items():
            mean = day.providers[name].latency.mean_ms
            if expected["latency_count"]:
                assert mean == pytest.approx(expected["latency_mean_ms"], rel=0.001)
            else:
                assert mean is None


def test_percentiles_lie_in_the_bucket_of_the_true_ones(days):
    """The canary's results on openai; a request that the breaker denied has the fallback's latency."""
    found: list[list[int]] = [[] for _ in days]
    edges = [day.window.start.timestamp() for day in days] + [days[-1].window.end.timestamp()]
    with gzip.open(WORLD / "requests.jsonl.gz", "rt", encoding="utf-8") as lines:
        for line in lines:
            request = json.loads(line)
            done = request["ts"] + request["latency_ms"] / 1000
            index = bisect_left(edges, done) - 1
            if request["admitted"] and 0 <= index < len(days):
                found[index].append(request["latency_ms"])
    for day, latencies in zip(days, found, strict=True):
        latencies.sort()
        figures = day.providers["openai"].latency
        for share, got in ((0.5, figures.p50_ms), (0.95, figures.p95_ms), (0.99, figures.p99_ms)):
            true = latencies[int(share * len(latencies))]
            lower, upper = next((a, b) for a, b in pairwise(BOUNDS) if a < true <= b)
            assert got is not None
            assert lower <= got <= upper, (day.window.day, share)


def test_episodes_open_and_close_within_a_scrape_and_reopen_as_often(days, truth):
    found = merge_episodes(days)

    assert len(found) == len(truth["episodes"]) == 2
    for got, expected in zip(found, truth["episodes"], strict=True):
        assert got.provider == expected["provider"]
        assert timedelta(0) <= got.opened - when(expected["opened"]) <= SCRAPE
        assert got.closed is not None
        assert timedelta(0) <= got.closed - when(expected["closed"]) <= SCRAPE
        assert (got.closed_by, got.reopened, got.reason) == (
            "results",
            expected["reopened"],
            expected["reason"],
        )


def test_the_circuit_was_open_when_the_breaker_was_enabled_and_that_is_no_episode(days, source):
    fetched = source.fetch(
        states_query(MetricsConfig(), "tenant_canary"), ENABLED - timedelta(hours=1), ENABLED
    )

    assert circuit_states(fetched, MetricsConfig())["tenant_canary", "openai"] == "open"
    assert days[0].state_at_start == {"anthropic": "closed", "openai": "open"}
    assert days[0].episodes == ()
    assert [(one.provider, one.closed_by) for one in days[0].carried] == [("openai", "results")]


def test_alerts_are_intervals_within_a_scrape(days, truth):
    found = [alert for day in days for alert in day.alerts or ()]

    assert len(found) == len(truth["alerts"]) == 1
    for got, expected in zip(found, truth["alerts"], strict=True):
        assert (got.name, got.severity, got.provider) == (
            expected["alertname"],
            expected["severity"],
            expected["provider"],
        )
        assert abs(got.start - when(expected["from"])) <= SCRAPE
        assert abs(got.end - when(expected["to"])) <= SCRAPE


def test_the_restart_and_the_scrape_gap_are_found(days, truth):
    restarts = [one for day in days for one in day.restarts]
    gaps = [one for day in days for one in day.scrape.gaps]

    assert [one.instance for one in restarts] == ["router:9001"]
    assert restarts[0].after <= when(truth["restarts"][0]) <= restarts[0].at
    (begin, end) = truth["scrape_gaps"][0]
    assert [(one.start, one.end) for one in gaps] == [(when(begin) - SCRAPE, when(end))]
    assert [day.scrape.coverage for day in days if day.window.day != 6] == [1.0] * 7


def test_the_dialect_is_the_routers_and_buckets_add_up(days):
    for day in days:
        assert day.dialect == "router"
        if day.window.start.minute % 5 == 0:
            buckets = next(one for one in day.buckets if one.provider == "openai")
            assert sum(one or 0 for one in buckets.success) == day.providers["openai"].events.success
        assert [(one.tenant, one.provider) for one in day.controls] == [
            ("tenant_b", "anthropic"),
            ("tenant_b", "openai"),
            ("tenant_c", "openai"),
        ]


def test_baseline_days_are_measured_and_the_first_scrape_is_only_a_base(source):
    first, last = measured(source, -2), measured(source, 0)

    assert first.decisions is not None
    assert first.decisions > 40_000
    assert [(one.reason, one.closed) for one in last.episodes] == [("error_rate_threshold_exceeded", None)]


def test_the_busiest_hours_before_enabling_are_known(source):
    fetched = source.fetch(traffic_query(MetricsConfig()), ENABLED - timedelta(days=7), ENABLED)

    found = traffic(fetched, MetricsConfig())

    assert 50 < found["tenant_canary", "canary_policy"].busiest_rpm < 60
    assert found["tenant_c", "default"].busiest_rpm > 100
    assert found["tenant_c", "default"].mean_rpm < 75


def test_the_query_that_measured_it_is_kept(days):
    assert all(5 <= len(day.queries) <= 7 for day in days)
    assert all(query.query.startswith("{__name__") for query in days[0].queries)
