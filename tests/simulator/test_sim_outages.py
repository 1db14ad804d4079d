"""Outages that are made while the practice router runs."""

from __future__ import annotations

import httpx
import pytest
from simulator_worlds import KEY, advance, enable, value, world

from cbops.simulator.router import Router
from cbops.simulator.server import RunningServer

EVENTS = "router_circuit_breaker_events_total"


def failures(router: Router) -> float:
    return value(router.metrics(), EVENTS, provider_id="openai", event_type="failure") or 0


def test_a_provider_fails_for_as_long_as_it_was_told_to() -> None:
    router = Router(world())
    advance(router, minutes=5)
    assert failures(router) == 0
    end = router.fail("openai", 300, failure=1.0, latency=1.0)
    advance(router, minutes=6)
    assert (end - router.now).total_seconds() == -60
    during = failures(router)
    assert during > 200
    advance(router, minutes=20)
    assert failures(router) == during


def test_outages_that_overlap_end_each_at_its_own_time() -> None:
    router = Router(world())
    router.fail("openai", 600, failure=0.5, latency=1.0)
    router.fail("openai", 60, failure=1.0, latency=1.0)
    advance(router, minutes=5)
    router.fail("openai", 1, failure=0.0, latency=1.0)
    after = failures(router)
    advance(router, minutes=4)
    assert failures(router) > after > 60


def test_it_is_asked_for_over_http_and_opens_the_circuit() -> None:
    router = Router(world())
    enable(router)
    with RunningServer(router, token=KEY) as server:
        answer = httpx.post(
            f"{server.url}/sim/outage", json={"provider": "openai", "seconds": 60}, headers={"x-api-key": KEY}
        )
        advance(router, minutes=2)
        page = httpx.get(f"{server.url}/metrics").text
    assert answer.json() == {"provider": "openai", "until": "2025-01-24T00:01:00.000Z"}
    assert value(page, "router_circuit_breaker_state", state="open") == 1


@pytest.mark.parametrize(
    "body", [{}, {"provider": "openai"}, {"provider": "openai", "seconds": 0}, {"provider": "", "seconds": 1}]
)
def test_an_outage_without_provider_or_length_is_refused(body: dict[str, object]) -> None:
    with RunningServer(Router(world()), token=KEY) as server:
        answer = httpx.post(f"{server.url}/sim/outage", json=body, headers={"x-api-key": KEY})
    assert answer.status_code == 422
