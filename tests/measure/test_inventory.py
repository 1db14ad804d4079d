from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from cbops.measure.inventory import (
    Split,
    alike,
    documented_labels,
    is_replica,
    splits,
    tenants_of,
)
from cbops.measure.metrics import spoken_in
from cbops.measure.names import (
    DECISIONS,
    ERROR_RATE,
    EVENTS,
    LATENCY,
    LATENCY_COUNT,
    TENANT_NAMES,
    TRANSITIONS,
    WINDOW_REQUESTS,
    whole,
)
from cbops.model.config import MetricsConfig
from cbops.model.rule_check import Found

PLAIN = MetricsConfig()


def test_labels_are_told_in_documented_words() -> None:
    config = MetricsConfig(labels={"tenant_id": "tenant", "provider_id": "upstream"})
    found = documented_labels(config, Found(({"tenant": "a", "upstream": "p", "pod": "x"},), complete=False))
    assert found == Found(({"tenant_id": "a", "provider_id": "p", "pod": "x"},), complete=False)
    assert documented_labels(PLAIN, found) is found


def test_a_metric_under_another_prefix_or_suffix_is_likely() -> None:
    assert alike(EVENTS, PLAIN, ["up", f"gw_{EVENTS}"]) == (f"gw_{EVENTS}",)
    assert alike(DECISIONS, PLAIN, ["policy_decisions_total", "go_threads"]) == ("policy_decisions_total",)
    assert alike(EVENTS, PLAIN, ["up", "go_goroutines", "process_open_fds"]) == ()


def test_another_metric_of_the_router_is_never_the_missing_one() -> None:
    assert alike(ERROR_RATE, PLAIN, TENANT_NAMES) == ()
    renamed = MetricsConfig(names={WINDOW_REQUESTS: f"{EVENTS}_window"})
    assert alike(EVENTS, renamed, [f"{EVENTS}_window"]) == ()


def test_the_latency_may_be_any_histogram_of_what_takes_time() -> None:
    names = ["gateway_duration_seconds_bucket", "gateway_duration_seconds_count", "size_bytes_bucket"]
    assert alike(LATENCY_COUNT, PLAIN, names) == ("gateway_duration_seconds",)
    assert (whole(LATENCY_COUNT), whole(EVENTS)) == (LATENCY, EVENTS)


def test_at_most_three_are_named() -> None:
    assert len(alike(EVENTS, PLAIN, [f"{letter}_{EVENTS}" for letter in "abcdef"])) == 3


def test_the_dialect_of_a_metric() -> None:
    router, documented = {"from": "closed", "to": "open"}, {"state": "open"}
    assert spoken_in(TRANSITIONS, [router]) == "router"
    assert spoken_in(TRANSITIONS, [documented, {}]) == "documented"
    assert spoken_in(TRANSITIONS, [router, documented]) == "both"
    assert spoken_in(DECISIONS, [{"policy_id": "p"}]) is None


def test_a_label_of_each_request_splits_and_one_of_the_target_does_not() -> None:
    circuit = {"__name__": EVENTS, "tenant_id": "a", "provider_id": "p", "instance": "r1"}
    traced = [{**circuit, "trace_id": str(number)} for number in range(7)]
    assert splits([*traced, circuit]) == (Split("trace_id", 8),)
    assert splits([{**circuit, "zone": "b"}, {**circuit, "instance": "r2", "zone": "c"}]) == ()
    assert splits([]) == ()


def test_labels_that_split_stand_with_the_most_values_first() -> None:
    series = [{"tenant_id": "a", "b": str(number), "c": str(number // 2)} for number in range(4)]
    assert splits(series) == (Split("b", 4), Split("c", 2))


def test_copies_are_told_by_the_name_of_their_label() -> None:
    assert is_replica("prometheus_replica")
    assert is_replica("__replica__")
    assert not is_replica("trace_id")
    assert not is_replica("replicaset")


def test_tenants_are_counted() -> None:
    series = [{"tenant_id": "a"}, {"tenant_id": "a"}, {"tenant_id": "b"}, {"tenant_id": ""}, {}]
    assert tenants_of(series) == Counter(a=2, b=1)


LABELS = st.dictionaries(st.sampled_from(["tenant_id", "instance", "x", "y"]), st.sampled_from("ab"))


@given(st.lists(LABELS, max_size=12))
def test_where_no_label_splits_the_known_labels_tell_every_two_series_apart(
    series: list[dict[str, str]],
) -> None:
    distinct = [dict(one) for one in {frozenset(one.items()) for one in series}]
    known = {
        frozenset((key, value) for key, value in one.items() if key in ("tenant_id", "instance"))
        for one in distinct
    }
    assert (splits(distinct) == ()) == (len(known) == len(distinct))
