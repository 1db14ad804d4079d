from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cbops.breaker import Breaker, Trace, replay
from cbops.errors import PolicyError

ROWS = st.lists(
    st.tuples(st.integers(0, 300), st.sampled_from([0, 0, 1, 5, 40, 200]), st.sampled_from("ssffil")),
    max_size=60,
)
POLICIES = st.fixed_dictionaries(
    {
        "failure_threshold": st.integers(0, 4),
        "success_threshold": st.integers(1, 3),
        "timeout_ms": st.sampled_from([0, 1, 10, 100]),
        "half_open_max_calls": st.integers(0, 3),
        "error_rate_threshold": st.sampled_from([0.3, 0.5, 1, 2]),
        "error_rate_window_seconds": st.sampled_from([0, 0.01, 0.1, 60]),
    }
)


@settings(max_examples=200, deadline=None)
@given(policy=POLICIES, rows=ROWS)
def test_counts_add_up_and_denials_are_distinct_requests(policy, rows):
    result = replay(policy, Trace.from_rows(rows))
    assert result.allowed + result.fail_fast == len(rows)
    assert result.success + result.failure + result.ignored + result.lost == result.allowed
    assert len(set(result.denied)) == result.fail_fast == len(result.denied)
    admitted = [rows[index][2] for index in range(len(rows)) if index not in set(result.denied)]
    ended = (result.success, result.failure, result.ignored, result.lost)
    assert ended == tuple(admitted.count(outcome) for outcome in "sfil")


@settings(max_examples=200, deadline=None)
@given(policy=POLICIES, rows=ROWS)
def test_transitions_chain_from_closed_to_the_final_state(policy, rows):
    result = replay(policy, Trace.from_rows(rows))
    states = ["closed", *(target for _, _, target, _ in result.transitions)]
    assert [source for _, source, _, _ in result.transitions] == states[:-1]
    assert states[-1] == result.final_state
    times = [at for at, _, _, _ in result.transitions]
    assert times == sorted(times)


@settings(max_examples=200, deadline=None)
@given(policy=POLICIES, rows=ROWS)
def test_a_breaker_fed_in_the_merged_order_does_the_same(policy, rows):
    breaker = Breaker(policy)
    denied: list[int] = []
    # Results before arrivals at one millisecond, each in order of arrival; a result that comes in the
    # millisecond of its own arrival comes directly after it.
    merged = []
    for place, (index, (arrival, latency, outcome)) in enumerate(
        sorted(enumerate(rows), key=lambda item: item[1][0])
    ):
        merged.append(((arrival, 1, place, 0), "ask", index, outcome))
        done = (arrival, 1, place, 1) if latency == 0 else (arrival + latency, 0, place, 0)
        merged.append((done, "record", index, outcome))
    for (now, *_), what, index, outcome in sorted(merged, key=lambda event: event[0]):
        if what == "ask":
            if not breaker.allow(now):
                denied.append(index)
        elif index not in denied and outcome in "sf":
            (breaker.record_success if outcome == "s" else breaker.record_failure)(now)
    result = replay(policy, Trace.from_rows(rows))
    assert (result.denied, result.final_state) == (denied, breaker.state)


def test_a_result_of_the_same_millisecond_comes_before_an_arrival():
    rows = [(0, 10, "f"), (10, 5, "s")]
    assert replay({}, Trace.from_rows(rows)).denied == [1]


def test_a_result_without_latency_comes_after_its_own_arrival_and_before_the_next():
    rows = [(0, 0, "f"), (0, 0, "s")]
    result = replay({}, Trace.from_rows(rows))
    assert (result.allowed, result.denied) == (1, [1])


def test_results_of_one_millisecond_come_in_order_of_arrival():
    policy = {"failure_threshold": 2, "error_rate_threshold": 2}
    rows = [(0, 10, "f"), (1, 9, "s"), (2, 8, "f"), (3, 9, "s")]
    assert replay(policy, Trace.from_rows(rows)).transitions == []
    rows = [(0, 10, "f"), (1, 9, "f"), (2, 8, "s"), (3, 9, "s")]
    moved = (10, "closed", "open", "failure_threshold_exceeded")
    assert replay(policy, Trace.from_rows(rows)).transitions == [moved]


def test_results_after_the_last_arrival_are_recorded():
    result = replay({}, Trace.from_rows([(0, 1000, "f")]))
    assert result.transitions == [(1000, "closed", "open", "error_rate_threshold_exceeded")]


def test_indices_are_those_of_the_rows_as_given():
    rows = [(20, 0, "s"), (0, 0, "f"), (10, 0, "s")]
    assert replay({}, Trace.from_rows(rows)).denied == [2, 0]


def test_lost_probes_wedge_the_circuit_half_open():
    policy = {"timeout_ms": 10, "half_open_max_calls": 2}
    rows = [(0, 1, "f"), (20, 1, "l"), (21, 1, "i"), (10**9, 1, "s")]
    result = replay(policy, Trace.from_rows(rows))
    assert (result.final_state, result.denied, result.lost, result.ignored) == ("half_open", [3], 1, 1)


def test_an_empty_trace_leaves_the_circuit_closed():
    result = replay({"enabled": False}, Trace.from_rows([]))
    assert (result.allowed, result.transitions, result.final_state) == (0, [], "closed")


def test_a_policy_with_an_unknown_key_is_refused():
    with pytest.raises(PolicyError, match="treshold"):
        replay({"failure_treshold": 3}, Trace.from_rows([]))
