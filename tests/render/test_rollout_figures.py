"""What the pictures of a rollout are drawn from."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rollout_worlds import BEGIN, MINUTE, bucketed, figures, judged, moved

from cbops.model.base import to_ms
from cbops.model.observation import ProviderDay, Transition
from cbops.render.figured_states import bands
from cbops.render.rollout_figures import steps_of


def test_the_providers_results_of_a_step_are_added_up_and_a_step_with_an_unknown_one_is_unknown():
    seen = bucketed(1, {"openai": ((10, None, 8), (0, 1, 2)), "anthropic": ((5, 5, 2), (1, 0, 0))})
    told = [(step.failures, step.results) for step in steps_of(seen)]
    assert told == [(1, 16), (None, None), (2, 12)]


def test_steps_lie_on_the_buckets_grid_and_end_with_the_day():
    seen = bucketed(1, {"openai": ((1, 1, 1), (0, 0, 0))}, step_seconds=300)
    start = to_ms(seen.window.start)
    assert [(s.start, s.end) for s in steps_of(seen)] == [
        (start + n * 5 * MINUTE, start + (n + 1) * 5 * MINUTE) for n in range(3)
    ]


def test_a_day_without_buckets_is_one_step():
    seen = bucketed(1, {"openai": ((10, 20), (1, 1)), "anthropic": ((5,), (0,))})
    (step,) = figures({1: seen.model_copy(update={"buckets": ()})}).steps
    assert (step.failures, step.results) == (2, 37)
    assert (step.start, step.end) == (to_ms(seen.window.start), to_ms(seen.window.end))


def test_another_tenants_buckets_are_not_the_canarys():
    seen = bucketed(1, {"openai": ((1,), (0,))})
    other = seen.buckets[0].model_copy(update={"tenant": "somebody else"})
    assert steps_of(seen.model_copy(update={"buckets": (other,)})) == []


def test_a_day_with_an_unknown_count_has_no_error_rate():
    seen = bucketed(1, {"openai": ((10,), (0,))})
    unknown = seen.providers["openai"].events.model_copy(update={"failure": None})
    day = ProviderDay(**{**dict(seen.providers["openai"]), "events": unknown})
    drawn = figures({1: seen.model_copy(update={"providers": {"openai": day}})})
    assert (drawn.days[0].failure, drawn.days[0].error_rate) == (None, None)


def test_outages_are_those_declared_and_those_that_the_last_judgement_saw():
    drawn = figures({1: bucketed(1, {"openai": ((10,), (0,))})}, evaluation=judged())
    assert [(each.by, each.start - BEGIN, each.end - BEGIN) for each in drawn.outages] == [
        ("controls", 60 * MINUTE, 90 * MINUTE),
        ("incident", 30 * MINUTE, 80 * MINUTE),
    ]


def test_a_look_at_midnight_is_one_at_the_day_that_ended():
    drawn = figures({n: bucketed(n, {"openai": ((10,), (0,))}) for n in (1, 2)}, looks=(2, 2))
    assert [look.day for look in drawn.looks] == [2, 2]


def test_an_episode_that_is_not_closed_goes_to_the_end_of_what_was_seen():
    seen = {1: bucketed(1, {"openai": ((10,), (0,))})}
    drawn = figures(seen, episodes=[(60, None)])
    (episode,) = drawn.episodes
    assert (episode.closed, episode.end) == (False, to_ms(seen[1].window.end))


def test_the_judges_bounds_are_those_of_the_provider_that_it_judged():
    seen = {n: bucketed(n, {"openai": ((10,), (0,)), "anthropic": ((10,), (0,))}) for n in (0, 1)}
    by = {each.provider: each for each in figures(seen, evaluation=judged()).latencies}
    assert (by["openai"].lower, by["openai"].upper, by["openai"].margin) == (-0.01, 0.02, 0.05)
    assert (by["anthropic"].verdict, by["anthropic"].upper) == (None, None)


def test_a_scrape_that_found_the_circuit_half_open_is_drawn_so_until_the_next_move():
    seen = moved(((10, "closed", "open", 1), (20, "open", "half_open", 1), (30, "half_open", "closed", 1)))
    drawn = bands([seen], {("openai", BEGIN + 10 * MINUTE, BEGIN + 30 * MINUTE)})
    assert [(b.state, (b.start - BEGIN) // MINUTE, (b.end - BEGIN) // MINUTE) for b in drawn] == [
        ("open", 10, 20),
        ("half_open", 20, 30),
    ]


def test_moves_to_and_fro_within_one_scrape_leave_the_state_that_it_began_in():
    seen = moved(((10, "closed", "open", 1), (20, "open", "half_open", 3), (20, "half_open", "open", 3)))
    drawn = bands([seen], {("openai", BEGIN + 10 * MINUTE, BEGIN + 30 * MINUTE)})
    assert [b.state for b in drawn] == ["open"]


def test_without_the_state_that_a_move_came_from_nothing_is_said_to_be_half_open():
    seen = moved(((10, None, "open", 2), (20, None, "half_open", 2)))
    drawn = bands([seen], {("openai", BEGIN + 10 * MINUTE, BEGIN + 30 * MINUTE)})
    assert [b.state for b in drawn] == ["open"]


@given(st.lists(st.sampled_from(["closed", "open", "half_open"]), min_size=1, max_size=30), st.data())
def test_a_walk_over_states_however_it_is_cut_into_scrapes_ends_where_it_ends(walk, data):
    before, moves, minute = "closed", [], 1
    for after in walk:
        if after != before:
            moves.append((minute, before, after, 1))
            before = after
        minute += data.draw(st.integers(0, 1))
    seen = moved(moves)
    last = BEGIN + 60 * MINUTE
    drawn = bands([seen], {("openai", BEGIN, last)})
    assert drawn[0].start == BEGIN
    assert drawn[-1].end == last
    assert all(one.end == other.start for one, other in pairwise(drawn))
    assert (drawn[-1].state == "half_open") == (before == "half_open" and bool(moves))


def test_with_two_router_instances_nothing_is_said_to_be_half_open():
    seen = moved(((10, "closed", "open", 1), (20, "open", "half_open", 1)))
    other = Transition(**{**dict(seen.transitions[0]), "instance": "another"})
    both = seen.model_copy(update={"transitions": (*seen.transitions, other)})
    assert {b.state for b in bands([both], {("openai", BEGIN, BEGIN + 30 * MINUTE)})} == {"open"}


@pytest.mark.parametrize("shift", [timedelta(days=-3), timedelta(days=40)])
def test_an_outage_outside_of_the_days_is_not_drawn(shift):
    drawn = figures({1: bucketed(1, {"openai": ((10,), (0,))})}, incident_shift=shift)
    assert drawn.outages == ()
