from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measure_samples import EVENTS, TRANSITIONS, series, targets_of

from cbops.measure.circuits import Unseen, Walk, passage, state_from_totals
from cbops.measure.transitions import Step, dialect_of, edge_of, first_totals, timelines

NEXT = {"closed": ["open"], "open": ["half_open"], "half_open": ["open", "closed"]}


def edges(*steps: str) -> Counter:
    """`'closed open'` with a source, `'open'` without."""
    found: Counter = Counter()
    for step in steps:
        source, _, target = step.rpartition(" ")
        found[source or None, target] += 1
    return found


def walked(state: str, *steps: Step, start: int = 0) -> Walk:
    walk = Walk("openai", "a", state, start)
    for step in steps:
        walk.take(step)
    walk.begin()
    return walk


def shown(walk: Walk) -> list[tuple]:
    return [(run.opened, run.closed, run.closed_by, run.reopened, run.carried) for run in walk.runs]


def test_an_open_its_reopenings_and_its_close_are_one_episode():
    walk = walked(
        "closed",
        Step(0, 60, edges("closed open")),
        Step(60, 120, edges("open half_open", "half_open open")),
        Step(120, 180, edges("open half_open", "half_open closed")),
    )

    assert shown(walk) == [(60, 180, "results", 1, False)]
    assert walk.state == "closed"


def test_a_whole_outage_may_fall_into_one_scrape_interval():
    walk = walked(
        "closed",
        Step(0, 60, edges("closed open", "open half_open", "half_open closed")),
    )

    assert shown(walk) == [(60, 60, "results", 0, False)]


def test_two_outages_in_one_interval_are_two_episodes_and_the_second_goes_on():
    walk = walked(
        "closed",
        Step(0, 60, edges("closed open", "closed open", "open half_open", "half_open closed")),
    )

    assert shown(walk) == [(60, 60, "results", 0, False), (60, None, None, 0, False)]
    assert walk.state == "open"


def test_a_restart_closes_the_circuit():
    walk = walked("closed", Step(0, 60, edges("closed open")), Step(60, 120, restart=True))

    assert shown(walk) == [(60, 120, "restart", 0, False)]
    assert walk.state == "closed"


def test_a_circuit_may_open_again_in_the_interval_of_the_restart():
    walk = walked(
        "closed", Step(0, 60, edges("closed open")), Step(60, 120, edges("closed open"), restart=True)
    )

    assert shown(walk) == [(60, 120, "restart", 0, False), (120, None, None, 0, False)]


def test_opening_an_open_circuit_shows_that_it_had_closed_unseen():
    walk = walked("closed", Step(0, 60, edges("closed open")), Step(600, 660, edges("closed open")))

    assert shown(walk) == [(60, 660, "unseen", 0, False), (660, None, None, 0, False)]
    assert walk.unseen == 1


def test_a_move_without_a_metric_lies_after_the_last_that_has_one():
    walk = walked("closed", Step(0, 60, edges("closed open")), Step(600, 660, edges("closed open")))

    assert walk.unseen_moves == [Unseen(60, 660, 1)]


@pytest.mark.parametrize(
    ("believed", "moves", "least"),
    [
        ("closed", ["closed open"] * 3, 2),
        ("half_open", ["closed open"] * 3, 3),
        ("open", ["open half_open"] * 2, 1),
        ("closed", ["closed open", "half_open closed", "half_open closed"], 2),
    ],
)
def test_several_moves_without_a_metric_in_one_interval_are_counted_by_the_least_that_explains(
    believed, moves, least
):
    assert walked(believed, Step(0, 60, edges(*moves))).unseen == least


def test_force_half_open_leaves_the_episode_running():
    walk = walked("closed", Step(0, 60, edges("closed open")), Step(60, 120, edges("half_open closed")))

    assert shown(walk) == [(60, 120, "results", 0, False)]
    assert walk.unseen == 1


def test_moves_of_a_circuit_whose_opening_was_lost_are_no_episode():
    walk = walked("closed", Step(0, 60, edges("open half_open", "half_open closed")))

    assert shown(walk) == []
    assert (walk.state, walk.unseen) == ("closed", 1)


def test_an_episode_that_was_running_when_the_window_began_is_carried():
    walk = walked(
        "open",
        Step(0, 60, edges("open half_open", "half_open open")),
        Step(60, 120, edges("open half_open", "half_open open")),
        Step(120, 180, edges("open half_open", "half_open closed")),
        start=60,
    )

    assert walk.state_at_start == "open"
    assert shown(walk) == [(60, 180, "results", 1, True)]


def test_what_ended_before_the_window_is_not_told():
    walk = walked(
        "closed",
        Step(0, 60, edges("closed open", "open half_open", "half_open closed")),
        Step(300, 360, edges("closed open")),
        start=200,
    )

    assert shown(walk) == [(360, None, None, 0, False)]
    assert walk.state_at_start == "closed"


def test_a_step_without_edges_moves_nothing():
    assert passage("open", Counter()).end == "open"


def test_counts_that_no_beginning_explains_are_guessed_from_what_they_favour():
    went = passage("closed", edges("closed open", "closed open", "closed open"))

    assert (went.sure, went.end) == (False, "open")
    walk = walked("closed", Step(0, 60, edges("closed open", "closed open", "closed open")))
    assert [run.closed_by for run in walk.runs] == ["unseen", "unseen", None]


@pytest.mark.parametrize(
    ("given_edges", "end"),
    [
        (edges("open half_open", "open half_open", "open half_open"), "half_open"),
        (edges("half_open closed", "half_open closed", "half_open closed"), "closed"),
        (edges("half_open", "half_open", "half_open"), "half_open"),
        (edges("closed", "closed", "closed"), "closed"),
    ],
)
def test_a_guess_ends_where_most_went(given_edges, end):
    went = passage("closed", given_edges)

    assert (went.sure, went.end) == (False, end)


def test_a_guess_that_ends_closed_closes_what_was_running():
    walk = walked("open", Step(0, 60, edges("half_open closed", "half_open closed", "half_open closed")))

    assert shown(walk)[0][1:3] == (60, "results")


def test_a_guess_may_end_closed_with_an_opening_in_it():
    walk = walked(
        "closed",
        Step(
            0,
            60,
            edges("closed open", "open half_open", "open half_open", "half_open closed", "half_open closed"),
        ),
    )

    assert walk.state == "closed"
    assert all(run.closed == 60 for run in walk.runs)


@pytest.mark.parametrize(
    ("totals", "state"),
    [
        ({}, "closed"),
        (edges("closed open"), "open"),
        (edges("closed open", "open half_open"), "half_open"),
        (edges("closed open", "open half_open", "half_open open"), "open"),
        (edges("closed open", "open half_open", "half_open closed"), "closed"),
        (edges("open"), "open"),
        (edges("open", "half_open"), "half_open"),
        (edges("open", "half_open", "closed"), "closed"),
        (edges("open", "half_open", "closed", "open"), "open"),
    ],
)
def test_the_present_state_follows_from_the_totals(totals, state):
    assert state_from_totals(totals) == state


WALKS = st.tuples(
    st.sampled_from(["closed", "open", "half_open"]),
    st.integers(0, 2**31),
    st.lists(st.integers(0, 7), max_size=25),
)


def intervals(begin: str, seed: int, sizes: list[int]) -> list[tuple[str, list[tuple[str, str]]]]:
    """A real way of a circuit, cut into scrape intervals: the state after each, and what happened in it."""
    rng, state = random.Random(seed), begin
    found = []
    for size in sizes:
        happened = []
        for _ in range(size):
            target = rng.choice(NEXT[state])
            happened.append((state, target))
            state = target
        found.append((state, happened))
    return found


@given(WALKS)
def test_the_router_dialect_is_followed_exactly_however_coarse_the_scrapes(way):
    begin, seed, sizes = way
    walk = Walk("openai", "a", begin, 0)
    walk.begin()
    opens = closes = reopened = 0
    for index, (state, happened) in enumerate(intervals(begin, seed, sizes), 1):
        walk.take(Step(index - 1, index, Counter(happened)))
        opens += happened.count(("closed", "open"))
        closes += happened.count(("half_open", "closed"))
        reopened += happened.count(("half_open", "open"))
        assert walk.state == state
    assert walk.unseen == 0
    assert sum(not run.carried for run in walk.runs) == opens
    assert sum(run.closed is not None for run in walk.runs) == closes
    assert sum(run.reopened for run in walk.runs) == reopened


@given(WALKS)
def test_the_documented_dialect_is_followed_exactly_when_scrapes_are_fine(way):
    begin, seed, sizes = way
    walk = Walk("openai", "a", begin, 0)
    walk.begin()
    for index, (state, happened) in enumerate(intervals(begin, seed, [min(size, 1) for size in sizes]), 1):
        walk.take(Step(index - 1, index, Counter((None, target) for _, target in happened)))
        assert walk.state == state
    assert walk.unseen == 0


@settings(max_examples=200)
@given(WALKS)
def test_the_documented_dialect_never_loses_a_circuit_that_is_open(way):
    """Half-open and closed may be confused inside one interval, but an open circuit is known."""
    begin, seed, sizes = way
    walk = Walk("openai", "a", begin, 0)
    walk.begin()
    for index, (state, happened) in enumerate(intervals(begin, seed, sizes), 1):
        walk.take(Step(index - 1, index, Counter((None, target) for _, target in happened)))
        assert (walk.state == "open") == (state == "open")


def test_the_dialect_is_told_from_the_labels_of_the_transitions():
    router = series(TRANSITIONS, {60: 1}, from_="closed", to="open")
    documented = series(TRANSITIONS, {60: 1}, state="open")
    other = series(EVENTS, {60: 1}, state="open")

    assert dialect_of([router], "auto") == "router"
    assert dialect_of([documented], "auto") == "documented"
    assert dialect_of([other], "auto") is None
    assert dialect_of([router], "documented") == "documented"


def test_labels_that_name_no_state_are_no_transition():
    assert edge_of({"to": "ajar"}) is None
    assert edge_of({"from": "unknown", "to": "open"}) == (None, "open")


def test_only_transitions_with_a_provider_make_a_timeline():
    found = [
        series(TRANSITIONS, {60: 0, 120: 1}, to="open", from_="closed"),
        series(TRANSITIONS, {60: 0, 120: 1}, to="ajar", provider_id="p"),
        series(EVENTS, {60: 0, 120: 1}, provider_id="p"),
    ]

    assert timelines(found, targets_of(*found), 10**9) == {}
    assert first_totals(found, targets_of(*found)) == {}


def test_a_timeline_has_restarts_in_it():
    moved = series(TRANSITIONS, {60: 4, 120: 5, 180: 1}, to="open", from_="closed", provider_id="p")

    steps = timelines([moved], targets_of(moved), 10**9)["p", "", ""]

    assert [(step.at, step.restart, sum(step.edges.values())) for step in steps] == [
        (120_000, False, 1),
        (180_000, True, 1),
    ]
    assert timelines([moved], targets_of(moved), 130_000)["p", "", ""][-1].at == 120_000
