"""A provider that is down: an open circuit before enabling is said, and a breaker that still acts disproves the rollback."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flow_world import PROVIDER, TENANT

from cbops.simulator.scenarios import SOUND, DayCurve, Outage, PolicySpec, Scenario, TenantSpec

STEADY = DayCurve(rpm=60, swing=0)


@pytest.fixture
def down() -> str:
    """The provider that is down."""
    return PROVIDER


@pytest.fixture
def scenario(down: str) -> Scenario:
    """The canary with two policies that have traffic, and a provider that is down for hours."""
    weights = ((PROVIDER, 100),) if down == PROVIDER else ((PROVIDER, 50), (down, 50))
    policies = tuple(PolicySpec(name, STEADY, weights, "anthropic") for name in ("canary_policy", "other"))
    return replace(
        SOUND,
        tenants=(TenantSpec(SOUND.tenants[0].tenant, policies),),
        outages=(Outage(down, timedelta(0), timedelta(hours=6), failure=1.0),),
    )


def test_a_circuit_that_is_open_before_enabling_is_said(work):
    """Results are recorded for every tenant, enabled or not, so its circuit is open by now."""
    work.ready()
    work.play(minutes=10)
    result = work("canary", "enable", "--dry-run")
    assert result.data["circuit_before"] == "open"
    assert any(
        f"the circuit of {TENANT} to {PROVIDER} is already open" in w for w in result.answer["warnings"]
    )
    assert work.ok("canary", "enable", "--yes")["circuit_before"] == "open"


@pytest.mark.parametrize("down", ["anthropic"])
def test_the_open_circuit_of_another_provider_of_the_policy_is_said_too(work, scenario, down):
    work.ready()
    work.play(minutes=10)
    result = work("canary", "enable", "--dry-run")
    assert result.data["circuit_before"] == "closed"
    told = [each for each in result.answer["warnings"] if "is already open" in each]
    assert told == [
        f"the circuit of {TENANT} to {down} is already open: its first request after enabling moves it on"
    ]
    assert not any("open is unknown" in each for each in result.answer["warnings"])


def test_another_policy_of_the_tenant_that_still_acts_leaves_it_unproven(work):
    work.enabled()
    work.router.enable("other")
    work.play(minutes=2)
    result = work("rollback", "--yes", "--wait", "30m")
    assert result.status == 7
    proof = result.data["proof"]
    assert not proof["proven"]
    assert proof["fallback_decisions"] + proof["fail_fast"] + proof["half_open"] > 0
    assert "still acted" in proof["summary"]
    waited = work.clock.waited
    assert work("rollback", "--yes", "--scope", "tenant").data["policies"][1]["written"]
    assert work.clock.waited == waited


def test_with_every_policy_of_the_tenant_disabled_it_is_proven_though_the_provider_is_down(work):
    work.enabled()
    work.router.enable("other")
    work.play(minutes=2)
    result = work("rollback", "--yes", "--scope", "tenant", "--wait", "30m")
    assert result.status == 0
    assert result.data["proof"]["proven"]
