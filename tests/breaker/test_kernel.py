"""The kernel, interpreted and compiled, against the scalar breaker."""

from __future__ import annotations

import random
from dataclasses import asdict
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replaying import ENGINES, POLICIES, needs_compiler, scalar, told, traces

from cbops.breaker import Breaker, Replayer, Settings, Trace, compiled, replay
from cbops.breaker.limits import limits_of, whole_limits
from cbops.breaker.settings import resolve
from cbops.errors import InputError


def plainly(result):
    found = told(result)
    return {**found, "ending": asdict(found["ending"])}


@ENGINES
@settings(max_examples=2500, deadline=None)
@given(policy=POLICIES, rows=traces())
def test_the_kernel_agrees_with_the_scalar_breaker_on_everything(engine, policy, rows):
    assert plainly(replay(policy, Trace.from_rows(rows), engine=engine)) == scalar(policy, rows)


@ENGINES
@settings(max_examples=500, deadline=None)
@given(policy=POLICIES, rows=traces(), seed=st.integers(0, 2**32))
def test_rows_in_any_order_agree_too(engine, policy, rows, seed):
    random.Random(seed).shuffle(rows)
    assert plainly(replay(policy, Trace.from_rows(rows), engine=engine)) == scalar(policy, rows)


@ENGINES
@settings(max_examples=1000, deadline=None)
@given(policy=POLICIES, rows=traces(), cuts=st.lists(st.integers(0, 60), max_size=6))
def test_chunks_give_the_same_as_one_go(engine, policy, rows, cuts):
    replayer = Replayer(policy, engine=engine)
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    denied = []
    for begin, end in pairwise(edges):
        denied += replayer.feed(Trace.from_rows(rows[begin:end]))
    found = plainly(replayer.finish())
    assert found == scalar(policy, rows)
    assert denied == found["denied"]


@needs_compiler
@settings(max_examples=500, deadline=None)
@given(policy=POLICIES, rows=traces(), cut=st.integers(0, 60), compiled_first=st.booleans())
def test_a_replay_may_change_engines_between_chunks(policy, rows, cut, compiled_first):
    replayer = Replayer(policy)
    first, second = ("compiled", "plain") if compiled_first else ("plain", "compiled")
    replayer._engine = first
    replayer.feed(Trace.from_rows(rows[:cut]))
    replayer._engine = second
    assert plainly(replayer.finish(Trace.from_rows(rows[cut:]))) == scalar(policy, rows)


def long_rows(count, failing, seed=7, gap=3):
    chance = random.Random(seed)
    now, rows = 1_700_000_000_000, []
    for number in range(count):
        now += chance.randrange(gap)
        outage = number % 20_000 > 15_000
        outcome = "f" if chance.random() < (0.7 if outage else failing) else chance.choice("sssssil")
        rows.append((now, int(chance.expovariate(1 / 300)), outcome))
    return rows


@ENGINES
@pytest.mark.parametrize(
    "policy",
    [
        {"error_rate_threshold": 0.6, "timeout_ms": 5000, "half_open_max_calls": 10},
        # Never opens, so that the window holds everything.
        {"failure_threshold": 10**9, "error_rate_threshold": 2, "error_rate_window_seconds": 10**9},
        # Flaps: more transitions than one call of the kernel has room for.
        {"failure_threshold": 1, "timeout_ms": 0, "success_threshold": 1, "half_open_max_calls": 50},
    ],
)
def test_a_long_trace_agrees_with_the_scalar_breaker(engine, policy):
    rows = long_rows(100_000, 0.01)
    assert plainly(replay(policy, Trace.from_rows(rows), engine=engine)) == scalar(policy, rows)


@ENGINES
def test_more_transitions_than_a_call_has_room_for_are_all_told(engine):
    rows = [(now, 0, "f") for now in range(10_000)]
    result = replay({"failure_threshold": 1, "timeout_ms": 0}, Trace.from_rows(rows), engine=engine)
    assert len(result.transitions) == 2 * len(rows) - 1
    assert result.transitions[-2:] == [
        (9999, "open", "half_open", "timeout_elapsed"),
        (9999, "half_open", "open", "half_open_failure"),
    ]


@ENGINES
def test_small_integer_columns_do_not_wrap(engine):
    numpy = pytest.importorskip("numpy")
    rows = [(100 + 7 * number, 120, "f" if number % 3 else "s") for number in range(22)]
    arrival, latency, outcome = zip(*rows, strict=True)
    trace = Trace.from_columns(
        numpy.array(arrival, numpy.uint8), numpy.array(latency, numpy.int8), numpy.array(outcome, "S1")
    )
    policy = {"failure_threshold": 2, "timeout_ms": 20}
    assert plainly(replay(policy, trace, engine=engine)) == scalar(policy, rows)


@ENGINES
def test_a_result_beyond_64_bits_is_recorded_when_it_comes(engine):
    rows = [(2**63 - 1, 2**63 - 1, "f")]
    moved = (2**64 - 2, "closed", "open", "error_rate_threshold_exceeded")
    replayer = Replayer({}, engine=engine)
    replayer.feed(Trace.from_rows(rows))
    assert replayer.finish().transitions == [moved]
    assert replay({}, Trace.from_rows(rows), engine=engine).transitions == [moved]


@ENGINES
def test_settings_that_are_no_numbers_decide_as_they_do_for_the_scalar_breaker(engine):
    nan = float("nan")
    policy = Settings(nan, 2, 100, 3, float("inf"), 60, None)
    rows = [(now, 1, "f") for now in range(50)]
    assert plainly(replay(policy, Trace.from_rows(rows), engine=engine)) == scalar(policy, rows)
    assert whole_limits(limits_of(policy)) is None


@settings(max_examples=500, deadline=None)
@given(policy=POLICIES, count=st.integers(0, 10**6))
def test_whole_limits_decide_like_the_numbers_they_stand_for(policy, count):
    limits = limits_of(resolve(policy))
    whole = whole_limits(limits)
    if whole is None:
        assert limits.window % 1 or abs(limits.window) > 2**52
        return
    assert all(-(2**63) <= limit < 2**63 for limit in whole[:4])
    assert [count >= limit for limit in limits[:4]] == [count >= limit for limit in whole[:4]]
    assert (count - limits.window > 0) == (count - whole.window > 0)
    assert isinstance(whole.rate, float)
    assert (limits.rate <= 0.5) == (whole.rate <= 0.5)


@ENGINES
def test_a_chunk_that_begins_before_the_last_arrival_is_refused(engine):
    replayer = Replayer({}, engine=engine)
    replayer.feed(Trace.from_rows([(5, 0, "s"), (9, 0, "s")]))
    replayer.feed(Trace.from_rows([(9, 0, "s")]))
    with pytest.raises(InputError, match=r"begin at 8 ms, before the last .*\(9 ms\)"):
        replayer.feed(Trace.from_rows([(10, 0, "s"), (8, 0, "s")]))


@ENGINES
def test_a_finished_replay_takes_no_more(engine):
    replayer = Replayer({}, engine=engine)
    replayer.finish()
    with pytest.raises(RuntimeError, match="finished"):
        replayer.feed(Trace.from_rows([]))


@ENGINES
def test_without_keeping_the_denied_ones_they_are_still_told_chunk_by_chunk_and_counted(engine):
    replayer = Replayer({}, engine=engine, keep_denied=False)
    assert list(replayer.feed(Trace.from_rows([(0, 0, "f"), (1, 0, "s")]))) == [1]
    assert list(replayer.feed(Trace.from_rows([(2, 0, "l")]))) == [2]
    result = replayer.finish()
    assert (result.denied, result.fail_fast, result.allowed, result.failure) == ([], 2, 1, 1)


@ENGINES
def test_what_is_carried_between_chunks_does_not_grow_with_the_trace(engine):
    replayer = Replayer({"error_rate_threshold": 2, "error_rate_window_seconds": 1}, engine=engine)
    sizes = []
    for chunk in range(20):
        rows = [(now, 50, "s") for now in range(chunk * 2000, chunk * 2000 + 2000)]
        replayer.feed(Trace.from_rows(rows))
        sizes.append(len(replayer._carry.at))
    assert max(sizes) == min(sizes) <= 1051


@needs_compiler
def test_a_policy_of_fractions_and_one_of_whole_numbers_use_the_engine_that_holds_them():
    assert compiled.load() is not None
    assert whole_limits(limits_of(resolve({"error_rate_window_seconds": 0.0335}))) is None
    assert whole_limits(limits_of(resolve({"error_rate_window_seconds": 2.5}))).window == 2500


def test_the_scalar_judge_is_the_public_breaker():
    rows = [(0, 0, "f"), (1, 0, "s")]
    assert scalar({}, rows)["final_state"] == Breaker({}).state.replace("closed", "open")
