"""Each metric's dialect, told from its own series; days that have both."""

from __future__ import annotations

import pytest
from measure_days import CONFIG, OPENAI, codes, flat, growing, measured, moved, traffic
from measure_samples import (
    DECISIONS,
    ERROR_RATE,
    EVENTS,
    LATENCY,
    STATE,
    TRANSITIONS,
    TRIGGER,
    seconds,
    series,
)

from cbops.measure.metrics import dialect_of_labels, metrics_found
from cbops.model.base import to_ms
from cbops.model.config import MetricsConfig
from cbops.model.observation import Observation
from cbops.model.telemetry import MetricFound

REMAINING = "router_circuit_breaker_timeout_remaining_ms"


@pytest.mark.parametrize(
    ("metric", "labels", "dialect"),
    [
        (TRANSITIONS, {"from": "closed", "to": "open"}, "router"),
        (TRANSITIONS, {"state": "open"}, "documented"),
        (TRANSITIONS, {}, None),
        (EVENTS, {"event_type": "fail_fast"}, "router"),
        (EVENTS, {"event_type": "success"}, None),
        (STATE, {"state": "open"}, "router"),
        (STATE, {}, None),
        (TRIGGER, {"reason": "timeout_elapsed"}, "router"),
        (TRIGGER, {}, None),
        (REMAINING, {"state": "open"}, "documented"),
        (REMAINING, {}, "router"),
        (ERROR_RATE, {}, None),
        (DECISIONS, {"reason": "sticky"}, None),
    ],
)
def test_each_row_of_the_table_of_metrics_is_told_by_its_labels(metric, labels, dialect):
    assert dialect_of_labels(metric, labels) == dialect


def found_in(observation: Observation) -> dict[str, MetricFound]:
    return {one.metric: one for one in observation.metrics}


def documented(state: str, begin: int, end: int = 86_400, **labels: str):
    return series(TRANSITIONS, flat(1, begin, end), **{**OPENAI, **labels, "state": state})


def test_each_metric_is_told_on_its_own():
    found = found_in(
        measured(
            *traffic(),
            documented("open", 3600),
            series(EVENTS, flat(4, 3660), event_type="fail_fast", **OPENAI),
            series(REMAINING, flat(0, 3600), **OPENAI),
        )
    )

    assert {name: one.dialect for name, one in found.items()} == {
        DECISIONS: None,
        ERROR_RATE: None,
        EVENTS: "router",
        LATENCY: None,
        REMAINING: "router",
        TRANSITIONS: "documented",
    }


def test_what_was_found_is_counted_in_the_window_alone():
    found = found_in(measured(*traffic()))

    assert (found[EVENTS].series, found[EVENTS].samples) == (2, 2 * 1440)
    assert (found[LATENCY].series, found[LATENCY].server_name) == (4, LATENCY)
    assert list(found) == sorted(found)
    assert {one.extra_labels for one in found.values()} == {()}


def test_an_upgrade_at_noon_leaves_every_count_exact():
    noon, old, new = 43_200, {"end": 43_140}, {"begin": 43_200}
    found = measured(
        *(
            series(EVENTS, {**growing(10, **old), **growing(3, **new)}, event_type=kind, **OPENAI)
            for kind in ("success", "failure")
        ),
        documented("open", 3600, noon - 60),
        documented("half_open", 3660, noon - 60),
        documented("closed", 3720, noon - 60),
        moved(flat(1, 50_400), "closed", "open"),
        moved(flat(1, 50_460), "open", "half_open"),
        moved(flat(1, 50_520), "half_open", "open"),
        moved(flat(1, 50_580), "open", "half_open"),
        moved(flat(1, 50_640), "half_open", "closed"),
    )

    assert found.providers["openai"].transitions.model_dump() == {"open": 3, "half_open": 3, "closed": 2}
    assert [(one.opened, one.closed, one.reopened) for one in found.episodes] == [
        (seconds(3600), seconds(3720), 0),
        (seconds(50_400), seconds(50_640), 1),
    ]
    assert [one.at for one in found.restarts] == [seconds(noon)]
    assert found_in(found)[TRANSITIONS].dialect == "both"
    assert "both_dialects" in codes(found)
    assert found.queries[0].dialect == "both"


def test_routers_of_two_versions_are_read_each_by_its_own_labels():
    other = {"instance": "b:9001"}
    found = measured(
        *traffic(),
        series(EVENTS, growing(5), event_type="success", **OPENAI | other),
        documented("open", 3600, **other),
        documented("half_open", 3660, **other),
        documented("closed", 3720, **other),
        moved(flat(1, 3600), "closed", "open"),
        moved(flat(1, 3660), "open", "half_open"),
        moved(flat(1, 3780), "half_open", "closed"),
    )

    assert found.providers["openai"].transitions.model_dump() == {"open": 2, "half_open": 2, "closed": 2}
    assert [(one.opened, one.closed) for one in found.episodes] == [(seconds(3600), seconds(3780))]
    assert {(one.instance, one.source) for one in found.transitions if one.target == "open"} == {
        ("a:9001", "closed"),
        ("b:9001", None),
    }


@pytest.mark.parametrize("dialect", ["auto", "router", "documented"])
def test_a_forced_dialect_hides_no_series(dialect):
    found = measured(
        *traffic(),
        series(EVENTS, flat(4, 3660), event_type="fail_fast", **OPENAI),
        moved(flat(1, 3600), "closed", "open"),
        documented("half_open", 3660),
        config=MetricsConfig(dialect=dialect),
    )

    openai = found.providers["openai"]
    assert (openai.events.fail_fast, openai.transitions.open, openai.transitions.half_open) == (4, 1, 1)


@pytest.mark.parametrize(
    ("dialect", "target"), [("auto", "half_open"), ("router", "half_open"), ("documented", "open")]
)
def test_a_forced_dialect_decides_how_labels_of_both_are_read(dialect, target):
    both = {**OPENAI, "from": "open", "to": "half_open", "state": "open"}
    found = measured(
        *traffic(), series(TRANSITIONS, flat(1, 3600), **both), config=MetricsConfig(dialect=dialect)
    )

    assert getattr(found.providers["openai"].transitions, target) == 1
    assert [one.target for one in found.transitions] == [target]


def test_a_label_of_its_own_for_each_request_is_an_extra_one_and_that_of_the_router_is_not():
    prod = {"env": "prod"}
    several = [
        moved(flat(1, 3600 + 60 * number), "closed", "open", trace_id=f"{number:032x}", **prod)
        for number in range(3)
    ]
    rest = [
        series(EVENTS, growing(10), event_type="success", **OPENAI, **prod),
        series(DECISIONS, growing(11), policy_id="p1", **OPENAI, **prod),
    ]

    found = {one.metric: one for one in metrics_found([*several, *rest], CONFIG, *edges())}

    assert found[TRANSITIONS].extra_labels == ("trace_id",)
    assert found[EVENTS].extra_labels == ()


def edges() -> tuple[int, int]:
    return to_ms(seconds(0)), to_ms(seconds(86_400))


def test_remapped_metrics_keep_their_documented_name_and_tell_the_servers():
    config = MetricsConfig(names={LATENCY: "gateway_ms", EVENTS: "cb_events"})
    parts = [series(f"gateway_ms{part}", growing(1), **OPENAI) for part in ("_count", "_sum")]
    found = found_in(
        measured(series("cb_events", growing(1), event_type="success", **OPENAI), *parts, config=config)
    )

    assert {name: one.server_name for name, one in found.items()} == {
        EVENTS: "cb_events",
        LATENCY: "gateway_ms",
    }


def test_a_histogram_of_which_only_the_parts_are_remapped_tells_the_whole():
    config = MetricsConfig(names={f"{LATENCY}_count": "gateway_ms_count"})

    found = found_in(measured(series("gateway_ms_count", growing(1), **OPENAI), config=config))

    assert found[LATENCY].server_name == "gateway_ms"


def test_every_query_tells_when_and_in_which_dialect_it_was_answered():
    found = measured(*traffic(), moved(flat(1, 3600), "closed", "open"))

    assert {one.asked_at for one in found.queries} == {found.as_of}
    assert found.queries[0].dialect == "router"
    assert all(one.series >= 0 and one.samples >= 0 and one.query for one in found.queries)
