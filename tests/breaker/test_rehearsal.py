from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cbops.breaker import rehearse
from cbops.errors import PolicyError
from cbops.model.policy import CANARY_BLOCK


def test_the_canary_policy_opens_and_recovers():
    rehearsal = rehearse(CANARY_BLOCK)
    assert rehearsal.passed
    assert rehearsal.opened_after_failures == 1
    assert rehearsal.recovered_after_ms == 30_002
    assert rehearsal.block == CANARY_BLOCK


def test_the_second_outage_reopens_from_half_open_and_recovers():
    steps = rehearse(CANARY_BLOCK).steps
    second = steps[steps.index("second outage") :]
    assert any("half_open_failure" in step for step in second)
    assert "success_threshold_met" in second[-1]


def test_without_a_rate_it_takes_the_failures_in_a_row():
    rehearsal = rehearse({"error_rate_threshold": 1.5, "failure_threshold": 7})
    assert rehearsal.passed
    assert rehearsal.opened_after_failures == 7
    assert "switches the error rate off" in rehearsal.steps[0]


def test_more_successes_than_probes_can_never_close():
    rehearsal = rehearse({"success_threshold": 4, "half_open_max_calls": 3})
    assert not rehearsal.passed
    assert (rehearsal.opened_after_failures, rehearsal.recovered_after_ms) == (1, None)
    assert "more than half_open_max_calls 3" in rehearsal.steps[-1]


@pytest.mark.parametrize("calls", [0, -2])
def test_no_probes_can_never_close(calls):
    rehearsal = rehearse({"half_open_max_calls": calls})
    assert not rehearsal.passed
    assert f"half_open_max_calls is {calls}" in rehearsal.steps[-1]


def test_a_policy_that_takes_too_many_failures_is_said_not_to_open():
    rehearsal = rehearse({"error_rate_threshold": 2, "failure_threshold": 10**9})
    assert not rehearsal.passed
    assert rehearsal.opened_after_failures is None
    assert "did not open" in rehearsal.steps[-1]


def test_a_policy_that_takes_too_many_probes_is_said_not_to_close():
    rehearsal = rehearse({"success_threshold": 10**9, "half_open_max_calls": 10**9})
    assert not rehearsal.passed
    assert "did not close" in rehearsal.steps[-1]


def test_without_a_timeout_nothing_is_denied():
    rehearsal = rehearse({"timeout_ms": 0})
    assert rehearsal.passed
    assert not any("denied" in step for step in rehearsal.steps)


def test_a_wrong_block_is_refused():
    with pytest.raises(PolicyError):
        rehearse({"timeout": 5})


@settings(max_examples=100, deadline=None)
@given(
    calls=st.integers(-2, 6),
    successes=st.integers(-2, 6),
    failures=st.integers(-2, 20),
    timeout=st.one_of(st.integers(-5, 10**9), st.floats(0.1, 100)),
    rate=st.floats(0, 3),
    window=st.integers(-3, 10**6),
)
def test_exactly_the_policies_with_probes_enough_pass(calls, successes, failures, timeout, rate, window):
    block = {
        "half_open_max_calls": calls,
        "success_threshold": successes,
        "failure_threshold": failures,
        "timeout_ms": timeout,
        "error_rate_threshold": rate,
        "error_rate_window_seconds": window,
    }
    assert rehearse(block).passed == (calls >= max(successes, 1))
    assert rehearse(block) == rehearse(block)
