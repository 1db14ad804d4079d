"""Traffic for candidates, present states, the proof of a rollback."""

from __future__ import annotations

import pytest
from measure_samples import DECISIONS, EVENTS, TRANSITIONS, Memory, seconds, series

from cbops.measure import (
    circuit_query,
    circuit_states,
    circuit_traffic,
    proof,
    proof_query,
    states_query,
    traffic,
    traffic_query,
)
from cbops.measure.names import LATENCY_BUCKET, documented, server_name, server_query
from cbops.model.config import MetricsConfig
from cbops.model.series import Matcher

CONFIG = MetricsConfig()
# The samples of this file count seconds from the day of measure_samples.
BASE = round(seconds(0).timestamp())


def at(points: dict[int, float]) -> dict[int, float]:
    return {BASE + offset: value for offset, value in points.items()}


def rates(*found, end: int = 7200, start: int = 0):
    return traffic(Memory(*found).fetch(traffic_query(CONFIG), seconds(start), seconds(end)), CONFIG)


def decisions(per_minute, end: int, start: int = -600, **labels: str):
    total, points = 0, {}
    for minute in range(start, end + 1, 60):
        total += per_minute(minute)
        points[minute] = total
    return series(
        DECISIONS, at(points), **({"tenant_id": "t1", "policy_id": "p1", "reason": "weighted"} | labels)
    )


def test_the_busiest_hour_counts_and_not_the_mean():
    found = rates(decisions(lambda second: 90 if 3600 < second <= 7200 else 10, 36_000), end=36_000)

    assert found["t1", "p1"].busiest_rpm == 90
    assert found["t1", "p1"].mean_rpm == pytest.approx(18)
    assert found["t1", "p1"].hours == 10


def test_scrapes_far_apart_change_nothing_of_the_mean():
    # In steps, a server still shows a sample five minutes after its scrape.
    scraped = at({second: 20 * second / 60 for second in range(0, 36_001, 900)})
    one = series(DECISIONS, scraped, tenant_id="t1", policy_id="p1", reason="weighted")

    found = rates(one, end=36_000)

    assert found["t1", "p1"].mean_rpm == pytest.approx(20, rel=0.02)


def test_reasons_and_instances_are_added():
    found = rates(
        decisions(lambda _: 10, 7200, instance="a"),
        decisions(lambda _: 20, 7200, instance="b"),
        decisions(lambda _: 5, 7200, instance="b", reason="sticky"),
    )

    assert found["t1", "p1"].mean_rpm == pytest.approx(35)


def test_a_tenant_without_data_is_missing_and_not_quiet():
    assert rates(decisions(lambda _: 1, 7200)).get(("t2", "p1")) is None
    assert rates() == {}


def test_less_than_an_hour_of_scrapes_says_nothing():
    assert rates(decisions(lambda _: 10, 1800), end=1800) == {}


def test_what_a_gap_hid_makes_no_busy_hour():
    points = {minute: minute / 60 * 10 for minute in [*range(-600, 3660, 60), *range(36_000, 43_260, 60)]}

    found = rates(series(DECISIONS, at(points), tenant_id="t1", policy_id="p1"), end=43_200)

    assert found["t1", "p1"].busiest_rpm == pytest.approx(10, rel=0.02)


def test_decisions_without_a_policy_are_nobodys_traffic():
    assert rates(series(DECISIONS, at(dict.fromkeys(range(0, 7260, 60), 1)), tenant_id="t1")) == {}


def test_the_quietest_hour_is_told_beside_the_busiest():
    found = rates(decisions(lambda second: 2 if 3600 < second <= 7200 else 10, 36_000), end=36_000)

    assert found["t1", "p1"].quietest_rpm == 2
    assert found["t1", "p1"].busiest_rpm == 10


def test_an_hour_that_a_gap_hid_is_not_the_quietest():
    points = {second: second / 6 for second in range(-600, 3660, 60)}
    points |= {second: 610 + (second - 36_000) / 6 for second in range(36_000, 43_260, 60)}

    found = rates(series(DECISIONS, at(points), tenant_id="t1", policy_id="p1"), end=43_200)

    # Ten requests in nine hours that nobody scraped; at most half an hour of them stands beside what was.
    assert 4 < found["t1", "p1"].quietest_rpm < 5


def test_without_an_hour_that_was_scraped_well_the_quietest_is_unknown():
    times = [*range(-600, 2400, 60), *range(9000, 11_400, 60)]
    points = {second: second / 6 + 100 for second in times if second % 900 < 300}

    found = rates(series(DECISIONS, at(points), tenant_id="t1", policy_id="p1"), end=14_400)

    assert found == {} or found["t1", "p1"].quietest_rpm is None


def circuit(*found, end: int = 7200, provider: str = "openai"):
    fetched = Memory(*found).fetch(circuit_query(CONFIG, "t1"), seconds(0), seconds(end))
    return circuit_traffic(fetched, CONFIG, "t1", provider)


def events(per_minute: int, event: str = "success", end: int = 7200, begin: int = -600, **labels: str):
    points = {second: per_minute * (second - begin) / 60 for second in range(begin, end + 1, 60)}
    named = {"tenant_id": "t1", "provider_id": "openai", "event_type": event} | labels
    return series(EVENTS, at(points), **named)


def test_the_traffic_of_a_circuit_is_its_results_and_what_it_denied():
    found = circuit(
        events(9), events(2, "failure"), events(1, "fail_fast"), events(50, provider_id="anthropic")
    )

    (figures,) = found
    assert (figures.busiest_rpm, figures.mean_rpm, figures.quietest_rpm) == pytest.approx((12, 12, 12))


def test_each_instance_has_circuits_of_its_own():
    found = circuit(
        events(9, instance="a"), events(2, instance="b"), decisions(lambda _: 9, 7200, instance="c")
    )

    assert [figures.mean_rpm for figures in found] == pytest.approx([9, 2])


def test_a_circuit_without_results_is_unknown_and_not_quiet():
    assert circuit(events(9), provider="mistral") == ()
    assert circuit() == ()


def test_the_time_before_its_first_result_counts_where_the_router_was_scraped():
    (figures,) = circuit(events(10, begin=7200, end=14_400), decisions(lambda _: 1, 14_400), end=14_400)

    assert figures.quietest_rpm == 0
    assert figures.busiest_rpm == pytest.approx(10)


def states(*found, tenant: str | None = "t1"):
    return circuit_states(
        Memory(*found).fetch(states_query(CONFIG, tenant), seconds(0), seconds(3600)), CONFIG
    )


def moved(points: dict[int, float], source: str, target: str, **labels: str):
    named = {"tenant_id": "t1", "provider_id": "openai", "from": source, "to": target} | labels
    return series(TRANSITIONS, at(points), **named)


def results(**labels: str):
    named = {"tenant_id": "t1", "provider_id": "openai", "event_type": "success"} | labels
    return series(EVENTS, at({offset: offset + 9000 for offset in range(-600, 3660, 60)}), **named)


def steady(value: float, begin: int = -600) -> dict[int, float]:
    return dict.fromkeys(range(begin, 3660, 60), value)


@pytest.mark.parametrize("tenant", ["t1", None])
def test_a_circuit_is_open_when_more_went_into_open_than_out(tenant):
    found = states(
        results(), moved(steady(3), "closed", "open"), moved(steady(2), "open", "half_open"), tenant=tenant
    )

    assert found["t1", "openai"] == "open"


def test_a_circuit_that_opened_just_now_is_open():
    assert states(results(), moved(steady(1, 3540), "closed", "open"))["t1", "openai"] == "open"


def test_a_circuit_with_results_and_no_transition_is_closed_and_any_other_unknown():
    found = states(results())

    assert found == {("t1", "openai"): "closed"}


def test_a_restart_closed_the_circuit():
    before = dict.fromkeys(range(-600, 1860, 60), 1.0)

    assert states(results(), moved(before, "closed", "open"))["t1", "openai"] == "closed"


def test_the_worst_instance_counts():
    found = states(
        results(instance="a"),
        results(instance="b"),
        moved(steady(1), "closed", "open", instance="b"),
    )

    assert found["t1", "openai"] == "open"


def test_series_without_a_provider_have_no_circuit():
    assert states(series(EVENTS, at(steady(1)), tenant_id="t1")) == {}


def proven(*found, now: int = 3600):
    answer = Memory(*found).fetch(proof_query("t1", CONFIG), seconds(30), seconds(now))
    return proof("p1", seconds(30), seconds(now), answer, CONFIG)


def fail_fast(points: dict[int, float]):
    return series(EVENTS, at(points), tenant_id="t1", provider_id="openai", event_type="fail_fast")


def test_decisions_without_a_denied_call_prove_that_the_breaker_no_longer_acts():
    found = proven(decisions(lambda _: 10, 3600), fail_fast(steady(70)))

    assert found.proven
    assert (found.decisions, found.fail_fast, found.half_open, found.fallback_decisions) == (590, 0, 0, 0)
    assert found.since == seconds(60)
    assert found.until == seconds(3600)
    assert found.summary.startswith("Proven: 590 decisions")


def test_what_was_denied_before_the_first_scrape_after_the_reload_is_no_counter_proof():
    assert proven(
        decisions(lambda _: 10, 3600), fail_fast({0: 5, 60: 9, **dict.fromkeys(range(120, 3660, 60), 9)})
    ).proven


@pytest.mark.parametrize(
    ("other", "field"),
    [
        (fail_fast(steady(2, 1800)), "fail_fast"),
        (moved(steady(2, 1800), "open", "half_open"), "half_open"),
        (
            series(
                DECISIONS,
                at(steady(2, 1800)),
                tenant_id="t1",
                policy_id="p1",
                reason="circuit_breaker_fallback",
            ),
            "fallback_decisions",
        ),
    ],
)
def test_any_act_of_the_breaker_disproves(other, field):
    found = proven(decisions(lambda _: 10, 3600), other)

    assert not found.proven
    assert getattr(found, field) == 2
    assert "still acted" in found.summary


def test_results_may_still_open_and_close_a_circuit():
    found = proven(
        decisions(lambda _: 10, 3600),
        moved(steady(2, 1800), "closed", "open"),
        moved(steady(2, 1800), "half_open", "closed"),
    )

    assert found.proven


def test_without_traffic_it_is_unproven():
    found = proven(decisions(lambda _: 0, 3600))

    assert (found.proven, found.decisions) == (False, 0)
    assert "no traffic" in found.summary


def test_traffic_of_another_policy_proves_nothing():
    assert not proven(decisions(lambda _: 10, 3600, policy_id="p2")).proven


def test_without_two_scrapes_everything_is_unknown():
    one = proven(decisions(lambda _: 10, 60), now=100)
    none = proven(decisions(lambda _: 10, 0), now=40)

    assert (one.proven, one.decisions, one.since) == (False, None, seconds(60))
    assert (none.proven, none.decisions, none.since) == (False, None, None)


def test_only_scrapes_after_the_last_instance_was_seen_count():
    late = series(DECISIONS, at({1800: 5, 1860: 7, 3600: 9}), tenant_id="t1", policy_id="p1", instance="b")

    assert proven(decisions(lambda _: 10, 3600, instance="a"), late).since == seconds(1800)


REMAPPED = MetricsConfig(
    names={
        "router_result_latency_ms": "gateway_ms",
        DECISIONS: "decisions",
        "router_result_latency_ms_sum": "total_ms",
    },
    labels={"tenant_id": "customer"},
)


def test_a_remapped_histogram_carries_its_parts_along():
    assert server_name(REMAPPED, LATENCY_BUCKET) == "gateway_ms_bucket"
    assert server_name(REMAPPED, "router_result_latency_ms_sum") == "total_ms"
    assert server_name(REMAPPED, EVENTS) == EVENTS
    assert server_name(REMAPPED, "other_bucket") == "other_bucket"


def test_queries_are_made_with_the_servers_names_and_answers_are_read_with_ours():
    asked = server_query(REMAPPED, "x", [DECISIONS, DECISIONS], [Matcher("tenant_id", "=", "t1")])
    theirs = series("decisions", at({60: 1}), customer="t1", policy_id="p1")

    assert asked.names == ("decisions",)
    assert asked.matchers == (Matcher("customer", "=", "t1"),)
    (ours,) = documented(REMAPPED, Memory(theirs).fetch(asked, seconds(0), seconds(600)))
    assert (ours.name, ours.labels) == (DECISIONS, {"tenant_id": "t1", "policy_id": "p1"})


def test_no_answer_has_no_series():
    assert documented(CONFIG, None) == ()


def of_instance(name: str, begin: int, end: int):
    points = {offset: 9000 + 10 * offset / 60 for offset in range(begin, end + 60, 60)}
    return series(DECISIONS, at(points), tenant_id="t1", policy_id="p1", instance=name)


def test_an_instance_that_was_not_scraped_since_the_reload_leaves_it_unproven():
    found = proven(of_instance("a", -600, 3600), of_instance("b", -600, 0))

    assert not found.proven
    assert found.summary.startswith("Unproven: no scrape of b since the reload at")


def test_an_instance_that_was_gone_long_before_the_reload_is_not_waited_for():
    assert proven(of_instance("a", -3600, 3600), of_instance("b", -3600, -600)).proven


def test_what_is_proven_ends_with_the_first_instance_that_was_no_longer_scraped():
    found = proven(of_instance("a", -600, 3600), of_instance("b", -600, 1800))

    assert (found.proven, found.until) == (True, seconds(1800))
    assert found.decisions == 2 * 10 * 29


def test_an_instance_that_came_after_another_was_gone_leaves_it_unproven():
    found = proven(of_instance("a", -600, 1800), of_instance("b", 2400, 3600))

    assert not found.proven
    assert "no scrape of a beside all the others since the reload" in found.summary


def test_an_act_of_the_breaker_counts_to_the_very_end():
    denied = {offset: 0 if offset < 3000 else 4 for offset in range(-600, 3660, 60)}
    acts = series(
        EVENTS, at(denied), tenant_id="t1", provider_id="openai", event_type="fail_fast", instance="a"
    )
    found = proven(of_instance("a", -600, 3600), acts, of_instance("b", -600, 1800))

    assert (found.proven, found.fail_fast) == (False, 4)
