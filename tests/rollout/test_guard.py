"""The guard's judgement: readings in, breaches out, without a clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cbops.model.config_guard import ErrorRateGuard, GuardConfig, LatencyGuard, StuckGuard, TimeGuard
from cbops.model.guard import CircuitReading, Reading
from cbops.model.policy import BreakerPolicy
from cbops.rollout.guard import Bounds, GuardState, advance, milder

T0 = datetime(2025, 1, 27, 9, tzinfo=UTC)
CONFIG = GuardConfig(
    jitter=0,
    latency=LatencyGuard(above_ms=500),
    not_closed=TimeGuard(seconds=3600),
    control_plane=TimeGuard(seconds=90),
    blind=TimeGuard(seconds=90, action="rollback"),
)
BOUNDS = Bounds(CONFIG, BreakerPolicy(timeout_ms=30_000, success_threshold=2), margin_seconds=60)


def at(seconds):
    return T0 + timedelta(seconds=seconds)


def reading(seconds, *, failure=0, success=100, **more):
    given = {
        "decisions": 100,
        "latency_ms": 200.0,
        "latency_count": 100,
        "sample_age": 5.0,
        "sample_limit": 180.0,
    }
    return Reading(at=at(seconds), success=success, failure=failure, **{**given, **more})


def blind(seconds, why="refused"):
    return Reading(at=at(seconds), problem=why)


def circuit(state, moved=None, opened=None):
    return CircuitReading("openai", "r1", state, moved, opened)


def play(readings, bounds=BOUNDS, steady=None):
    """(the last state, what began, what ended, what was noted), each with the number of its reading."""
    state, begun, ended, notes = GuardState(started_at=T0), [], [], []
    for number, each in enumerate(readings, 1):
        judged = advance(state, each, None if steady is None else steady[number - 1], bounds)
        state = judged.state
        begun += [(number, breach.kind) for breach in judged.begun]
        ended += [(number, breach.kind) for breach in judged.ended]
        notes += judged.notes
    return state, begun, ended, notes


def test_a_breach_is_one_with_the_third_reading_in_a_row():
    bad = [reading(30 * n, failure=150) for n in range(5)]
    assert play(bad)[1] == [(3, "error_rate")]


def test_one_sound_reading_in_between_begins_the_count_anew():
    rates = [150, 150, 0, 150, 150]
    assert play([reading(30 * n, failure=each) for n, each in enumerate(rates)])[1] == []


def test_the_error_rate_at_its_bound_is_none_beyond_it():
    assert play([reading(30 * n, failure=100) for n in range(5)])[1] == []


def test_few_results_say_nothing_about_the_error_rate():
    few = [reading(30 * n, success=0, failure=19) for n in range(5)]
    assert play(few)[1] == []
    assert play([reading(30 * n, success=0, failure=20) for n in range(5)])[1] == [(3, "error_rate")]


def test_a_latency_beyond_its_bound_is_a_breach_and_an_unknown_one_is_none():
    assert play([reading(30 * n, latency_ms=501) for n in range(3)])[1] == [(3, "latency")]
    unknown = [reading(30 * n, latency_ms=None, latency_count=None) for n in range(9)]
    assert play(unknown)[1] == []


def test_no_data_neither_breaks_nor_mends():
    broken = [reading(30 * n, failure=150) for n in range(2)]
    state, begun, _, _ = play([*broken, blind(60), reading(90, failure=150)])
    assert begun == [(4, "error_rate")]
    assert len(state.breaches) == 1
    held = [*(reading(30 * n, failure=150) for n in range(3)), blind(90), blind(120), blind(150)]
    state, _, ended, _ = play(held)
    assert ended == []
    assert ("error_rate", None) in state.breaches


def test_an_old_last_sample_is_no_data_however_sound_its_figures():
    state, begun, _, _ = play([reading(30 * n, sample_age=181) for n in range(2)])
    assert begun == []
    assert state.blind_since == T0
    assert state.blind_seconds == 30


def test_blindness_has_its_own_bound():
    state, begun, _, _ = play([blind(30 * n) for n in range(8)])
    # More than 90 s old from the fifth reading on, which makes the seventh the third in a row.
    assert begun == [(7, "blind")]
    assert next(iter(state.breaches.values())).action == "rollback"
    assert state.blind_seconds == 210


def test_sight_that_comes_back_ends_the_breach_of_blindness_after_as_many_readings():
    _, _, ended, _ = play([*(blind(30 * n) for n in range(8)), *(reading(30 * n) for n in range(8, 12))])
    assert ended == [(11, "blind")]


def test_an_admin_api_that_does_not_answer_for_long_is_a_breach():
    looks = [False, None, None, None, None, None, None]
    found = [reading(30 * n, reachable=look) for n, look in enumerate(looks)]
    assert play(found)[1] == [(7, "control_plane")]
    assert play([*found[:4], *(reading(30 * n, reachable=True) for n in range(4, 9))])[1] == []


def test_a_circuit_that_stands_half_open_under_traffic_is_wedged_after_timeout_probes_and_margin():
    # 30 s timeout, 2 probes at 100 requests in 300 s (6 s), 60 s margin: 96 s.
    stuck = [reading(30 * n, circuits=(circuit("half_open", moved=T0, opened=T0),)) for n in range(9)]
    state, begun, _, _ = play(stuck)
    assert begun == [(7, "stuck")]  # 120 s is the fifth
    assert "wedged half-open" in next(iter(state.breaches.values())).told


def test_a_circuit_that_nobody_asks_may_stay_open_for_ever():
    quiet = [
        reading(30 * n, success=0, decisions=0, circuits=(circuit("open", moved=T0, opened=T0),))
        for n in range(20)
    ]
    assert play(quiet)[1] == []


def test_a_circuit_that_goes_on_moving_is_not_stuck_but_not_closed_for_long():
    moving = [
        reading(600 * n, circuits=(circuit("open", moved=at(600 * n), opened=T0),), sample_limit=900.0)
        for n in range(12)
    ]
    bounds = Bounds(CONFIG.model_copy(update={"interval_seconds": 600}), BOUNDS.policy, 60)
    assert play(moving, bounds)[1] == [(10, "not_closed")]  # 4200 s is the eighth


def test_since_when_a_circuit_stands_is_remembered_when_its_transition_left_the_hour_that_is_read():
    first = reading(0, circuits=(circuit("open", moved=at(-10), opened=at(-10)),))
    later = [reading(30 * n, circuits=(circuit("open"),)) for n in range(1, 7)]
    assert play([first, *later])[1] == [(6, "stuck")]  # 100 s is the fourth


def test_a_circuit_that_closed_ends_its_breach():
    stuck = [reading(30 * n, circuits=(circuit("open", moved=T0, opened=T0),)) for n in range(8)]
    closed = [reading(30 * n, circuits=(circuit("closed"),)) for n in range(8, 11)]
    state, _, ended, _ = play([*stuck, *closed])
    assert ended == [(11, "stuck")]
    assert not state.breaches
    assert not state.standing


def test_a_sleeping_machine_is_told_and_counts_as_blind():
    state, _, _, notes = play([reading(0), reading(3630)], steady=[100.0, 130.0])
    assert notes == ["the machine slept or the clock was set ahead: 3600 s count as blind"]
    assert (state.watched_seconds, state.blind_seconds) == (3630, 3600)


def test_a_clock_that_was_set_back_is_told_and_no_time_runs_backwards():
    state, _, _, notes = play([blind(0), blind(30), blind(-600)], steady=[0.0, 30.0, 60.0])
    assert notes == ["the clock was set back by 660 s"]
    assert state.blind_since == at(-600)
    assert (state.watched_seconds, state.blind_seconds) == (60, 60)


def test_a_gap_between_readings_counts_as_blind_where_no_other_clock_tells():
    state, _, _, notes = play([reading(0), reading(600)])
    assert len(notes) == 1
    assert state.blind_seconds == 570


def test_the_milder_of_what_is_asked_and_what_is_allowed_is_done():
    assert milder("rollback", "warn") == milder("warn", "rollback") == "warn"
    assert milder("rollback", "pause") == "pause"


def test_bounds_that_are_switched_off_are_not_judged():
    off = GuardConfig(error_rate=ErrorRateGuard(above=None), stuck=StuckGuard(seconds=10_000))
    assert (
        play([reading(30 * n, failure=900, latency_ms=9e9) for n in range(9)], Bounds(off, BOUNDS.policy, 0))[
            1
        ]
        == []
    )


@given(st.lists(st.sampled_from(["sound", "broken", "blind"]), max_size=40))
def test_a_breach_always_has_three_broken_readings_in_a_row_behind_it_blind_ones_left_out(kinds):
    made = {"sound": reading, "broken": lambda s: reading(s, failure=150), "blind": blind}
    found = [
        number
        for number, kind in play([made[k](30 * n) for n, k in enumerate(kinds)])[1]
        if kind == "error_rate"
    ]
    for number in found:
        assert [k for k in kinds[:number] if k != "blind"][-3:] == ["broken"] * 3


@given(st.lists(st.tuples(st.integers(-900, 900), st.booleans()), max_size=60))
def test_whatever_the_clock_does_times_are_not_negative_and_nothing_grows(steps):
    state, now = GuardState(started_at=T0), 0
    for number, (step, sees) in enumerate(steps):
        now += step
        state = advance(state, reading(now) if sees else blind(now), 30.0 * number, BOUNDS).state
        assert 0 <= state.blind_seconds <= state.watched_seconds
        assert state.blind_since is None or state.blind_since <= at(now)
        assert len(state.broken) + len(state.breaches) + len(state.sound) <= 6
