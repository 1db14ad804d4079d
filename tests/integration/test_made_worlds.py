"""Worlds made by tests/data/worlds/make_world.py, loaded into a real Prometheus: both dialects, trace
labels, restarts, gaps, scrapes every 15 seconds; the days equal the truth that the maker wrote.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from prometheus_server import blocks_from, prometheus

from cbops.clients.prometheus import PrometheusSource
from cbops.measure import gather_day, measure_day, merge_episodes
from cbops.model.base import as_utc
from cbops.model.calendar import day_window
from cbops.model.config import MetricsConfig
from cbops.model.observation import Observation
from cbops.model.tenant import Target

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.needs("promtool"), pytest.mark.long]

WORLDS = Path(__file__).parents[1] / "data" / "worlds"
TARGET = Target(tenant="canary", policy="p", provider="openai")
ENABLED, AS_OF = datetime(2025, 1, 28, 9, tzinfo=UTC), datetime(2025, 1, 30, tzinfo=UTC)

SCENARIO: dict[str, Any] = {
    "start": "2025-01-28T06:00:00",
    "days": 1.75,
    "enabled_at": "2025-01-28T09:00:00",
    "scrape_seconds": 60,
    "canary": {
        "tenant": "canary",
        "circuit_breaker": {
            "enabled": True,
            "failure_threshold": 5,
            "error_rate_threshold": 0.9,
            "timeout_ms": 90_000,
        },
    },
    "providers": {
        "openai": {"failure": 0.002, "latency_ms": 220},
        "anthropic": {"failure": 0.001, "latency_ms": 260},
    },
    "tenants": [
        {
            "id": "canary",
            "policy": "p",
            "rpm": 12,
            "providers": {"openai": 100},
            "fallback": "anthropic",
            "owner": "a",
        },
        {"id": "other", "policy": "q", "rpm": 8, "providers": {"openai": 100}, "owner": "b"},
    ],
    "outages": [
        {"provider": "openai", "from": "2025-01-28T14:00:00", "to": "2025-01-28T14:20:00", "failure": 0.95},
        {"provider": "openai", "from": "2025-01-28T23:50:00", "to": "2025-01-29T00:10:00", "failure": 0.95},
    ],
}

VARIANTS: dict[str, dict[str, Any]] = {
    "documented": {"dialect": "documented"},
    "trace_labels": {"trace_labels": True},
    "documented_with_trace_labels": {"dialect": "documented", "trace_labels": True},
    "trace_labels_every_15_seconds": {"trace_labels": True, "scrape_seconds": 15},
    "restarts": {"restarts": ["2025-01-28T18:10:30", "2025-01-29T03:00:10"]},
    "every_15_seconds_with_gaps": {
        "scrape_seconds": 15,
        "scrape_gaps": [
            ["2025-01-28T14:10:00", "2025-01-28T14:15:00"],
            ["2025-01-29T05:00:00", "2025-01-29T06:00:00"],
        ],
    },
}


@contextmanager
def world(folder: Path, scenario: dict[str, Any]) -> Iterator[tuple[dict[str, Any], list[Observation]]]:
    """The truth, and the days measured from the real server."""
    (folder / "scenario.json").write_text(json.dumps(scenario), encoding="utf-8")
    subprocess.run(
        [sys.executable, str(WORLDS / "make_world.py"), "scenario.json", "out"], cwd=folder, check=True
    )
    blocks_from(folder / "out" / "metrics.om", folder / "tsdb")
    truth = json.loads((folder / "out" / "truth.json").read_text(encoding="utf-8"))
    config = MetricsConfig()
    with prometheus(folder / "tsdb") as url, PrometheusSource(MetricsConfig(url=url), {}) as source:
        days = []
        for number in range(1, len(truth["days"]) + 1):
            window = day_window(number, ENABLED, AS_OF, ZoneInfo("UTC"))
            assert window is not None
            samples = gather_day(source.fetch, source.kind, TARGET, window, config, ("anthropic",))
            days.append(measure_day(TARGET, window, AS_OF, samples, config, known_providers=("anthropic",)))
        yield truth, days


@pytest.mark.parametrize("name", VARIANTS)
def test_a_made_world_equals_its_truth(tmp_path, name):
    scenario = SCENARIO | VARIANTS[name]
    with world(tmp_path, scenario) as (truth, days):
        for day, row in zip(days, truth["days"], strict=True):
            assert day.decisions == row["decisions"]
            for provider, expected in row["providers"].items():
                got = day.providers[provider]
                assert got.events.model_dump() == expected["events"], (day.window.day, provider)
                assert got.transitions.model_dump() == _transitions(expected, scenario), (
                    day.window.day,
                    provider,
                )
                assert got.latency.count == expected["latency_count"]
                if got.latency.count:
                    assert got.latency.mean_ms == pytest.approx(expected["latency_mean_ms"], rel=0.001)
        assert {day.dialect for day in days} == {scenario.get("dialect", "router")}
        assert sum(len(day.restarts) for day in days) == len(scenario.get("restarts", []))
        _same_episodes(truth, days, scenario)


def _transitions(expected: dict[str, Any], scenario: dict[str, Any]) -> dict[str, int]:
    """What the samples show; after a restart what happened, as the maker takes a series that was born again
    at its old value for the old one, and nothing happened just before these restarts.
    """
    if not scenario.get("restarts"):
        return expected["transitions_to"]
    found = dict.fromkeys(("open", "half_open", "closed"), 0)
    for edge, number in expected["transitions_happened"].items():
        found[edge.partition("->")[2]] += number
    return found


def _same_episodes(truth: dict[str, Any], days: list[Observation], scenario: dict[str, Any]) -> None:
    found = merge_episodes(days)
    assert len(found) == len(truth["episodes"])
    for got, expected in zip(found, truth["episodes"], strict=True):
        assert got.reopened == expected["reopened"]
        assert _seen(got.opened, expected["opened"], scenario)
        assert got.closed is not None
        assert _seen(got.closed, expected["closed"], scenario)
        assert got.closed_by == "results"
        assert got.reason in (None, expected["reason"])


def _seen(at: datetime, happened: str, scenario: dict[str, Any]) -> bool:
    """Whether `at` is the first scrape after that instant; a gap makes it late."""
    true = as_utc(datetime.fromisoformat(happened))
    late = timedelta(seconds=scenario["scrape_seconds"])
    for begin, end in scenario.get("scrape_gaps", []):
        first, last = (as_utc(datetime.fromisoformat(text)) for text in (begin, end))
        if first - late <= true < last:
            late = last - true
    return timedelta(0) <= at - true <= late


def test_a_restart_in_an_outage_closes_the_circuit_and_loses_nothing_that_was_scraped(tmp_path):
    scenario = SCENARIO | {"restarts": ["2025-01-28T14:12:30"]}
    with world(tmp_path, scenario) as (_, days):
        found = merge_episodes(days)

    restart = datetime(2025, 1, 28, 14, 13, tzinfo=UTC)
    assert [one.at for one in days[0].restarts] == [restart]
    assert (found[0].closed, found[0].closed_by) == (restart, "restart")
    assert found[1].opened >= restart
    assert found[1].closed_by == "results"
