"""The stories that the scenarios tell."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from cbops.errors import InputError
from cbops.model.base import to_ms
from cbops.model.policy import CANARY_BLOCK, with_breaker
from cbops.simulator.curve import MINUTE_MS, pace
from cbops.simulator.router import Router
from cbops.simulator.scenarios import SCENARIOS, SINGLE_FAILURE, SOUND, Scenario, scenario

Move = tuple[str, int, str, str]


def rates(told: Scenario) -> dict[str, list[float]]:
    """Requests per minute of each tenant, minute by minute."""
    return {
        spec.tenant.id: [
            sum(MINUTE_MS / each for each in minute)
            for minute in zip(*(pace(policy.traffic) for policy in spec.policies), strict=True)
        ]
        for spec in told.tenants
    }


def busiest_hour(minutes: list[float]) -> float:
    return max(sum(minutes[start : start + 60]) / 60 for start in range(0, 1440, 60))


def played(told: Scenario, seed: int) -> list[Move]:
    """The canary's transitions in a story in which it alone has traffic: its requests are the same ones."""
    router = Router(replace(told, tenants=told.tenants[:1]), seed=seed)
    moves: list[Move] = []
    counted = router._engine.circuits._on_transition

    def moved(tenant, provider, now_ms, source, target, reason):
        moves.append((provider, now_ms, source, target))
        counted(tenant, provider, now_ms, source, target, reason)

    router._engine.circuits._on_transition = moved
    canary = told.canary
    router.advance_to(to_ms(told.enabled_at))
    document = router.policy(canary.tenant, canary.policy).live.document
    router.put(canary.tenant, canary.policy, with_breaker(document, CANARY_BLOCK))
    router.advance_to(to_ms(told.end))
    return moves


@pytest.mark.parametrize("told", SCENARIOS.values(), ids=SCENARIOS)
def test_a_scenario_has_a_good_canary_and_tenants_that_are_none(told: Scenario) -> None:
    by_tenant = rates(told)
    tenants = {spec.tenant.id: spec.tenant for spec in told.tenants}
    canary = tenants[told.canary.tenant]
    assert (canary.critical, canary.owner.responsive) == (False, True)
    assert busiest_hour(by_tenant[canary.id]) < 100
    search = by_tenant["tenant_search"]
    assert sum(search) / 1440 < 50 < 100 < busiest_hour(search)
    assert tenants["tenant_billing"].critical
    assert not tenants["tenant_archive"].owner.responsive
    assert sum(by_tenant["tenant_pilot"]) == 0
    assert 100 < sum(map(sum, by_tenant.values())) / 1440 < 120


@pytest.mark.parametrize("told", SCENARIOS.values(), ids=SCENARIOS)
def test_a_scenario_enables_on_the_fourth_day_and_lasts_seven_days_from_there(told: Scenario) -> None:
    assert told.enabled_at.isoformat() == "2025-01-27T09:00:00+00:00"
    assert told.end.isoformat() == "2025-02-03T00:00:00+00:00"
    assert told.tenants_file().tenants[0].id == told.canary.tenant


def test_in_the_sound_week_the_circuit_opens_only_in_the_declared_outage_and_closes_after_it() -> None:
    (declared,) = SOUND.outages
    assert declared.declared
    begin = to_ms(SOUND.start + declared.start)
    after = to_ms(SOUND.start + declared.end) + 300_000
    moves = played(SOUND, SOUND.seed)
    assert {provider for provider, *_ in moves} == {"openai"}
    assert all(begin <= at <= after for _, at, _, _ in moves)
    assert moves[0][2:] == ("closed", "open")
    assert moves[-1][2:] == ("half_open", "closed")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_single_failures_open_the_circuit_in_one_night_and_only_there(seed: int) -> None:
    moves = played(SINGLE_FAILURE, seed)
    opens = [at for _, at, source, target in moves if (source, target) == ("closed", "open")]
    assert 1 <= len(opens) <= 3
    assert {at // 86_400_000 for at in opens} == {
        to_ms(SINGLE_FAILURE.start + timedelta(days=6)) // 86_400_000
    }
    assert moves[-1][3] == "closed"


def test_a_scenario_is_found_by_its_name() -> None:
    assert scenario("sound") is SOUND


def test_an_unknown_scenario_is_an_error_that_names_the_others() -> None:
    with pytest.raises(InputError, match="no scenario 'nonsense'") as error:
        scenario("nonsense")
    assert "sound, single-failure, latency-regression, restart" in error.value.hint
