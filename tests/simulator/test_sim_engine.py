"""The traffic and what it does to circuits, counters and the page."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulator_worlds import CANARY, advance, enable, outage, value, world

from cbops.breaker import Breaker
from cbops.model.policy import CANARY_BLOCK
from cbops.simulator.curve import MINUTE_MS, next_arrival, pace
from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND, DayCurve, Fault, HourRate, Regression

EVENTS = "router_circuit_breaker_events_total"
TRANSITIONS = "router_circuit_breaker_state_transitions_total"
DECISIONS = "router_policy_decisions_total"
OPENAI = {"tenant_id": "tenant_canary", "provider_id": "openai"}
ANTHROPIC = {"tenant_id": "tenant_canary", "provider_id": "anthropic"}


def moved(page: str, source: str, target: str) -> float:
    return value(page, TRANSITIONS, **OPENAI, **{"from": source, "to": target}) or 0


def test_a_router_plays_the_same_for_the_same_seed_and_calls() -> None:
    def page(seed: int) -> str:
        router = Router(SOUND, seed=seed)
        advance(router, hours=3)
        enable(router)
        advance(router, hours=3)
        return router.metrics()

    assert page(5) == page(5)
    assert page(5) != page(6)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(0, 10 * MINUTE_MS), max_size=12))
def test_it_does_not_matter_in_how_many_steps_time_is_advanced(steps: list[int]) -> None:
    scenario = world(outages=(outage(20, 40, 0.8),))
    whole, sliced = Router(scenario), Router(scenario)
    for router in (whole, sliced):
        enable(router)
    end = whole.now_ms + 120 * MINUTE_MS
    whole.advance_to(end)
    for step in steps:
        sliced.advance_to(min(end, sliced.now_ms + step))
    sliced.advance_to(end)
    assert sliced.metrics() == whole.metrics()


def test_time_never_goes_back() -> None:
    router = Router(world())
    advance(router, minutes=5)
    now, page = router.now_ms, router.metrics()
    router.advance_to(now - 60_000)
    assert (router.now_ms, router.metrics()) == (now, page)


def test_enabling_the_canary_leaves_the_traffic_of_the_others_as_it_was() -> None:
    def others(*, enabled: bool) -> list[str]:
        router = Router(SOUND)
        if enabled:
            enable(router)
        advance(router, hours=6)
        return [line for line in router.metrics().splitlines() if "tenant_canary" not in line]

    assert others(enabled=True) == others(enabled=False)


def test_every_request_is_a_decision_and_every_result_is_in_the_histogram() -> None:
    router = Router(world(rpm=60))
    advance(router, hours=2)
    page = router.metrics()
    decisions = value(page, DECISIONS, reason="weighted")
    assert decisions == router.requests
    assert abs(decisions - 7200) < 5 * math.sqrt(7200)
    results = value(page, EVENTS, **OPENAI, event_type="success")
    assert 0 <= decisions - results <= 3  # still in flight
    assert value(page, "router_result_latency_ms_count", **OPENAI) == results
    assert value(page, "router_result_latency_ms_bucket", **OPENAI, le="+Inf") == results
    mean = value(page, "router_result_latency_ms_sum", **OPENAI) / results
    assert mean == pytest.approx(200 * math.exp(0.45**2 / 2), rel=0.03)


def test_without_enabling_an_outage_opens_the_circuit_and_nobody_is_denied() -> None:
    router = Router(world(outages=(outage(10, 20),)))
    advance(router, minutes=30)
    page = router.metrics()
    assert moved(page, "closed", "open") == 1
    # Only `allow` moves a circuit to half_open, and it isn't asked.
    assert moved(page, "open", "half_open") == 0
    assert value(page, EVENTS, **OPENAI, event_type="fail_fast") is None
    assert value(page, DECISIONS, reason="circuit_breaker_fallback") is None
    assert value(page, EVENTS, **OPENAI, event_type="failure") > 400


def test_an_enabled_breaker_sends_requests_to_the_fallback_and_recovers() -> None:
    router = Router(world(outages=(outage(10, 20),)))
    enable(router)
    advance(router, minutes=30)
    page = router.metrics()
    denied = value(page, EVENTS, **OPENAI, event_type="fail_fast")
    assert denied > 400
    assert value(page, DECISIONS, reason="circuit_breaker_fallback") == denied
    assert value(page, EVENTS, **ANTHROPIC, event_type="success") == pytest.approx(denied, abs=2)
    assert moved(page, "half_open", "closed") == 1
    assert moved(page, "open", "half_open") == moved(page, "half_open", "open") + 1
    # One window of 60 s and one timeout of 30 s: little reaches the provider that fails.
    assert value(page, EVENTS, **OPENAI, event_type="failure") < 60


def test_without_a_fallback_a_denied_request_is_sent_all_the_same() -> None:
    router = Router(world(fallback=None, outages=(outage(10, 12),)))
    enable(router, timeout_ms=600_000)
    advance(router, minutes=15)
    page = router.metrics()
    denied = value(page, EVENTS, **OPENAI, event_type="fail_fast")
    assert denied > 200
    assert value(page, DECISIONS, reason="circuit_breaker_fallback") is None
    assert value(page, DECISIONS, reason="weighted") == router.requests
    results = sum(value(page, EVENTS, **OPENAI, event_type=kind) for kind in ("success", "failure"))
    assert results == pytest.approx(router.requests, abs=3)


def test_the_global_switch_stops_the_asking_until_a_restart() -> None:
    router = Router(world(outages=(outage(10, 60),)))
    enable(router)
    advance(router, minutes=15)
    router.disable_breakers()
    before = value(router.metrics(), EVENTS, **OPENAI, event_type="fail_fast")
    advance(router, minutes=5)
    assert value(router.metrics(), EVENTS, **OPENAI, event_type="fail_fast") == before
    router.restart()
    advance(router, minutes=5)
    assert value(router.metrics(), EVENTS, **OPENAI, event_type="fail_fast") > 0


def test_disabling_is_taken_up_and_so_is_going_back_to_an_old_version() -> None:
    router = Router(world(outages=(outage(10, 600),)))
    enable(router)
    advance(router, minutes=15)
    router.roll_back(*CANARY, "1.0")
    denied = value(router.metrics(), EVENTS, **OPENAI, event_type="fail_fast")
    advance(router, minutes=5)
    assert value(router.metrics(), EVENTS, **OPENAI, event_type="fail_fast") == denied
    router.roll_back(*CANARY, "1.1")
    advance(router, minutes=5)
    assert value(router.metrics(), EVENTS, **OPENAI, event_type="fail_fast") > denied


def test_results_that_the_breaker_ignores_are_only_in_the_histogram() -> None:
    router = Router(world(ignored=0.5))
    advance(router, hours=1)
    page = router.metrics()
    share = value(page, EVENTS, **OPENAI, event_type="success") / value(
        page, "router_result_latency_ms_count", **OPENAI
    )
    assert share == pytest.approx(0.5, abs=0.05)
    assert value(page, EVENTS, **OPENAI, event_type="failure") is None


def test_a_restart_sets_everything_to_zero_and_keeps_the_policies() -> None:
    router = Router(world(outages=(outage(10, 600),)))
    enable(router)
    advance(router, minutes=30)
    played = router.requests
    router.restart()
    assert router.metrics() == ""
    assert router.policy(*CANARY).active == "1.1"
    assert router.requests == played
    advance(router, minutes=1)
    assert 0 < value(router.metrics(), DECISIONS, reason="weighted") < 100
    assert router.requests > played


def test_a_restart_of_the_scenario_happens_at_its_time() -> None:
    router = Router(world(restarts=(timedelta(minutes=10),)))
    advance(router, minutes=9, seconds=59)
    assert value(router.metrics(), DECISIONS, reason="weighted") > 400
    advance(router, seconds=1)
    assert router.metrics() == ""


def test_an_outage_of_one_tenant_leaves_the_others_alone() -> None:
    scenario = replace(SOUND, outages=(outage(0, 120, 1.0, tenant="tenant_canary"),))
    router = Router(scenario)
    advance(router, hours=1)
    page = router.metrics()
    assert value(page, EVENTS, **OPENAI, event_type="failure") > 300
    assert (
        value(page, EVENTS, tenant_id="tenant_billing", provider_id="openai", event_type="failure") or 0
    ) < 20


def test_a_fault_is_exactly_one_failing_request() -> None:
    router = Router(world(faults=(Fault("tenant_canary", "openai", timedelta(minutes=5)),)))
    advance(router, minutes=5)
    assert value(router.metrics(), EVENTS, **OPENAI, event_type="failure") is None
    advance(router, hours=2)
    assert value(router.metrics(), EVENTS, **OPENAI, event_type="failure") == 1


@pytest.mark.parametrize("regression", [Regression(latency=2.0), Regression(failure=0.2)])
def test_a_regression_lasts_as_long_as_the_canary_is_enabled(regression: Regression) -> None:
    router = Router(world(regression=regression))

    def hour() -> tuple[float, float]:
        def figures() -> list[float]:
            page = router.metrics()
            return [
                value(page, "router_result_latency_ms_sum", **OPENAI) or 0,
                value(page, "router_result_latency_ms_count", **OPENAI) or 0,
                value(page, EVENTS, **OPENAI, event_type="failure") or 0,
            ]

        before = figures()
        advance(router, hours=1)
        total, count, failed = (after - was for after, was in zip(figures(), before, strict=True))
        return total / count, failed / count

    before = hour()
    enable(router, failure_threshold=10_000, error_rate_threshold=2.0)
    during = hour()
    router.roll_back(*CANARY, "1.0")
    after = hour()
    assert during[0] == pytest.approx(before[0] * regression.latency, rel=0.08)
    assert during[1] == pytest.approx(before[1] + regression.failure, abs=0.05)
    assert after == pytest.approx(before, rel=0.08, abs=0.001)


def test_the_page_tells_of_the_same_transitions_as_a_breaker_that_is_driven_by_hand() -> None:
    """The circuit is the real one: what it was asked and told, told to another breaker, moves that one alike."""
    router = Router(world(rpm=30, failure=0.2, outages=(outage(30, 60, 0.9),)))
    circuits = router._engine.circuits
    enable(router)
    moves: list[tuple[int, str, str, str]] = []
    twin = Breaker(CANARY_BLOCK, on_transition=lambda *move: moves.append(move))
    asked, told = circuits.allow, circuits.record

    def allow(tenant, provider, policy, now):
        answer = asked(tenant, provider, policy, now)
        if provider == "openai":
            assert twin.allow(now) == answer
        return answer

    def record(tenant, provider, outcome, now):
        told(tenant, provider, outcome, now)
        if provider == "openai":
            (twin.record_success if outcome == "success" else twin.record_failure)(now)

    circuits.allow, circuits.record = allow, record  # type: ignore[method-assign]
    advance(router, hours=3)
    page = router.metrics()
    assert len(moves) > 20
    for source, target in (
        ("closed", "open"),
        ("open", "half_open"),
        ("half_open", "open"),
        ("half_open", "closed"),
    ):
        assert moved(page, source, target) == sum(move[1:3] == (source, target) for move in moves)


def test_a_policy_without_a_usable_provider_decides_nothing() -> None:
    router = Router(world())
    router.put(*CANARY, {"providers": "none"}, check=False)
    advance(router, hours=1)
    assert router.requests == 0
    assert router.metrics() == ""


def test_a_provider_that_nobody_knows_only_fails() -> None:
    router = Router(world())
    router.put(*CANARY, {"version": "1.1", "providers": [{"name": "typo", "weight": 1}]})
    advance(router, minutes=10)
    page = router.metrics()
    assert value(page, EVENTS, provider_id="typo", event_type="success") is None
    assert value(page, EVENTS, provider_id="typo", event_type="failure") > 400


def test_requests_are_shared_by_weight() -> None:
    router = Router(SOUND)
    advance(router, hours=12)
    page = router.metrics()
    shares = [
        value(page, "router_result_latency_ms_count", tenant_id="tenant_archive", provider_id=name)
        for name in ("openai", "anthropic")
    ]
    assert shares[0] / sum(shares) == pytest.approx(0.7, abs=0.02)


@given(st.integers(0, 2**45), st.floats(0, 1, exclude_max=True), st.floats(0.001, 1000), st.floats(0, 1))
def test_the_next_request_is_never_in_the_past(at: int, draw: float, rpm: float, swing: float) -> None:
    assert next_arrival(pace(DayCurve(rpm, swing)), at, draw) >= at


def test_arrivals_follow_the_curve_of_the_day() -> None:
    curve = DayCurve(60, 0.5, (HourRate(3, 0), HourRate(4, 600)))
    rates = pace(curve)
    assert MINUTE_MS / max(rates[:180]) == pytest.approx(30, rel=0.01)
    assert MINUTE_MS / min(rates[300:]) == pytest.approx(90, rel=0.01)
    # Three in the morning is silent: from there the next request is the first of the hour after.
    hour = 3_600_000
    for draw in (0.0, 0.3, 0.9):
        assert 4 * hour <= next_arrival(rates, 3 * hour + 5, draw) < 4 * hour + 1000
