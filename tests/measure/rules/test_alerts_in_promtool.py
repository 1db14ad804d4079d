"""Each alert, in both dialects, judged by the real promtool: when it must fire, and when it must not.

A world is played tick by tick; what must fire at a tick is said there, and promtool evaluates the rendered rules.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rule_world import (
    FAILURE_RATE,
    MULTIPLE,
    OPENED,
    PROBES,
    STATE,
    STAYED_OPEN,
    World,
)

from cbops.model.config import MetricsConfig
from cbops.model.rules import RuleScope, TenantLabel

pytestmark = pytest.mark.needs("promtool")
dialects = pytest.mark.parametrize("dialect", ["router", "documented"])
traced = pytest.mark.parametrize("traces", [False, True], ids=["plain", "trace_id"])
A, A2, B = ("a", "openai"), ("a", "anthropic"), ("b", "openai")


def flap(world: World, times: int, instance: str | None = None) -> None:
    """An outage: open, and a probe that fails every minute."""
    router = world.instances[instance] if instance else world.router
    router.results(*A, failure=5)
    router.move(*A, "open")
    for _ in range(times):
        world.minutes(0.75)
        router.results(*A, fail_fast=3)
        router.move(*A, "half_open")
        world.scrape()
        router.results(*A, failure=1)
        router.move(*A, "open")
    world.scrape()


def brief(world: World) -> None:
    """Open for half a minute."""
    world.router.move(*A, "open")
    world.scrape(2)
    world.router.move(*A, "half_open", "closed")
    world.scrape()


@dialects
@traced
def test_the_first_open_of_a_newborn_series_is_seen(dialect: str, traces: bool, tmp_path: Path) -> None:
    world = World(dialect, traces=traces)
    world.minutes(2)
    world.router.move(*A, "open")
    world.scrape()
    world.fires(OPENED, A)
    world.silent(STAYED_OPEN, MULTIPLE, PROBES, FAILURE_RATE)
    world.judge(tmp_path)


@dialects
@traced
def test_an_open_ends_with_its_window_once_the_circuit_is_closed(
    dialect: str, traces: bool, tmp_path: Path
) -> None:
    world = World(dialect, traces=traces)
    world.minutes(6)
    brief(world)
    world.fires(OPENED, A)
    world.minutes(4)
    world.fires(OPENED, A)
    world.minutes(1)
    world.silent()
    world.minutes(10)
    world.silent()
    brief(world)  # the counters are old by now
    world.fires(OPENED, A)
    world.shows("circuit:router_circuit_breaker_opens:increase5m", 1)
    world.judge(tmp_path)


@dialects
def test_a_brief_open_is_seen_by_rules_evaluated_once_a_minute(dialect: str, tmp_path: Path) -> None:
    world = World(dialect, evaluation=60)
    world.minutes(2.25)
    brief(world)
    world.minutes(1)
    world.fires(OPENED, A)
    world.minutes(6)
    world.silent()
    world.judge(tmp_path)


@dialects
def test_evaluations_between_scrapes_see_the_birth_as_long_as_the_window_does(
    dialect: str, tmp_path: Path
) -> None:
    """The series' first sample is then the window's first scrape, so that none is missing in the window."""
    world = World(dialect, evaluation=10)
    world.scrape(2)  # at 0 s and 15 s
    world.router.move(*A, "open", "half_open", "closed")
    world.scrape(8)  # born at 30 s
    world.router.move(*A, "open", "half_open", "closed")
    world.scrape(13)  # now at 330 s
    world.shows("circuit:router_circuit_breaker_opens:increase5m offset 10s", 2)  # evaluated at 320 s
    world.shows("circuit:router_circuit_breaker_opens:increase5m", 1)
    world.judge(tmp_path)


@dialects
@pytest.mark.parametrize("seen", [True, False], ids=["counters-gone", "between-two-scrapes"])
def test_an_open_right_after_a_restart_is_seen(dialect: str, seen: bool, tmp_path: Path) -> None:
    """The new total equals the old one, so the counter of the opens itself shows nothing."""
    world = World(dialect)
    world.router.results(*A, success=100, failure=3)
    world.scrape()
    brief(world)
    world.minutes(12)
    world.silent()
    world.router.restart()
    if seen:
        world.scrape()
    world.router.results(*A, failure=1)
    world.router.move(*A, "open")
    world.scrape()
    world.fires(OPENED, A)
    world.shows("circuit:router_circuit_breaker_opens:increase5m", 1)
    world.judge(tmp_path)


@dialects
@traced
def test_after_a_restart_the_old_state_is_forgotten_though_the_gauge_says_open(
    dialect: str, traces: bool, tmp_path: Path
) -> None:
    world = World(dialect, traces=traces)
    world.minutes(2)
    for pair in (A, A2):
        world.router.move(*pair, "open")
    world.minutes(13)
    world.fires(OPENED, A, A2)
    world.fires(STAYED_OPEN, A, A2)
    world.fires(MULTIPLE, "a")
    world.router.restart()
    for tenant, provider in (A, A2):
        labels = {"tenant_id": tenant, "provider_id": provider, "state": "open"}
        world.router.counters[STATE, tuple(sorted(labels.items()))] = 1
    world.scrape()
    world.silent()
    world.minutes(7)
    world.silent()
    world.judge(tmp_path)


@dialects
def test_the_sticking_gauge_of_a_closed_circuit_fires_nothing(dialect: str, tmp_path: Path) -> None:
    world = World(dialect)
    world.minutes(1)
    brief(world)
    brief(world)
    assert {key[0] for key in world.router.counters} > {STATE}
    world.minutes(15)
    world.silent()
    world.judge(tmp_path)


@dialects
def test_one_open_instance_of_two_is_enough(dialect: str, tmp_path: Path) -> None:
    world = World(dialect, instances=["r1:9001", "r2:9001"])
    one, two = world.instances.values()
    for router in (one, two):
        router.results(*A, success=50)
        router.move(*A, "open", "half_open", "closed")
    world.minutes(8)
    two.move(*A, "open")
    one.results(*A, success=5)
    world.scrape()
    world.fires(OPENED, A)
    world.shows("circuit:router_circuit_breaker_open:instances", 1)
    two.restart()  # the other one goes on
    world.minutes(6)
    world.silent()
    world.judge(tmp_path)


@dialects
def test_two_instances_open_for_one_provider_are_one_provider(dialect: str, tmp_path: Path) -> None:
    world = World(dialect, instances=["r1:9001", "r2:9001"])
    world.minutes(1)
    for router in world.instances.values():
        router.move(*A, "open")
    world.scrape()
    world.fires(OPENED, A)
    world.silent(MULTIPLE)
    world.shows("circuit:router_circuit_breaker_opens:increase5m", 2)
    world.shows("circuit:router_circuit_breaker_open:instances", 2)
    world.judge(tmp_path)


SCOPES: dict[str, Callable[[str], World]] = {
    "list": lambda dialect: World(dialect, scope=RuleScope(tenants=("a",))),
    "label": lambda dialect: World(
        dialect, scope=RuleScope(labels=(TenantLabel(name="breaker", value="on"),)), extra={"breaker": "off"}
    ),
}


@dialects
@pytest.mark.parametrize("scope", SCOPES)
def test_a_tenant_whose_breaker_is_not_enabled_fires_nothing(
    dialect: str, scope: str, tmp_path: Path
) -> None:
    world = SCOPES[scope](dialect)
    world.minutes(1)
    for provider in ("openai", "anthropic"):
        world.router.results("b", provider, failure=9)
        world.router.move("b", provider, *["open", "half_open"] * 4, "open")
    world.minutes(12)
    world.silent()
    world.extra = {"breaker": "on"} if world.extra else {}
    world.router.move(*A, "open")
    world.scrape()
    world.fires(OPENED, A)
    world.silent(STAYED_OPEN, MULTIPLE, PROBES)
    world.judge(tmp_path)


@dialects
def test_tenants_that_are_no_regular_expression_are_taken_literally(dialect: str, tmp_path: Path) -> None:
    world = World(dialect, scope=RuleScope(tenants=('a.b|c"\\', "d")))
    world.minutes(1)
    for tenant in ('a.b|c"\\', "aXb", "c", "dd"):
        world.router.move(tenant, "openai", "open")
    world.scrape()
    world.fires(OPENED, ('a.b|c"\\', "openai"))
    world.judge(tmp_path)


@dialects
def test_old_totals_of_a_server_that_has_just_started_are_no_opens(dialect: str, tmp_path: Path) -> None:
    world = World(dialect)
    world.router.results(*A, success=1000, failure=900, fail_fast=50)
    world.router.move(*A, *["open", "half_open"] * 5, "closed")
    world.scrape()
    world.silent()
    world.minutes(12)
    world.silent()
    world.judge(tmp_path)


@dialects
@traced
@pytest.mark.parametrize("gap", [False, True], ids=["just-started", "after-a-gap"])
def test_what_happens_in_the_first_minutes_of_scraping_is_counted_and_nothing_of_before(
    dialect: str, traces: bool, gap: bool, tmp_path: Path
) -> None:
    """Old counters and newborn ones alike: or the first failure would be all the results that there are."""
    world = World(dialect, traces=traces)
    world.router.results(*A, success=1000)
    world.router.move(*A, *["open", "half_open"] * 5, "closed")
    if gap:
        world.minutes(2)
        world.router.reachable = False
        world.minutes(7)
        world.router.reachable = True
    world.scrape(2)
    world.router.results(*A, success=8, failure=2)
    world.router.move(*A, "open", "half_open", "closed")
    world.scrape()
    world.silent(FAILURE_RATE, STAYED_OPEN, PROBES, MULTIPLE)
    world.fires(OPENED, A)
    world.shows("circuit:router_circuit_breaker_opens:increase5m", 1)
    world.shows("circuit:router_circuit_breaker_error_ratio:5m", 0.2)
    world.judge(tmp_path)


@dialects
def test_a_circuit_that_is_open_when_the_server_starts_is_seen(dialect: str, tmp_path: Path) -> None:
    world = World(dialect)
    world.router.move(*A, "open", "half_open", "closed", "open")
    world.scrape()
    world.fires(OPENED, A)
    world.shows("circuit:router_circuit_breaker_open:instances", 1)
    world.judge(tmp_path)


@dialects
def test_a_gap_in_scraping_is_no_open_and_hides_none_that_lasts(dialect: str, tmp_path: Path) -> None:
    world = World(dialect)
    world.router.results(*A, success=1000, failure=900)
    world.router.move(*A, *["open", "half_open"] * 4, "closed")
    world.minutes(8)
    world.router.reachable = False
    world.minutes(8)
    world.silent()
    world.router.reachable = True
    world.scrape()
    world.silent()
    world.minutes(7)
    world.silent()
    world.router.reachable = False
    world.minutes(1)
    world.router.move(*A, "open")  # nobody sees it happen
    world.router.reachable = True
    world.scrape()
    world.fires(OPENED, A)
    world.judge(tmp_path)


@dialects
def test_an_open_during_failing_scrapes_of_a_minute_is_counted(dialect: str, tmp_path: Path) -> None:
    world = World(dialect)
    world.minutes(6)
    world.router.move(*A, "open")
    world.scrape()
    world.router.reachable = False
    world.minutes(1)
    world.router.move(*A, "half_open", "open")
    world.router.reachable = True
    world.scrape()
    world.shows("circuit:router_circuit_breaker_opens:increase5m", 2)
    world.judge(tmp_path)


@dialects
def test_an_open_that_lasts_ten_minutes_is_told_from_a_brief_one(dialect: str, tmp_path: Path) -> None:
    world = World(dialect)
    world.minutes(2)
    world.router.move(*A, "open")
    world.router.move(*A2, "open")
    world.minutes(3)
    world.fires(OPENED, A, A2)
    world.router.move(*A2, "half_open", "closed")
    world.minutes(6.75)
    world.silent(STAYED_OPEN)
    world.minutes(0.5)
    world.fires(STAYED_OPEN, A)
    world.fires(OPENED, A)
    world.router.move(*A, "half_open", "closed")
    world.scrape()
    world.silent()
    world.judge(tmp_path)


@dialects
def test_an_outage_with_failing_probes_is_one_lasting_open(dialect: str, tmp_path: Path) -> None:
    world = World(dialect)
    world.minutes(1)
    flap(world, 12)
    world.fires(STAYED_OPEN, A)
    world.fires(OPENED, A)
    world.fires(PROBES, A)
    world.router.move(*A, "half_open")
    world.scrape()
    world.fires(STAYED_OPEN, A)
    world.router.results(*A, success=2)
    world.router.move(*A, "closed")
    world.scrape()
    world.silent(STAYED_OPEN)
    world.minutes(6)
    world.silent(OPENED, STAYED_OPEN, MULTIPLE, FAILURE_RATE)
    world.minutes(5)
    world.silent()
    world.judge(tmp_path)


@dialects
def test_many_brief_opens_are_no_lasting_one(dialect: str, tmp_path: Path) -> None:
    world = World(dialect)
    world.minutes(1)
    for _ in range(15):
        brief(world)
        world.scrape()
    world.fires(OPENED, A)
    world.silent(STAYED_OPEN, PROBES)
    world.judge(tmp_path)


def test_a_half_open_circuit_that_denies_for_ever_is_a_lasting_one(tmp_path: Path) -> None:
    world = World("router")
    world.minutes(1)
    world.router.move(*A, "open", "half_open")
    for _ in range(12):
        world.minutes(1)
        world.router.results(*A, fail_fast=1)
    world.fires(STAYED_OPEN, A)
    world.silent(OPENED)
    world.judge(tmp_path)


@dialects
def test_an_open_circuit_without_traffic_stays_open_and_has_no_failure_rate(
    dialect: str, tmp_path: Path
) -> None:
    world = World(dialect)
    world.minutes(1)
    world.router.results(*A, failure=1)
    world.router.move(*A, "open")
    world.scrape()
    world.fires(FAILURE_RATE, A)
    world.minutes(12)
    world.fires(STAYED_OPEN, A)
    world.silent(FAILURE_RATE, PROBES, MULTIPLE)
    world.shows("circuit:router_circuit_breaker_error_ratio:5m", None)
    world.judge(tmp_path)


@dialects
def test_totals_that_an_operators_call_left_open_fire_only_until_requests_succeed(
    dialect: str, tmp_path: Path
) -> None:
    """An operator's call moves no counter; so does a breaker that is not asked any more."""
    world = World(dialect)
    world.minutes(1)
    for pair in (A, A2):
        world.router.move(*pair, "open")
        world.scrape()
        world.router.recover(*pair)
    world.fires(MULTIPLE, "a")
    for _ in range(7):
        for pair in (A, A2):
            world.router.results(*pair, success=10)
        world.minutes(1)
    world.silent()
    world.minutes(9)
    world.silent(STAYED_OPEN)
    world.judge(tmp_path)


@dialects
def test_successes_of_just_before_an_open_or_of_a_probe_do_not_hide_the_circuit(
    dialect: str, tmp_path: Path
) -> None:
    world = World(dialect)
    world.router.results(*A, success=10)
    world.router.results(*A2, success=10)
    world.minutes(1)
    for pair in (A, A2):
        world.router.results(*pair, success=10, failure=5)
        world.router.move(*pair, "open")
    world.minutes(1)
    world.fires(MULTIPLE, "a")
    world.minutes(6)
    world.fires(MULTIPLE, "a")
    world.router.move(*A, "half_open")
    world.router.results(*A, success=1)
    world.scrape()
    world.silent(MULTIPLE)
    world.shows("circuit:router_circuit_breaker_unclosed:instances", 2)
    world.judge(tmp_path)


@dialects
def test_denied_requests_that_are_sent_and_succeed_do_not_hide_the_open_circuit(
    dialect: str, tmp_path: Path
) -> None:
    """Without a fallback the router counts a denial and sends the request all the same."""
    world = World(dialect)
    world.minutes(1)
    world.router.move(*A, "open")
    for _ in range(8):
        world.router.results(*A, success=3, fail_fast=3)
        world.minutes(1)
    world.fires(OPENED, A)
    world.shows("circuit:router_circuit_breaker_open:instances", 1)
    world.shows("tenant:router_circuit_breaker_denied_without_fallback:increase5m", 15)
    world.shows("circuit:router_circuit_breaker_fail_fast_ratio:5m", 0.5)
    world.judge(tmp_path)


@dialects
def test_several_providers_of_one_tenant_open_on_any_instance(dialect: str, tmp_path: Path) -> None:
    world = World(dialect, instances=["r1:9001", "r2:9001"])
    one, two = world.instances.values()
    world.minutes(1)
    one.move(*A, "open")
    two.move(*B, "open")
    world.scrape()
    world.silent(MULTIPLE)
    two.move(*A2, "open")
    world.scrape()
    world.fires(MULTIPLE, "a")
    one.move(*A, "half_open", "closed")
    world.scrape()
    world.silent(MULTIPLE)
    world.judge(tmp_path)


@dialects
@traced
def test_the_failure_rate_counts_results_of_five_minutes(dialect: str, traces: bool, tmp_path: Path) -> None:
    world = World(dialect, traces=traces)
    world.router.results(*A, success=500)
    world.minutes(6)
    world.router.results(*A, success=3, failure=3)  # the first failures that there are
    world.scrape()
    world.silent(FAILURE_RATE)
    world.shows("circuit:router_circuit_breaker_error_ratio:5m", 0.5)
    world.router.results(*A, failure=1)
    world.scrape()
    world.fires(FAILURE_RATE, A)
    world.minutes(5.25)
    world.silent(FAILURE_RATE)
    world.judge(tmp_path)


@dialects
def test_the_failure_rate_of_a_new_process_is_not_judged_by_the_old_one(dialect: str, tmp_path: Path) -> None:
    world = World(dialect)
    world.router.results(*A, success=10, failure=1)
    world.minutes(5.25)
    world.router.results(*A, failure=90)
    world.scrape()
    world.fires(FAILURE_RATE, A)
    world.router.restart()
    world.router.results(*A, success=20, failure=1)
    world.scrape()
    world.silent(FAILURE_RATE)
    world.shows("circuit:router_circuit_breaker_results:increase5m", 21)
    world.judge(tmp_path)


@dialects
def test_the_failure_rate_merges_instances_by_their_results(dialect: str, tmp_path: Path) -> None:
    world = World(dialect, instances=["r1:9001", "r2:9001"])
    one, two = world.instances.values()
    world.minutes(1)
    one.results(*A, success=9)
    two.results(*A, failure=8)
    world.scrape()
    world.silent(FAILURE_RATE)
    two.results(*A, failure=2)
    world.scrape()
    world.fires(FAILURE_RATE, A)
    world.judge(tmp_path)


@dialects
@traced
def test_the_third_failed_probe_in_ten_minutes_fires(dialect: str, traces: bool, tmp_path: Path) -> None:
    world = World(dialect, traces=traces)
    world.minutes(1)
    flap(world, 2)
    world.silent(PROBES)
    flap_on = world.router
    flap_on.move(*A, "half_open")
    world.scrape()
    world.silent(PROBES)
    flap_on.move(*A, "open")
    world.scrape()
    world.fires(PROBES, A)
    world.minutes(11)
    world.silent(PROBES)
    world.judge(tmp_path)


@dialects
def test_probes_that_fail_on_an_old_router_are_counted_alone(dialect: str, tmp_path: Path) -> None:
    """High totals of weeks before, with failed probes among them."""
    world = World(dialect)
    world.router.move(*A, *["open", "half_open"] * 30, "closed")
    world.minutes(12)
    flap(world, 2)
    world.silent(PROBES)
    world.shows("circuit:router_circuit_breaker_failed_probes:increase10m", 2)
    world.router.move(*A, "half_open", "open")
    world.scrape()
    world.fires(PROBES, A)
    world.judge(tmp_path)


@dialects
def test_probes_that_succeed_are_no_failed_ones(dialect: str, tmp_path: Path) -> None:
    world = World(dialect)
    world.router.results(*A, success=1)
    world.minutes(1)
    for _ in range(6):
        brief(world)
    world.silent(PROBES)
    world.shows("circuit:router_circuit_breaker_failed_probes:increase10m", 0)
    world.judge(tmp_path)


@dialects
def test_failed_probes_of_two_instances_are_added_up_and_a_restart_begins_anew(
    dialect: str, tmp_path: Path
) -> None:
    world = World(dialect, instances=["r1:9001", "r2:9001"])
    one, two = world.instances.values()
    for router in (one, two):
        router.results(*A, success=9)
    world.minutes(1)
    one.move(*A, "open", "half_open", "open", "half_open", "open")
    two.move(*A, "open")
    world.scrape()
    world.silent(PROBES)
    two.move(*A, "half_open", "open")
    world.scrape()
    world.fires(PROBES, A)
    one.restart()
    one.results(*A, success=1)
    world.scrape()
    world.silent(PROBES)
    one.move(*A, "open", "half_open", "open")
    world.scrape()
    world.shows("circuit:router_circuit_breaker_failed_probes:increase10m", 2)
    world.judge(tmp_path)


@dialects
def test_remapped_names_and_labels_are_followed(dialect: str, tmp_path: Path) -> None:
    metrics = MetricsConfig(
        names={
            "router_circuit_breaker_events_total": "gw_events_total",
            "router_circuit_breaker_state_transitions_total": "gw_moves_total",
            "up": "gw_up",
        },
        labels={
            "tenant_id": "tenant",
            "provider_id": "upstream",
            "event_type": "kind",
            "instance": "pod",
            "to": "target",
            "from": "source",
        },
        job="router",
    )
    world = World(dialect, metrics=metrics, scope=RuleScope(tenants=("a", "x")))
    world.minutes(1)
    world.router.results(*A, failure=1)
    world.router.move(*A, "open", "half_open", "open", "half_open", "open", "half_open", "open")
    world.router.move(*A2, "open")
    world.router.move(*B, "open")
    world.minutes(0.5)
    world.fires(OPENED, A, A2)
    world.fires(FAILURE_RATE, A)
    world.fires(MULTIPLE, "a")
    world.fires(PROBES, A)
    world.minutes(12)
    world.fires(STAYED_OPEN, A, A2)
    world.judge(tmp_path)


LABELS = {"tenant_id": "tenant", "provider_id": "upstream"}


@dialects
@pytest.mark.parametrize("labels", [{}, LABELS], ids=["plain", "remapped"])
def test_the_texts_tell_brief_from_lasting_and_give_the_numbers(
    dialect: str, labels: dict[str, str], tmp_path: Path
) -> None:
    world = World(dialect, metrics=MetricsConfig(labels=labels))
    world.minutes(1)
    world.router.results(*A, success=1, failure=3)
    brief(world)
    world.says(
        OPENED,
        A,
        "Circuit a → openai opened",
        "Opens in the last 5 minutes: 1. It is closed again: a brief open.",
    )
    world.says(
        FAILURE_RATE,
        A,
        "More than half of the results of a → openai are failures",
        "75% of 4 results in the last 5 minutes failed.",
    )
    world.router.move(*A, "open", *["half_open", "open"] * 3)
    world.scrape()
    world.says(
        OPENED,
        A,
        "Circuit a → openai opened",
        "Opens in the last 5 minutes: 5. It has not closed yet, on 1 router instance(s).",
    )
    world.says(
        PROBES,
        A,
        "Circuit a → openai opens again after every probe",
        "Failed probes (half-open to open) in the last 10 minutes: 3.",
    )
    world.minutes(10.5)
    world.says(
        STAYED_OPEN,
        A,
        "Circuit a → openai has not closed for 10m",
        "It opened and has not closed for at least 10m, on 1 router instance(s).",
    )
    world.router.move(*A2, "open")
    world.scrape()
    world.says(
        MULTIPLE,
        "a",
        "2 providers of a are open",
        "Open now: anthropic openai. The tenant may have no provider left to fall back to.",
    )
    world.judge(tmp_path)
