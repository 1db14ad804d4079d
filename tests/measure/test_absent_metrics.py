"""Why there is nothing to count: no series, another tenant's, another name, none in the window, no traffic."""

from __future__ import annotations

import pytest
from measure_days import (
    CANARY,
    CONFIG,
    MINUTES,
    OPENAI,
    ROUTER,
    again,
    codes,
    flat,
    growing,
    measured,
    moved,
    traffic,
)
from measure_samples import (
    DAY_S,
    DECISIONS,
    EVENTS,
    LATENCY,
    STATE,
    TARGET,
    TRANSITIONS,
    Memory,
    series,
    up,
    window,
)

from cbops.measure import gather_day
from cbops.model.config import MetricsConfig
from cbops.model.observation import Observation

UP = up([DAY_S + offset for offset in MINUTES], **ROUTER)


def message(observation: Observation, code: str) -> str:
    (found,) = [one.message for one in observation.findings if one.code == code]
    return found


def requests(*found, config: MetricsConfig = CONFIG) -> int:
    source = Memory(*found)
    gather_day(source.fetch, "prometheus", TARGET, window(), config)
    return len(source.asked)


def other_tenant(tenant: str):
    return series(EVENTS, growing(5), event_type="success", provider_id="openai", tenant_id=tenant, **ROUTER)


def test_a_source_without_any_series_of_the_router_is_named_so():
    assert codes(measured(UP)) == {"no_series", "no_traffic", "latency_absent"}


def test_a_tenant_that_nobody_has_heard_of_is_told_from_one_without_traffic():
    found = measured(*map(other_tenant, ("t2", "tenant_11", "x", "y", "t3", "q", "z")))

    text = message(found, "no_such_tenant")
    assert "tenant 't1'" in text
    assert text.endswith(" and 2 more.")
    assert "t2" in text
    assert "t3" in text


def test_a_tenant_that_had_series_yesterday_exists():
    quiet = series(DECISIONS, flat(7, -1200), policy_id="p1", reason="weighted", **CANARY)

    found = measured(quiet, UP)

    assert "no_traffic" in codes(found)
    assert not codes(found) & {"no_series", "no_such_tenant", "no_data"}


def test_series_without_a_sample_in_the_window_are_no_missing_series():
    found = measured(series(DECISIONS, flat(7, -1200, -600), policy_id="p1", reason="weighted", **CANARY))

    assert codes(found) == {"no_scrape", "no_data"}
    assert "the last is of 2025-01-28T23:50:00.000Z" in message(found, "no_data")
    assert found.decisions is None


@pytest.mark.parametrize(
    ("name", "theirs", "entry"),
    [
        (EVENTS, "circuit_breaker_events_total", EVENTS),
        (EVENTS, "router_circuit_breaker_events", EVENTS),
        (EVENTS, "acme:router_circuit_breaker_events_total", EVENTS),
        (DECISIONS, "acme_router_policy_decisions_total", DECISIONS),
        (f"{LATENCY}_count", "acme_result_latency_milliseconds_count", LATENCY),
    ],
)
def test_an_absent_metric_with_a_like_name_is_suggested_and_never_read(name, theirs, entry):
    renamed = [one for one in traffic() if one.name != name]
    mine = [one for one in traffic() if one.name == name]

    found = measured(*renamed, *again(mine, theirs))

    text = message(found, "metric_under_another_name")
    assert (
        f"set metrics.names: {{{entry}: {theirs.removesuffix('_count') if entry == LATENCY else theirs}}}"
        in text
    )
    assert found.metrics == measured(*renamed).metrics


def test_a_whole_set_under_a_prefix_is_suggested_metric_by_metric():
    prefixed = [two for one in traffic()[:-1] for two in again([one], f"acme_{one.name}")]

    found = measured(UP, *prefixed, *again([moved(flat(1, 3600), "closed", "open")], f"acme_{TRANSITIONS}"))

    told = [one.message for one in found.findings if one.code == "metric_under_another_name"]
    assert {text.split()[0] for text in told} == {EVENTS, DECISIONS, LATENCY, TRANSITIONS}


@pytest.mark.parametrize(
    ("name", "theirs", "without"),
    [
        (EVENTS, "acme_router_circuit_breaker_events_total", "event_type"),
        (DECISIONS, "acme_router_policy_decisions_total", "policy_id"),
        (f"{LATENCY}_count", "result_latency_seconds_count", ""),
    ],
)
def test_a_like_name_without_the_labels_or_in_another_unit_is_no_suggestion(name, theirs, without):
    rest = [one for one in traffic() if one.name != name]
    mine = [one for one in traffic() if one.name == name]

    assert "metric_under_another_name" not in codes(measured(*rest, *again(mine, theirs, **{without: ""})))


def fallbacks(per_minute: float):
    return series(DECISIONS, growing(per_minute), policy_id="p1", reason="circuit_breaker_fallback", **CANARY)


def test_fallbacks_without_a_series_of_transitions_show_that_it_is_absent():
    found = measured(*traffic(), fallbacks(1))

    (told,) = [one for one in found.findings if one.code == "transitions_absent"]
    assert told.numbers == {
        "metric": TRANSITIONS,
        "fallback_decisions": 1440,
        "fail_fast": 0,
        "timeout_transitions": 0,
        "gauges_set": 0,
    }
    assert requests(*traffic(), fallbacks(1)) == 6


@pytest.mark.parametrize(
    "found",
    [
        (fallbacks(0),),
        (fallbacks(1), moved(flat(1, 3600), "closed", "open")),
        (series(STATE, flat(1), state="open", **OPENAI),),
        (series(STATE, flat(2, 3600), state="half_open", **OPENAI),),
    ],
    ids=["none in the window", "transitions", "open since before", "an operator's call"],
)
def test_nothing_but_a_move_in_the_window_shows_that_transitions_are_absent(found):
    assert "transitions_absent" not in codes(measured(*traffic(), *found))


def test_a_gauge_that_is_born_open_shows_that_transitions_are_absent():
    born = series(STATE, flat(1, 3600), state="open", **OPENAI)

    assert "transitions_absent" in codes(measured(*traffic(), born))


def test_transitions_under_another_name_are_asked_for_where_requests_fell_back():
    found = measured(
        *traffic(), fallbacks(1), *again([moved(flat(1, 3600), "closed", "open")], f"acme_{TRANSITIONS}")
    )

    (told,) = [one for one in found.findings if one.code == "metric_under_another_name"]
    assert told.numbers["metric"] == TRANSITIONS


def test_an_ordinary_day_is_not_searched_for_names():
    assert requests(*traffic()) == 5
    assert requests(*traffic(), other_tenant("t2")) == 6
    assert requests(*traffic(), other_tenant("t2"), moved(flat(1, 3600), "closed", "open")) == 6


def test_a_metric_that_ought_to_be_there_costs_one_more_request():
    without = [one for one in traffic() if not one.name.startswith(LATENCY)]

    assert requests(*without, other_tenant("t2")) == 7


def test_transitions_are_only_missing_where_something_shows_that_a_circuit_moved():
    gauge = series(STATE, flat(1, 3600), state="open", **OPENAI)
    called = again([moved(flat(1, 3600), "closed", "open")], "router_circuit_breaker_transitions_total")

    assert "metric_under_another_name" not in codes(measured(*traffic(), *called))
    assert TRANSITIONS in message(measured(*traffic(), gauge, *called), "metric_under_another_name")


def test_the_documented_name_beside_the_remapped_one_is_said_and_counted_once():
    config = MetricsConfig(names={EVENTS: "cb_events"})
    events = [one for one in traffic() if one.name == EVENTS]
    both = [*traffic(), *again(events, "cb_events")]

    found = measured(*both, config=config)

    assert found.providers == measured(*traffic()).providers
    assert f"remove the entry {EVENTS} of metrics.names" in message(found, "metric_under_another_name")
    assert requests(*both, config=config) == 5


def test_a_remapped_metric_that_has_only_its_documented_name_is_not_read():
    config = MetricsConfig(names={EVENTS: "cb_events"})

    found = measured(*traffic(), config=config)

    assert found.providers["openai"].events.success == 0
    text = message(found, "metric_under_another_name")
    assert text.startswith(f"{EVENTS} is read as cb_events, but 2 series of this tenant are called {EVENTS}")


def test_a_remapped_tenant_label_is_looked_for_under_the_servers_name():
    config = MetricsConfig(labels={"tenant_id": "customer"})
    theirs = [
        two for one in traffic()[:-1] for two in again([one], f"acme_{one.name}", tenant_id="", customer="t1")
    ]

    assert "metric_under_another_name" in codes(measured(UP, *theirs, config=config))
