"""Latency, alerts, scrape health, buckets."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measure_samples import EVENTS, LATENCY, TRANSITIONS, series, targets_of, up

from cbops.measure.alerts import alert_intervals
from cbops.measure.buckets import buckets_of, grid
from cbops.measure.latency import bucket_of, cumulative, latency_figures, latency_histogram, percentile
from cbops.measure.scrapes import restarts_in, scrape_health
from cbops.measure.targets import find_targets
from cbops.model.base import to_ms
from cbops.model.observation import LatencyBucket, LatencyFigures


def histogram(counts: dict[str, int], total: float, **labels: str):
    """A base of zero at 60 s and these cumulative counts at 120 s."""
    found = [series(f"{LATENCY}_bucket", {60: 0, 120: n}, le=le, **labels) for le, n in counts.items()]
    size = max(counts.values())
    return [
        *found,
        series(f"{LATENCY}_count", {60: 0, 120: size}, **labels),
        series(f"{LATENCY}_sum", {60: 0, 120: total}, **labels),
    ]


def test_percentiles_are_interpolated_inside_their_bucket():
    found = histogram({"100": 50, "200": 90, "400": 100, "+Inf": 100}, 12_000, provider_id="openai")

    figures = latency_figures(found, targets_of(*found), "openai", 60_000, 120_000)

    assert (figures.count, figures.mean_ms) == (100, 120)
    assert (figures.p50_ms, figures.p95_ms, figures.p99_ms) == (100, 300, 380)


def test_each_percentile_comes_with_the_edges_of_its_bucket():
    found = histogram({"100": 50, "200": 90, "400": 97, "+Inf": 100}, 12_000, provider_id="openai")

    figures = latency_figures(found, targets_of(*found), "openai", 60_000, 120_000)

    assert figures.p50_bucket == LatencyBucket(lower_ms=0, upper_ms=100)
    assert figures.p95_bucket == LatencyBucket(lower_ms=200, upper_ms=400)
    assert figures.p99_bucket == LatencyBucket(lower_ms=400, upper_ms=None)
    assert figures.p99_ms == 400


def test_figures_of_evidence_from_before_the_edges_were_kept_are_read():
    old = {"count": 3, "mean_ms": 100.0, "p50_ms": 90.0, "p95_ms": 190.0, "p99_ms": 199.0}

    assert LatencyFigures.model_validate(old).p95_bucket is None


@given(
    st.lists(st.integers(0, 50), min_size=2, max_size=8).filter(lambda counts: sum(counts) > 0),
    st.floats(0.01, 0.99),
)
def test_a_percentile_lies_in_its_bucket(counts, share):
    bounds = [*(100.0 * (i + 1) for i in range(len(counts) - 1)), inf]
    buckets = {bound: sum(counts[: i + 1]) for i, bound in enumerate(bounds)}

    value, bucket = percentile(buckets, share), bucket_of(buckets, share)

    assert value is not None
    assert bucket is not None
    assert bucket.lower_ms <= value
    assert value == bucket.lower_ms if bucket.upper_ms is None else value <= bucket.upper_ms + 1e-9


def test_the_hours_hold_each_buckets_own_results():
    hour = 3600
    labels = {"provider_id": "openai"}
    found = [
        series(f"{LATENCY}_bucket", {hour: 0, 2 * hour: low, 3 * hour: 2 * low}, le=le, **labels)
        for le, low in {"100": 5, "200": 9, "+Inf": 10}.items()
    ]
    targets = targets_of(*found)

    hours = latency_histogram(found, targets, "openai", grid(targets, hour * 1000, 4 * hour * 1000, hour))

    assert hours is not None
    assert (to_ms(hours.start), hours.step_seconds, hours.bounds_ms) == (hour * 1000, hour, (100, 200))
    assert hours.counts == ((5, 4, 1), (5, 4, 1), None)


def test_the_hours_have_only_the_bounds_that_all_instances_share():
    found = [
        *histogram({"100": 4, "200": 8, "+Inf": 8}, 1, instance="a", provider_id="p"),
        *histogram({"200": 5, "400": 6, "+Inf": 9}, 1, instance="b", provider_id="p"),
        *histogram({"50": 0, "+Inf": 0}, 0, instance="c", provider_id="p"),
    ]
    targets = targets_of(*found)

    hours = latency_histogram(found, targets, "p", grid(targets, 60_000, 120_000, 60))

    assert hours is not None
    assert (hours.bounds_ms, hours.counts) == ((200,), ((13, 4),))


def test_without_results_there_are_no_hours():
    found = histogram({"100": 0, "+Inf": 0}, 0, provider_id="p")
    targets = targets_of(*found)

    assert latency_histogram(found, targets, "p", grid(targets, 60_000, 120_000, 60)) is None
    assert latency_histogram(found, targets, "q", grid(targets, 60_000, 120_000, 60)) is None


def test_without_results_the_count_is_zero_and_the_rest_unknown():
    found = histogram({"100": 50, "+Inf": 100}, 9, provider_id="openai")

    figures = latency_figures(found, targets_of(*found), "anthropic", 60_000, 120_000)

    assert figures.count == 0
    assert (figures.mean_ms, figures.p50_ms, figures.p95_ms, figures.p99_ms) == (None, None, None, None)


def test_a_percentile_above_all_bounds_is_the_highest_finite_bound():
    assert percentile({100.0: 1, inf: 10}, 0.99) == 100


@pytest.mark.parametrize("buckets", [{}, {inf: 10}, {100.0: 0, inf: 0}])
def test_a_percentile_is_unknown_without_results_or_bounds(buckets):
    assert percentile(buckets, 0.5) is None


def test_instances_with_different_bounds_are_added_at_the_bounds_they_share():
    found = [
        *histogram({"100": 4, "200": 8, "+Inf": 8}, 1, instance="a"),
        *histogram({"100.0": 1, "300": 2, "+Inf": 2}, 1, instance="b"),
        series(f"{LATENCY}_bucket", {60: 0, 120: 1}, le="many", instance="b"),
    ]

    assert cumulative([one for one in found if "le" in one.labels], targets_of(*found), 0, 10**6) == {
        100: 5,
        inf: 10,
    }


def test_a_histogram_without_its_last_bucket_has_no_percentiles():
    found = [series(f"{LATENCY}_bucket", {60: 0, 120: 4}, le="100")]

    assert cumulative(found, targets_of(*found), 0, 10**6) == {}


@given(st.lists(st.floats(0.1, 999), min_size=1, max_size=200), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_lies_in_the_bucket_of_the_true_one(latencies, share):
    bounds = [50.0, 100.0, 250.0, 500.0, 1000.0]
    counts = {bound: float(sum(one <= bound for one in latencies)) for bound in bounds} | {
        inf: float(len(latencies))
    }
    ranked = sorted(latencies)
    true = ranked[max(0, -int(-share * len(ranked) // 1) - 1)]

    got = percentile(counts, share)

    assert got is not None
    lower = max((bound for bound in bounds if bound < true), default=0.0)
    assert lower <= got <= min(bound for bound in bounds if bound >= true)


def alerts(times: list[int], **labels: str):
    given_labels = {
        "alertname": "RouterCircuitBreakerOpened",
        "alertstate": "firing",
        "tenant_id": "t1",
    } | labels
    return series("ALERTS", dict.fromkeys(times, 1), **given_labels)


def fired(*found, start: int = 0, end: int = 86_400) -> list[tuple[int, int]]:
    intervals = alert_intervals(found, "t1", (start * 1000, end * 1000), 60_000)
    return [(to_ms(one.start) // 1000, to_ms(one.end) // 1000) for one in intervals]


def test_an_alert_is_an_interval_from_its_first_to_its_last_sample():
    assert fired(alerts([600, 660, 720])) == [(600, 720)]


def test_a_long_hole_ends_an_interval_and_a_short_one_does_not():
    assert fired(alerts([600, 660, 780, 840, 1200, 1260])) == [(600, 840), (1200, 1260)]


def test_an_alert_that_was_firing_at_the_edges_is_cut_to_the_window():
    assert fired(alerts([540, 600, 660, 720, 780]), start=590, end=730) == [(590, 720)]


def test_an_alert_that_ended_before_the_window_is_left_out():
    assert fired(alerts([60, 120]), start=600) == []


def test_an_alert_of_another_tenant_is_left_out():
    assert fired(alerts([600], tenant_id="t2")) == []


def test_an_alert_without_a_tenant_counts_when_its_name_is_the_breakers():
    assert fired(alerts([600], tenant_id="")) == [(600, 600)]
    assert fired(alerts([600], tenant_id="", alertname="DiskFull")) == []


def test_an_alert_of_any_name_counts_when_it_carries_the_tenant():
    (one,) = alert_intervals(
        [alerts([600], alertname="Slow", severity="critical", provider_id="openai")], "t1", (0, 10**6), 60_000
    )

    assert (one.name, one.severity, one.provider) == ("Slow", "critical", "openai")


def test_a_pending_alert_did_not_fire():
    assert fired(alerts([600], alertstate="pending")) == []


def test_series_of_one_alert_that_overlap_are_one_interval():
    assert fired(alerts([600, 660, 720], pod="a"), alerts([660, 720, 780], pod="b")) == [(600, 780)]


def test_the_evaluation_interval_decides_what_a_hole_is_where_it_is_shorter():
    assert fired(alerts([600, 615, 630, 645, 720, 735])) == [(600, 645), (720, 735)]


def health(times: list[int], start: int = 0, end: int = 600, *more):
    return scrape_health(targets_of(series(EVENTS, dict.fromkeys(times, 1)), *more), start * 1000, end * 1000)


def gaps(found) -> list[tuple[int, int]]:
    return [(to_ms(gap.start) // 1000, to_ms(gap.end) // 1000) for gap in found.gaps]


def test_a_window_seen_whole_is_covered():
    found = health(list(range(0, 660, 60)))

    assert (found.interval_seconds, found.expected, found.seen, found.coverage) == (60, 10, 10, 1.0)
    assert found.gaps == ()


def test_a_gap_lies_between_two_scrapes():
    found = health([0, 60, 120, 420, 480, 540, 600])

    assert (found.expected, found.seen) == (10, 6)
    assert gaps(found) == [(120, 420)]


def test_gaps_at_the_edges_are_cut_to_the_window():
    assert gaps(health([0, 300, 360, 420], 100, 600)) == [(100, 300), (420, 600)]


def test_a_window_without_a_scrape_is_one_gap():
    found = health([], 0, 600)

    assert (found.coverage, gaps(found), found.interval_seconds) == (0.0, [(0, 600)], None)


def test_one_scrape_tells_no_interval():
    found = health([0, 590], 500, 600)

    assert (found.interval_seconds, found.seen, found.coverage) == (None, 1, 1.0)


@pytest.mark.parametrize("after_the_gap", [[7200], [5000, 7200]])
def test_a_few_scrapes_after_a_long_gap_do_not_cover_the_window(after_the_gap):
    found = health([*range(0, 3660, 60), *after_the_gap], 3600, 7200)

    assert (found.interval_seconds, found.expected, found.seen) == (60, 60, len(after_the_gap))
    assert gaps(found)[0][0] == 3600


def test_one_scrape_after_a_gap_of_the_whole_window_does_not_cover_it():
    found = health([-60, 86400], 0, 86400)

    assert found.coverage < 0.01
    assert gaps(found) == [(0, 86400)]


def test_a_router_that_is_scraped_every_hour_is_seen_whole():
    assert health(list(range(0, 90000, 3600)), 0, 86400).coverage == 1.0


def test_an_instance_that_came_later_is_expected_from_then_on():
    found = health(
        [],
        0,
        600,
        *[
            series(EVENTS, dict.fromkeys(range(a, b, 60), 1), instance=i)
            for i, a, b in (("a", 0, 660), ("b", 300, 660))
        ],
    )

    assert found.coverage == 1.0
    assert found.gaps == ()


def test_an_instance_that_was_not_seen_does_not_count_beside_another():
    others = [
        series(EVENTS, dict.fromkeys(times, 1), instance=i)
        for i, times in (("a", range(0, 660, 60)), ("b", [0]))
    ]

    assert health([], 60, 600, *others).coverage == 1.0


def test_restarts_in_the_window_are_told_with_their_instance():
    one = series(EVENTS, {60: 5, 120: 1, 180: 0}, instance="a")

    (restart,) = restarts_in(targets_of(one), 60_000, 120_000)

    assert (restart.instance, to_ms(restart.after), to_ms(restart.at)) == ("a", 60_000, 120_000)


def test_buckets_lie_on_whole_steps_inside_the_window():
    one = series(
        EVENTS, {at: at for at in range(60, 1860, 60)}, tenant_id="t1", provider_id="p", event_type="success"
    )
    targets = targets_of(one)
    on = grid(targets, 130_000, 1_000_000)

    found = buckets_of([one], targets, on, "t1", "p", latency=False)

    assert to_ms(found.start) == 300_000
    assert found.success == (300, 300)
    assert found.failure == found.fail_fast == found.half_open == (0, 0)
    assert found.latency_count == found.latency_sum_ms == (None, None)


def test_a_bucket_without_a_scrape_is_unknown_and_its_increase_lies_in_the_next():
    one = series(EVENTS, {300: 0, 600: 5, 1260: 50}, tenant_id="t1", provider_id="p", event_type="failure")
    targets = targets_of(one)

    found = buckets_of([one], targets, grid(targets, 300_000, 1_500_000), "t1", "p", latency=True)

    assert found.failure == (5, None, None, 45)
    assert found.latency_count == (0, None, None, 0)


def test_the_edges_of_a_bucket_belong_to_the_one_that_ends_there():
    one = series(EVENTS, {300: 0, 600: 1, 601: 3}, tenant_id="t1", provider_id="p", event_type="success")
    targets = targets_of(one)

    assert buckets_of([one], targets, grid(targets, 300_000, 900_000), "t1", "p", latency=False).success == (
        1,
        2,
    )


def test_transitions_to_half_open_are_bucketed_in_both_dialects():
    labels = {"tenant_id": "t1", "provider_id": "p"}
    found = [
        series(TRANSITIONS, {300: 0, 360: 2}, from_="open", to="half_open", **labels),
        series(TRANSITIONS, {300: 0, 360: 3}, state="half_open", **labels),
        series(TRANSITIONS, {300: 0, 360: 5}, state="open", **labels),
    ]
    targets = targets_of(*found)

    assert buckets_of(
        found, targets, grid(targets, 300_000, 600_000), "t1", "p", latency=False
    ).half_open == (5,)


def test_a_window_shorter_than_a_step_has_no_bucket():
    assert grid(find_targets([], [up([60])]), 100_000, 200_000).known == ()
