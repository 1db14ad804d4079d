"""A whole day through `gather_day` and `measure_day`."""

from __future__ import annotations

import pytest
from measure_days import (
    CANARY,
    CONFIG,
    MINUTES,
    OPENAI,
    ROUTER,
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
    TARGET,
    TRANSITIONS,
    TRIGGER,
    Memory,
    seconds,
    series,
    up,
    window,
)

from cbops.measure import day_queries, gather_day, measure_day
from cbops.model.config import MetricsConfig


def test_a_quiet_day_is_whole_numbers_and_closed_circuits():
    found = measured(*traffic(), providers=("anthropic",))

    openai, anthropic = found.providers["openai"], found.providers["anthropic"]
    assert openai.events.model_dump() == {"success": 14_400, "failure": 1440, "fail_fast": 0}
    assert openai.error_rate == pytest.approx(1 / 11)
    assert (openai.latency.count, openai.latency.mean_ms, openai.latency.p50_ms) == (15_840, 200, 200)
    assert anthropic.events.model_dump() == {"success": 0, "failure": 0, "fail_fast": 0}
    assert (anthropic.error_rate, anthropic.latency.count, anthropic.latency.mean_ms) == (None, 0, None)
    assert (found.decisions, found.fallback_decisions) == (15_840, 0)
    assert found.state_at_start == {"anthropic": "closed", "openai": "closed"}
    assert (found.episodes, found.carried, found.alerts) == ((), (), ())
    assert found.dialect is None
    assert codes(found) == set()
    assert sum(value or 0 for value in found.buckets[1].success) == 14_400


def test_the_first_open_of_a_circuit_is_born_with_its_series_and_counts():
    found = measured(
        *traffic(),
        moved(flat(1, 3600), "closed", "open"),
        moved(flat(1, 3720), "open", "half_open"),
        moved(flat(1, 3780), "half_open", "closed"),
        series(TRIGGER, flat(1, 3600), reason="failure_threshold_exceeded", **OPENAI),
    )

    (episode,) = found.episodes
    assert (episode.opened, episode.opened_after) == (seconds(3600), seconds(3540))
    assert (episode.closed, episode.closed_by) == (seconds(3780), "results")
    assert episode.reason == "failure_threshold_exceeded"
    assert found.providers["openai"].transitions.model_dump() == {"open": 1, "half_open": 1, "closed": 1}
    assert [(one.source, one.target, one.count) for one in found.transitions] == [
        ("closed", "open", 1),
        ("open", "half_open", 1),
        ("half_open", "closed", 1),
    ]
    assert found.dialect == "router"
    assert codes(found) == set()


def test_the_documented_dialect_counts_too_and_hides_no_fail_fast():
    found = measured(
        *traffic(),
        *(
            series(TRANSITIONS, flat(1, begin), **{**OPENAI, "state": state})
            for state, begin in (("open", 3600), ("half_open", 3720), ("closed", 3780))
        ),
        series(EVENTS, flat(4, 3660), event_type="fail_fast", **OPENAI),
    )

    assert found.dialect == "documented"
    assert found.providers["openai"].events.fail_fast == 4
    assert [(one.opened, one.closed) for one in found.episodes] == [(seconds(3600), seconds(3780))]


def test_an_open_before_the_day_is_carried_and_no_episode_of_it():
    found = measured(
        *traffic(),
        moved(flat(1), "closed", "open"),
        moved(flat(1, 3600), "open", "half_open"),
        moved(flat(1, 3600), "half_open", "closed"),
    )

    assert found.state_at_start["openai"] == "open"
    assert found.episodes == ()
    (carried,) = found.carried
    assert (carried.provider, carried.closed, carried.closed_by) == ("openai", seconds(3600), "results")


def test_the_order_of_transitions_before_the_day_tells_half_open_from_closed():
    """In the documented dialect open, half-open, closed, open, half-open looks like a closed circuit by totals."""
    found = measured(
        *(
            series(one.name, dict(zip([t // 1000 for t in one.times], one.values, strict=True)), **one.labels)
            for one in traffic()
        ),
        series(
            TRANSITIONS,
            {
                **dict(zip(range(DAY_S - 9000, DAY_S - 4200, 60), [1] * 80, strict=True)),
                **dict(zip(range(DAY_S - 4200, DAY_S + 60, 60), [2] * 71, strict=True)),
            },
            **{**OPENAI, "state": "open"},
        ),
        series(
            TRANSITIONS,
            {
                **dict(zip(range(DAY_S - 8400, DAY_S - 3600, 60), [1] * 80, strict=True)),
                **dict(zip(range(DAY_S - 3600, DAY_S + 60, 60), [2] * 61, strict=True)),
            },
            **{**OPENAI, "state": "half_open"},
        ),
        series(
            TRANSITIONS,
            dict.fromkeys(range(DAY_S - 7800, DAY_S + 60, 60), 1),
            **{**OPENAI, "state": "closed"},
        ),
        series(
            DECISIONS,
            dict.fromkeys(range(DAY_S - 20_000 // 60 * 60, DAY_S + 60, 60), 9),
            reason="sticky",
            policy_id="p1",
            **CANARY,
        ),
        end=60,
    )

    assert found.state_at_start["openai"] == "half_open"


def test_a_restart_closes_circuits_and_the_increments_after_it_count():
    before, after = growing(10, end=36_000), growing(2, begin=36_060)
    found = measured(
        series(EVENTS, {**before, **after}, event_type="success", **OPENAI),
        moved(flat(1, 30_000, 36_000), "closed", "open"),
        up([DAY_S + offset for offset in MINUTES], **ROUTER),
    )

    (restart,) = found.restarts
    assert (restart.instance, restart.after, restart.at) == ("a:9001", seconds(36_000), seconds(36_060))
    (episode,) = found.episodes
    assert (episode.opened, episode.closed, episode.closed_by) == (
        seconds(30_000),
        seconds(36_060),
        "restart",
    )
    assert "restart" in codes(found)


def test_episodes_of_two_instances_that_overlap_are_one():
    other = {"instance": "b:9001"}
    found = measured(
        *traffic(),
        *(
            series(
                one.name,
                dict(zip([t // 1000 for t in one.times], one.values, strict=True)),
                **{**one.labels, **other},
            )
            for one in traffic()
        ),
        moved(flat(1, 3600), "closed", "open"),
        moved(flat(1, 4800), "open", "half_open"),
        moved(flat(1, 4800), "half_open", "closed"),
        moved(flat(1, 4200), "closed", "open", **other),
        moved(flat(1, 5400), "open", "half_open", **other),
        moved(flat(1, 5400), "half_open", "closed", **other),
    )

    assert [(one.opened, one.closed) for one in found.episodes] == [(seconds(3600), seconds(5400))]
    assert found.providers["openai"].events.success == 28_800
    assert {one.instance for one in found.transitions} == {"a:9001", "b:9001"}


def test_a_day_without_any_scrape_is_unknown_and_never_zero():
    found = measured()

    assert found.decisions is None
    assert found.providers["openai"].events.model_dump() == {
        "success": None,
        "failure": None,
        "fail_fast": None,
    }
    assert found.providers["openai"].transitions.open is None
    assert found.providers["openai"].latency.count is None
    assert found.state_at_start == {}
    assert found.scrape.coverage == 0
    assert codes(found) == {"no_scrape", "no_series"}


def test_a_tenant_without_series_on_a_scraped_router_has_zeros():
    others = [
        series(EVENTS, growing(5), event_type="success", provider_id="openai", tenant_id="t2", **ROUTER),
        up([DAY_S + offset for offset in MINUTES], **ROUTER),
    ]

    found = measured(*others)

    assert (found.decisions, found.providers["openai"].events.success) == (0, 0)
    assert codes(found) == {"no_traffic", "latency_absent", "no_such_tenant"}


def test_a_tenant_without_series_is_seen_through_the_others_where_up_is_not_kept():
    found = measured(
        series(EVENTS, growing(5), event_type="success", provider_id="openai", tenant_id="t2", **ROUTER)
    )

    assert found.providers["openai"].events.success == 0


def test_latency_that_is_not_exported_is_unknown_and_said():
    found = measured(*[one for one in traffic() if not one.name.startswith(LATENCY)])

    assert found.providers["openai"].latency.count is None
    assert set(found.buckets[0].latency_count) == {None}
    assert "latency_absent" in codes(found)


def test_remapped_names_and_labels_are_measured_alike():
    config = MetricsConfig(names={EVENTS: "cb_events"}, labels={"tenant_id": "customer"})
    renamed = []
    for one in traffic():
        labels = {"customer" if key == "tenant_id" else key: value for key, value in one.labels.items()}
        name = "cb_events" if one.name == EVENTS else one.name
        renamed.append(
            series(name, dict(zip([t // 1000 for t in one.times], one.values, strict=True)), **labels)
        )

    assert measured(*renamed, config=config).providers == measured(*traffic()).providers


def test_results_without_decisions_are_said():
    assert "decisions_absent" in codes(measured(*[one for one in traffic() if one.name != DECISIONS]))


def test_opens_without_a_half_open_are_said_but_not_of_the_baseline():
    opened = moved(flat(1, 3600), "closed", "open")

    assert "opens_without_half_open" in codes(measured(*traffic(), opened))
    assert "opens_without_half_open" not in codes(measured(*traffic(), opened, day=0))


def test_a_close_without_a_metric_is_said():
    found = measured(*traffic(), moved({**flat(1, 3600, 7200), **flat(2, 7260)}, "closed", "open"))

    assert [one.closed_by for one in found.episodes] == ["unseen", None]
    assert "unseen_moves" in codes(found)


def test_a_gap_is_said_and_what_happened_in_it_counts():
    gap = range(36_000, 37_500)
    found = measured(
        *(
            series(
                one.name,
                {
                    at // 1000: v
                    for at, v in zip(one.times, one.values, strict=True)
                    if at // 1000 - DAY_S not in gap
                },
                **one.labels,
            )
            for one in traffic()
        )
    )

    assert found.providers["openai"].events.success == 14_400
    assert found.scrape.coverage == pytest.approx(1 - 25 / 1440)
    assert [(one.start, one.end) for one in found.scrape.gaps] == [(seconds(35_940), seconds(37_500))]
    assert "gap" in codes(found)


def test_the_samples_before_a_gap_of_many_hours_are_asked_for():
    parts = [
        series(
            one.name,
            {
                at // 1000: v
                for at, v in zip(one.times, one.values, strict=True)
                if not -600 < at // 1000 - DAY_S < 600
            },
            **one.labels,
        )
        for one in traffic()
    ]
    early = [
        series(
            one.name,
            {
                at // 1000 - (36_000 if at // 1000 < DAY_S else 0): v
                for at, v in zip(one.times, one.values, strict=True)
            },
            **one.labels,
        )
        for one in parts
    ]
    source = Memory(*early)
    over = window()

    samples = gather_day(source.fetch, "prometheus", TARGET, over, CONFIG)
    found = measure_day(TARGET, over, over.end, samples, CONFIG)

    assert samples.earlier is not None
    assert found.providers["openai"].events.success == 14_400 + 100
    assert len(source.asked) == 6


def test_a_day_asks_at_most_six_times():
    control = series(EVENTS, growing(5), event_type="success", provider_id="openai", tenant_id="t2", **ROUTER)
    source = Memory(*traffic(), control)

    samples = gather_day(source.fetch, "prometheus", TARGET, window(), CONFIG)

    assert len(source.asked) == 6
    assert len(samples.answers) == 6
    assert samples.answers[0].record.purpose == day_queries(TARGET, CONFIG).tenant.purpose


def test_up_is_asked_only_of_the_routers_instances():
    source = Memory(*traffic())

    gather_day(source.fetch, "prometheus", TARGET, window(), MetricsConfig(job="router"))

    (asked,) = [query for query in source.asked if query.names == ("up",)]
    assert [(one.label, one.op, one.value) for one in asked.matchers] == [
        ("job", "=", "router"),
        ("instance", "=", "a:9001"),
    ]


def control(tenant: str, per_minute: float, provider: str = "openai"):
    return series(
        EVENTS, growing(per_minute), event_type="success", provider_id=provider, tenant_id=tenant, **ROUTER
    )


def test_controls_are_the_other_tenants_on_the_same_providers():
    found = measured(*traffic(), control("t2", 5), control("t3", 7), control("t4", 9, "mistral"))

    assert [(one.tenant, one.provider) for one in found.controls] == [("t2", "openai"), ("t3", "openai")]
    assert set(found.controls[0].success) == {25}
    assert len(found.controls[0].success) == len(found.buckets[0].success) == 288


def test_a_control_on_an_instance_of_its_own_is_counted_too():
    elsewhere = series(
        EVENTS,
        growing(5),
        event_type="success",
        provider_id="openai",
        tenant_id="t2",
        instance="z:1",
        job="router",
    )

    assert sum(value or 0 for value in measured(*traffic(), elsewhere).controls[0].success) == 7200


def test_there_are_at_most_twenty_controls_and_they_are_the_busiest():
    found = measured(*traffic(), *(control(f"c{number:02}", number) for number in range(1, 26)))

    assert [one.tenant for one in found.controls] == [f"c{number:02}" for number in range(6, 26)]


def test_alerts_are_unknown_where_nothing_evaluates_rules():
    fired = series("ALERTS", flat(1, 600, 1200), alertname="X", alertstate="firing", tenant_id="t1")

    assert measured(*traffic(), kind="embedded").alerts is None
    found = measured(*traffic(), fired, kind="embedded").alerts
    assert found is not None
    assert [(one.start, one.end) for one in found] == [(seconds(600), seconds(1200))]


def test_trace_labels_change_nothing():
    plain = [
        moved(flat(1, 3600), "closed", "open"),
        moved({**flat(1, 3720, 3780), **flat(2, 3840)}, "open", "half_open"),
        moved(flat(1, 3780), "half_open", "open"),
        moved(flat(1, 3840), "half_open", "closed"),
    ]
    traced = [
        moved(flat(1, begin), source, target, trace_id=f"{number:032x}")
        for number, (begin, source, target) in enumerate(
            [
                (3600, "closed", "open"),
                (3720, "open", "half_open"),
                (3780, "half_open", "open"),
                (3840, "open", "half_open"),
                (3840, "half_open", "closed"),
            ]
        )
    ]

    one, other = measured(*traffic(), *plain), measured(*traffic(), *traced)

    assert one.episodes == other.episodes
    assert one.providers == other.providers


def test_a_warning_of_the_source_is_a_finding():
    over = window()
    samples = gather_day(Memory(*traffic()).fetch, "prometheus", TARGET, over, CONFIG)
    record = samples.tenant.record.model_copy(update={"warnings": ("one store was not asked",)})
    warned = type(samples)(
        source=samples.source,
        tenant=type(samples.tenant)(samples.tenant.series, record),
        history=samples.history,
        survey=samples.survey,
    )

    found = measure_day(TARGET, over, over.end, warned, CONFIG)

    assert "source_warning" in codes(found)
    assert found.alerts is None


def test_measuring_twice_gives_the_same():
    found = [*traffic(), control("t2", 5), moved(flat(1, 3600), "closed", "open")]

    assert measured(*found).model_dump_json() == measured(*reversed(found)).model_dump_json()


def test_a_job_that_no_up_of_the_routers_has_is_said_and_the_day_is_counted_all_the_same():
    wrong = measured(*traffic(), config=MetricsConfig(job="gateway"))

    assert "no_such_job" in codes(wrong)
    assert wrong.providers == measured(*traffic()).providers
    assert "no_such_job" not in codes(measured(*traffic(), config=MetricsConfig(job="router")))
    assert "no_such_job" not in codes(
        measured(config=MetricsConfig(job="router"))
    )  # nothing at all: `no_scrape`


def test_each_circuit_tells_when_it_was_not_closed_and_what_no_metric_shows():
    opened = moved({**flat(1, 3600, 7200), **flat(2, 7260)}, "closed", "open")

    (circuit,) = measured(*traffic(), opened).circuits

    assert (circuit.provider, circuit.instance) == ("openai", "a:9001")
    told = [(span.start, span.end) for span in circuit.not_closed]
    assert told == [(seconds(3540), seconds(7260)), (seconds(7200), None)]
    assert [(one.after, one.at, one.count) for one in circuit.unseen] == [(seconds(3600), seconds(7260), 1)]


def test_a_circuit_that_was_open_before_the_window_is_not_closed_from_its_beginning():
    opened = moved(flat(1, -600), "closed", "open")

    (circuit,) = measured(*traffic(), opened).circuits

    assert [(span.start, span.end) for span in circuit.not_closed] == [(None, None)]
