from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from measure_samples import DECISIONS, EVENTS, LATENCY, TRANSITIONS, series, targets_of, up

from cbops.measure.counting import count, increase, increments
from cbops.measure.targets import find_targets, with_history
from cbops.model.series import Series

MINUTES = range(60, 1260, 60)


def counted(
    one: Series, *others: Series, start: int = 0, end: int = 10_000, ups: tuple[Series, ...] = ()
) -> float:
    return increase([one], targets_of(one, *others, ups=ups), start * 1000, end * 1000)


def test_the_increase_is_over_the_window_with_the_sample_at_its_start_as_base():
    one = series(EVENTS, {60: 5, 120: 7, 180: 12, 240: 20})

    assert counted(one, start=120, end=180) == 5


def test_a_series_born_while_its_target_was_scraped_counts_its_first_sample():
    born = series(EVENTS, {180: 3, 240: 4}, event_type="failure")
    other = series(EVENTS, dict.fromkeys(MINUTES, 9), event_type="success")

    assert counted(born, other, start=60) == 4


def test_a_birth_is_seen_when_only_up_shows_that_the_target_was_scraped():
    born = series(EVENTS, {180: 3, 240: 4}, job="router", instance="a")

    assert counted(born, start=60, ups=(up([60, 120, 180, 240], job="router", instance="a"),)) == 4


def test_a_failed_scrape_does_not_make_a_birth():
    born = series(EVENTS, {180: 3, 240: 4}, job="router", instance="a")

    assert counted(born, ups=(up([60, 120], 0, job="router", instance="a"),)) == 1


def test_the_first_sample_of_a_target_never_scraped_before_is_only_a_base():
    assert counted(series(EVENTS, {180: 300, 240: 304})) == 4


def test_the_first_sample_is_no_birth_because_of_a_later_scrape():
    first = series(EVENTS, {60: 300, 120: 304})
    late = series(EVENTS, {120: 2}, event_type="failure")

    assert counted(first, late) == 4


def test_after_a_restart_the_new_value_counts_in_full():
    assert counted(series(EVENTS, {60: 90, 120: 100, 180: 4, 240: 9})) == 10 + 4 + 5


def test_a_restart_resets_every_counter_of_the_instance_even_one_that_grew():
    busy = series(EVENTS, {60: 1000, 120: 1010, 180: 30, 240: 60})
    small = series(TRANSITIONS, {60: 1, 120: 1, 180: 1, 240: 1}, from_="closed", to="open")

    assert counted(small, busy) == 1


def test_a_restart_of_one_instance_leaves_the_others_alone():
    restarted = series(EVENTS, {60: 1000, 120: 3}, instance="a")
    small = series(TRANSITIONS, {60: 1, 120: 1}, instance="b", from_="closed", to="open")

    assert counted(small, restarted) == 0


def test_a_series_that_vanished_while_its_target_was_scraped_counts_in_full_when_it_is_back():
    steady = series(DECISIONS, dict.fromkeys(MINUTES, 5))
    back = series(TRANSITIONS, {60: 2, 120: 2, 300: 3, 360: 3}, from_="closed", to="open")

    assert counted(back, steady) == 3


def test_a_gap_in_scraping_is_not_a_restart():
    one = series(EVENTS, {60: 10, 120: 20, 1800: 50, 1860: 55})
    other = series(DECISIONS, {60: 10, 120: 20, 1800: 50, 1860: 55})

    assert counted(one, other) == 45


def test_series_whose_times_differ_within_a_scrape_have_not_vanished():
    one = Series(EVENTS, {}, [60_000, 120_000, 180_000], [1, 2, 3])
    other = Series(DECISIONS, {}, [60_005, 120_007, 180_004], [1, 2, 3])

    assert counted(one, other) == 2
    assert counted(other, one) == 2


def test_a_series_that_is_sampled_less_often_than_its_target_has_not_vanished():
    slow = series(EVENTS, {300: 10, 600: 11, 900: 12})
    fast = series(DECISIONS, dict.fromkeys(MINUTES, 5))

    assert counted(slow, fast, start=300) == 2


def test_a_series_split_by_a_trace_id_may_disappear_without_a_restart():
    trace = series(TRANSITIONS, {60: 1, 120: 1}, to="open", from_="closed", trace_id="f1")
    steady = series(EVENTS, {at: at for at in MINUTES})

    assert find_targets([trace, steady]).all[0].restarts == ()
    assert counted(steady, trace, start=60, end=1200) == 1140


def test_a_label_of_the_whole_target_does_not_make_a_series_split():
    moved = series(TRANSITIONS, {60: 1, 120: 1}, to="open", from_="closed", pod="p")
    steady = series(EVENTS, dict.fromkeys(MINUTES, 5), pod="p")

    assert find_targets([moved, steady]).all[0].restarts == ((120_000, 180_000),)


def test_a_trace_label_is_aggregated_away():
    steady = series(EVENTS, dict.fromkeys(MINUTES, 5))
    traces = [
        series(TRANSITIONS, dict.fromkeys(range(at, 1260, 60), 1), to="open", trace_id=str(at))
        for at in (180, 240, 240 + 60)
    ]

    assert count(traces, targets_of(steady, *traces), 60_000, 10_000_000) == 3


def test_counts_are_unknown_when_no_target_was_scraped_in_the_window():
    one = series(EVENTS, {60: 5, 120: 7})

    assert count([one], targets_of(one), 200_000, 300_000) is None
    assert count([], targets_of(one), 60_000, 300_000) == 0


def test_samples_that_are_no_numbers_are_passed_over():
    one = series(EVENTS, {60: 5, 120: float("nan"), 180: float("inf"), 240: 9})

    assert counted(one) == 4


def test_history_in_steps_never_reaches_past_the_last_real_scrape():
    # Scraping stopped at 120; a step repeats that sample for minutes, which is no scrape.
    raw = series(EVENTS, {120: 20, 1800: 50, 1860: 55})
    stepped = series(EVENTS, {60: 10, 300: 20, 360: 20})
    targets = find_targets([raw], history=[stepped], start=600_000)

    assert list(targets.all[0].times) == [60_000, 120_000, 1_800_000, 1_860_000]
    assert increase(with_history([raw], [stepped]), targets, 600_000, 2_000_000) == 35


def test_a_series_known_only_from_history_is_kept_as_it_is():
    stepped = series(EVENTS, {60: 10})

    assert with_history([], [stepped]) == (stepped,)


def test_up_without_a_job_of_the_routers_is_no_target():
    mine = series(EVENTS, {60: 1}, job="router", instance="a")
    ups = [
        up([60, 120], job="router", instance="a"),
        up([60, 120], job="router", instance="b"),
        up([60], job="node", instance="n"),
    ]

    assert [target.key for target in find_targets([mine], ups).all] == [("router", "a"), ("router", "b")]


def test_up_alone_names_the_targets_where_the_tenant_has_no_series():
    assert [target.instance for target in find_targets([], [up([60], job="router", instance="a")]).all] == [
        "a"
    ]


def test_up_of_another_job_label_is_matched_by_its_instance():
    mine = series(EVENTS, {180: 4, 240: 5}, instance="a")

    assert counted(mine, ups=(up([60, 120, 180, 240], job="router", instance="a"),)) == 5


def test_series_without_target_labels_belong_to_the_only_target():
    mine = series(EVENTS, {180: 4, 240: 5})
    found = find_targets([mine], [up([60, 120, 180, 240], job="router", instance="router:9001")])

    assert [target.instance for target in found.all] == ["router:9001"]
    assert increase([mine], found, 0, 10**6) == 5


def test_series_without_target_labels_are_left_alone_when_there_are_two_targets():
    mine = series(EVENTS, {180: 4, 240: 5})
    ups = [up([60], job="router", instance="a"), up([60], job="router", instance="b")]

    assert increase([mine], find_targets([mine], ups), 0, 10**6) == 1


@pytest.mark.parametrize("name", [EVENTS, f"{LATENCY}_sum", f"{LATENCY}_count"])
def test_every_counter_tells_of_a_restart(name):
    assert find_targets([series(name, {60: 9, 120: 10, 180: 1})]).all[0].restarts == ((120_000, 180_000),)


def test_a_gauge_that_falls_tells_nothing():
    gauge = series("router_circuit_breaker_error_rate", {60: 0.5, 120: 0.1})

    assert find_targets([gauge]).all[0].restarts == ()


STEPS = st.lists(st.tuples(st.integers(0, 9), st.booleans(), st.booleans()), min_size=3, max_size=40)


@given(STEPS)
def test_all_but_what_a_restart_swallowed_is_counted_whatever_gaps_there_are(steps):
    """Each step: the counter rises, the instance may restart before that, the scrape may be missing."""
    points, witness = {60: 0}, {60: 1000}
    value = unshown = shown = restarts = 0
    for index, (rise, restart, seen) in enumerate(steps, 2):
        if restart:
            value = unshown = 0
            restarts += 1
        value, unshown = value + rise, unshown + rise
        if seen:
            points[index * 60] = value
            witness[index * 60] = 1000 - restarts  # falls at each restart and only then
            shown, unshown = shown + unshown, 0
    counter, other = series(EVENTS, points), series(DECISIONS, witness)

    found = increments(counter, find_targets([counter, other]).all[0], 60_000, 10**9)

    assert sum(one.by for one in found) == shown


@given(st.lists(st.integers(0, 50), min_size=4, max_size=30), st.data())
def test_two_halves_of_a_window_add_up_to_the_whole(values, data):
    one = series(EVENTS, {60 * (index + 1): value for index, value in enumerate(values)})
    targets = targets_of(one)
    end = 60_000 * len(values)
    middle = data.draw(st.integers(60_000, end))

    assert increase([one], targets, 60_000, middle) + increase([one], targets, middle, end) == increase(
        [one], targets, 60_000, end
    )


def test_in_steps_the_last_sample_before_a_restart_that_a_server_repeats_is_no_new_count():
    # Steps of 300 s; the router restarted between 600 and 900, and this counter is born again after 900.
    steady = series(EVENTS, {300: 500, 600: 520, 900: 7, 1200: 20}, event_type="success", instance="a")
    quiet = series(EVENTS, {300: 40, 600: 41, 900: 42, 1200: 1}, event_type="failure", instance="a")
    target = targets_of(steady, quiet).of(quiet)
    assert target.restarts

    found = increments(quiet, target, 300_000, 1_200_000, stepped=True)

    assert [(rise.at, rise.by) for rise in found] == [(600_000, 1), (900_000, 1), (1_200_000, 1)]
    raw = increments(quiet, target, 300_000, 1_200_000)
    assert [rise.by for rise in raw] == [1, 42, 1]
