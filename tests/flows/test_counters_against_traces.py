"""How far a forecast from counters is from one of the requests themselves, on made worlds: docs/replay.md has the
table.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

import pytest
from made_worlds import BLOCK, PROVIDER, START, TENANT, WORLDS, Made, made

from cbops.breaker.forecast.forecaster import Forecaster
from cbops.breaker.trace import Trace
from cbops.clients.store import SampleStore
from cbops.flows.steps.traffic import RecentTraffic
from cbops.model.base import as_utc, from_ms
from cbops.model.config import MetricsConfig
from cbops.model.events import IncidentAdded
from cbops.model.forecast import ForecastTotals
from cbops.model.traffic import Circuit, TrafficChunk, TrafficSummary

QUICK = ("1/min", "12/min")


def declared(scenario: dict[str, Any]) -> list[IncidentAdded]:
    return [
        IncidentAdded.model_validate(
            {
                "provider": outage["provider"],
                "from": as_utc(datetime.fromisoformat(outage["from"])),
                "to": as_utc(datetime.fromisoformat(outage["to"])),
            }
        )
        for outage in scenario["outages"]
    ]


def played(
    chunks: Iterable[TrafficChunk], summary: Callable[[], TrafficSummary], scenario: dict[str, Any]
) -> ForecastTotals:
    forecaster = Forecaster({"canary": BLOCK}, incidents=declared(scenario))
    for chunk in chunks:
        forecaster.feed(chunk)
    return forecaster.finish(summary()).policies[0].totals


def exactly(world: Made) -> ForecastTotals:
    trace: Trace = world.requests()
    places = array("i", [0]) * len(trace)
    circuits = (Circuit(tenant=TENANT, provider=PROVIDER),)
    chunk = TrafficChunk(
        trace.arrival, trace.latency, array("B", bytes(trace.outcome)), places, circuits, begins=True
    )
    summary = TrafficSummary(
        origin="files",
        requests=len(trace),
        begins=from_ms(trace.arrival[0]),
        ends=from_ms(trace.arrival[-1]),
    )
    return played([chunk], lambda: summary, world.scenario)


def from_counters(world: Made) -> tuple[ForecastTotals, TrafficSummary]:
    end = START + timedelta(days=world.scenario["days"])
    with SampleStore(world.store) as store:
        traffic = RecentTraffic(store, MetricsConfig(), TENANT, frozenset({PROVIDER}), START, end)
        return played(traffic.chunks(), lambda: traffic.summary, world.scenario), traffic.summary


@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=pytest.mark.long) for name in WORLDS]
)
def test_a_forecast_from_counters_is_about_that_of_the_requests(tmp_path, name):
    world = made(tmp_path / "world", WORLDS[name])
    (found, summary), exact = from_counters(world), exactly(world)
    often_failing = world.scenario["providers"][PROVIDER]["failure"] > 0.01

    # What a restart hid, and what was still out at the end, is missing; nothing is added.
    assert exact.requests * 0.999 - 1 <= found.requests <= exact.requests
    # No outage is missed, and the circuit opens in it at most about a scrape interval later.
    assert (found.outages, found.outages_missed) == (exact.outages, exact.outages_missed) == (2, 0)
    assert found.opened_after_ms is not None
    assert exact.opened_after_ms is not None
    late = found.opened_after_ms - exact.opened_after_ms
    assert abs(late) <= max(60, world.scenario["scrape_seconds"]) * 1000
    # Chance clusters inside an interval are missed: never far more opens, and fewer where they are many.
    assert exact.opens * 0.4 - 1 <= found.opens <= exact.opens * 1.15 + 1
    assert abs(found.unexpected - exact.unexpected) <= 2 + 0.2 * exact.unexpected
    assert exact.reopened * 0.8 - 4 <= found.reopened <= exact.reopened * 1.25 + 4
    if not often_failing and exact.fail_fast > 200:  # nearly all of it in an outage
        assert found.fail_fast == pytest.approx(exact.fail_fast, rel=0.05)
    assert summary.approximate
    assert (summary.denied_in_production > 0) is ("never" not in name)
