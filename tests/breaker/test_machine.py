"""The truth table of one circuit: each state and each operation is a test."""

from __future__ import annotations

import sys

import pytest

from cbops.breaker import Breaker
from cbops.model.policy import CANARY_BLOCK, BreakerPolicy

# Opens on the third failure in a row, never on the rate.
POLICY = {
    "failure_threshold": 3,
    "error_rate_threshold": 2,
    "timeout_ms": 1000,
    "success_threshold": 2,
    "half_open_max_calls": 2,
}


def closed(**changes) -> Breaker:
    return Breaker(POLICY | changes, 0)


def opened(**changes) -> Breaker:
    """Open since 10."""
    breaker = closed(**changes)
    for _ in range(3):
        breaker.record_failure(10)
    assert breaker.state == "open"
    return breaker


def half_opened(**changes) -> Breaker:
    """Half-open since 1010, one probe out."""
    breaker = opened(**changes)
    assert breaker.allow(1010)
    assert breaker.state == "half_open"
    return breaker


def numbers(breaker: Breaker) -> tuple[str, int, int, int]:
    return breaker.state, breaker.failure_count, breaker.success_count, breaker.half_open_calls


# allow


def test_a_closed_circuit_allows():
    breaker = closed()
    breaker.record_failure(1)
    assert breaker.allow(2)
    assert numbers(breaker) == ("closed", 1, 0, 0)


def test_an_open_circuit_denies_until_the_last_millisecond_of_its_timeout():
    breaker = opened()
    assert not breaker.allow(1009)
    assert numbers(breaker) == ("open", 3, 0, 0)


def test_an_open_circuit_becomes_half_open_when_asked_after_its_timeout():
    breaker = opened()
    assert breaker.allow(1010)
    assert numbers(breaker) == ("half_open", 0, 0, 1)
    assert breaker.state_changed_at == 1010


def test_an_open_circuit_that_is_not_asked_stays_open():
    breaker = opened()
    breaker.record_success(10**9)
    breaker.record_failure(10**9)
    assert breaker.state == "open"


def test_becoming_half_open_keeps_the_success_count():
    breaker = opened()
    breaker.success_count = 1
    breaker.allow(1010)
    assert numbers(breaker) == ("half_open", 0, 1, 1)


def test_a_half_open_circuit_allows_half_open_max_calls_probes_and_denies_the_next():
    breaker = half_opened()
    assert [breaker.allow(1011) for _ in range(3)] == [True, False, False]
    assert numbers(breaker) == ("half_open", 0, 0, 2)


def test_a_half_open_circuit_never_counts_finished_probes_back():
    breaker = half_opened(success_threshold=3)
    breaker.record_success(1011)
    assert breaker.allow(1012)
    breaker.record_success(1013)
    assert not breaker.allow(10**9)
    assert numbers(breaker) == ("half_open", 0, 2, 2)


def test_asking_prunes_the_window_for_good():
    breaker = closed(error_rate_window_seconds=1)
    breaker.record_success(0)
    breaker.allow(1001)
    assert breaker.window == (0, 0)
    breaker.record_failure(500)  # the clock stepped back; the success at 0 is gone
    assert breaker.error_rate == 1.0


# record_success


def test_a_success_in_closed_ends_the_row_of_failures():
    breaker = closed()
    breaker.record_failure(1)
    breaker.record_failure(2)
    breaker.record_success(3)
    breaker.record_failure(4)
    breaker.record_failure(5)
    assert numbers(breaker) == ("closed", 2, 0, 0)


def test_a_success_in_closed_leaves_the_success_count():
    breaker = closed()
    breaker.success_count = 1
    breaker.record_success(1)
    assert numbers(breaker) == ("closed", 0, 1, 0)


def test_a_late_success_in_open_moves_nothing_but_the_row_and_the_rate():
    breaker = opened()
    breaker.record_success(20)
    assert numbers(breaker) == ("open", 0, 0, 0)
    assert breaker.state_changed_at == 10
    assert breaker.error_rate == 3 / 4


def test_a_success_in_half_open_counts():
    breaker = half_opened()
    breaker.record_success(1020)
    assert numbers(breaker) == ("half_open", 0, 1, 1)


def test_enough_successes_close_a_half_open_circuit():
    breaker = half_opened()
    breaker.record_success(1020)
    breaker.record_success(1030)
    assert numbers(breaker) == ("closed", 0, 0, 0)
    assert breaker.state_changed_at == 1030


def test_the_window_survives_closing():
    breaker = half_opened()
    breaker.record_success(1020)
    breaker.record_success(1030)
    assert breaker.window == (5, 3)


# record_failure


def test_a_failure_in_closed_counts():
    breaker = closed()
    breaker.success_count = 1
    breaker.record_failure(1)
    assert numbers(breaker) == ("closed", 1, 0, 0)


def test_enough_failures_in_a_row_open_a_closed_circuit():
    breaker = opened()
    assert numbers(breaker) == ("open", 3, 0, 0)
    assert breaker.state_changed_at == 10


def test_failures_in_a_row_have_no_time_bound():
    breaker = closed()
    for hour in range(3):
        breaker.record_failure(hour * 3_600_000)
    assert breaker.state == "open"


def test_opening_gives_the_probes_back():
    breaker = half_opened()
    breaker.force_recovery(1011)
    assert breaker.half_open_calls == 1
    for _ in range(3):
        breaker.record_failure(1012)
    assert numbers(breaker) == ("open", 3, 0, 0)


def test_a_late_failure_in_open_counts_and_moves_nothing():
    breaker = opened()
    breaker.record_failure(500)
    assert numbers(breaker) == ("open", 4, 0, 0)
    assert breaker.state_changed_at == 10


def test_a_failure_in_half_open_opens_at_once():
    breaker = half_opened()
    breaker.record_success(1020)
    breaker.record_failure(1030)
    assert numbers(breaker) == ("open", 1, 0, 0)
    assert breaker.state_changed_at == 1030


# The rate


def test_one_failure_opens_a_quiet_circuit_of_the_canary_policy():
    breaker = Breaker(CANARY_BLOCK)
    breaker.record_success(0)
    breaker.record_failure(60_000)  # the success at 0 is just still in the window
    assert breaker.state == "open"
    assert breaker.error_rate == 0.5


def test_one_failure_beside_two_successes_does_not_open_the_canary_policy():
    breaker = Breaker(CANARY_BLOCK)
    breaker.record_success(0)
    breaker.record_success(0)
    breaker.record_failure(60_000)
    assert breaker.state == "closed"


def test_an_event_leaves_the_window_a_millisecond_after_its_age_is_the_window():
    breaker = closed(error_rate_window_seconds=1)
    breaker.record_success(0)
    breaker.record_failure(1000)
    assert breaker.error_rate == 0.5
    breaker.record_failure(1001)
    assert breaker.error_rate == 1.0


def test_the_rate_is_compared_as_a_quotient():
    breaker = closed(failure_threshold=100, error_rate_threshold=0.1)
    for _ in range(9):
        breaker.record_success(0)
    breaker.record_failure(0)
    assert breaker.state == "open"  # 1 / 10 is the float 0.1


def test_the_row_of_failures_is_named_before_the_rate():
    seen = []
    breaker = Breaker(
        {"failure_threshold": 1, "error_rate_threshold": 0.5}, on_transition=lambda *moved: seen.append(moved)
    )
    breaker.record_failure(7)
    assert seen == [(7, "closed", "open", "failure_threshold_exceeded")]


# The operators' calls


@pytest.mark.parametrize("make", [closed, opened, half_opened])
def test_force_recovery_closes_and_keeps_probes_and_window(make):
    breaker = make()
    probes, window, rate = breaker.half_open_calls, breaker.window, breaker.error_rate
    breaker.force_recovery(2000)
    assert numbers(breaker) == ("closed", 0, 0, probes)
    assert (breaker.state_changed_at, breaker.window, breaker.error_rate) == (2000, window, rate)


@pytest.mark.parametrize("make", [closed, opened, half_opened])
def test_force_half_open_empties_the_window_and_keeps_the_counts(make):
    breaker = make()
    failures, successes, rate = breaker.failure_count, breaker.success_count, breaker.error_rate
    breaker.force_half_open(2000)
    assert numbers(breaker) == ("half_open", failures, successes, 0)
    assert (breaker.state_changed_at, breaker.window, breaker.error_rate) == (2000, (0, 0), rate)


@pytest.mark.parametrize("make", [closed, opened, half_opened])
def test_reset_zeroes_everything(make):
    breaker = make()
    breaker.reset(2000)
    assert numbers(breaker) == ("closed", 0, 0, 0)
    assert (breaker.state_changed_at, breaker.window, breaker.error_rate) == (2000, (0, 0), 0.0)


def test_an_operators_call_is_no_transition_that_the_router_counts():
    seen = []
    breaker = Breaker(POLICY, on_transition=lambda *moved: seen.append(moved))
    breaker.force_half_open(1)
    breaker.force_recovery(2)
    breaker.reset(3)
    assert seen == []


def test_every_transition_is_reported_with_its_reason():
    seen = []
    breaker = Breaker(
        {**POLICY, "failure_threshold": 9, "error_rate_threshold": 0.5},
        on_transition=lambda *moved: seen.append(moved),
    )
    breaker.record_failure(1)
    breaker.allow(1001)
    breaker.record_failure(1002)
    breaker.allow(2002)
    breaker.record_success(2003)
    breaker.record_success(2004)
    assert seen == [
        (1, "closed", "open", "error_rate_threshold_exceeded"),
        (1001, "open", "half_open", "timeout_elapsed"),
        (1002, "half_open", "open", "half_open_failure"),
        (2002, "open", "half_open", "timeout_elapsed"),
        (2004, "half_open", "closed", "success_threshold_met"),
    ]


# Clocks and numbers that make no sense


def test_a_clock_that_steps_back_prolongs_the_open_state():
    breaker = opened()
    assert not breaker.allow(-5000)
    assert not breaker.allow(1009)
    assert breaker.allow(1010)


def test_events_from_the_future_stay_in_the_window():
    breaker = closed(error_rate_window_seconds=1)
    breaker.record_success(10_000)
    breaker.record_failure(0)
    assert breaker.window == (2, 1)
    breaker.record_success(1001)  # the failure at 0 is now too old, the success at 10000 is not
    assert breaker.window == (2, 0)


def test_a_window_of_zero_seconds_holds_only_the_present_millisecond():
    breaker = closed(error_rate_window_seconds=0)
    breaker.record_success(5)
    breaker.record_failure(5)
    assert breaker.error_rate == 0.5
    breaker.record_failure(6)
    assert breaker.error_rate == 1.0


def test_a_negative_window_holds_nothing_and_its_rate_is_zero():
    breaker = closed(error_rate_window_seconds=-1)
    breaker.record_failure(5)
    assert (breaker.window, breaker.error_rate) == ((0, 0), 0.0)


@pytest.mark.parametrize("threshold", [0, -1])
def test_a_failure_threshold_of_nothing_opens_on_the_first_failure(threshold):
    breaker = closed(failure_threshold=threshold)
    breaker.record_success(0)
    breaker.record_failure(1)
    assert breaker.state == "open"


@pytest.mark.parametrize("timeout", [0, -1])
def test_a_timeout_of_nothing_never_denies_when_open(timeout):
    breaker = opened(timeout_ms=timeout)
    assert breaker.allow(10)
    assert breaker.state == "half_open"


@pytest.mark.parametrize("calls", [0, -1])
def test_without_probes_half_open_denies_for_ever(calls):
    breaker = opened(half_open_max_calls=calls)
    assert [breaker.allow(at) for at in (1010, 10**6, 10**12)] == [False] * 3
    assert breaker.state == "half_open"


@pytest.mark.parametrize("threshold", [0, -1])
def test_a_success_threshold_of_nothing_closes_on_the_first_success(threshold):
    breaker = half_opened(success_threshold=threshold)
    breaker.record_success(1011)
    assert breaker.state == "closed"


def test_fractions_are_compared_exactly():
    breaker = opened(timeout_ms=999.5)
    assert not breaker.allow(1009)
    assert breaker.allow(1010)


def test_huge_numbers_are_only_numbers():
    breaker = closed(failure_threshold=10**30, timeout_ms=10**30, error_rate_window_seconds=1e299)
    for at in (0, 10**15):
        breaker.record_failure(at)
    assert (breaker.state, breaker.window) == ("closed", (2, 2))


def test_new_numbers_apply_to_the_circuit_as_it_stands():
    breaker = closed()
    breaker.record_failure(1)
    breaker.record_failure(2)
    breaker.configure({"failure_threshold": 3, "timeout_ms": 5})
    breaker.record_failure(3)
    assert breaker.state == "open"
    assert breaker.allow(8)
    assert breaker.policy.timeout_ms == 5


def test_a_parsed_policy_is_taken_as_well_as_a_block():
    assert Breaker(BreakerPolicy(timeout_ms=7)).policy == Breaker({"timeout_ms": 7}).policy


def test_enabled_plays_no_part():
    breaker = Breaker({"enabled": False, "failure_threshold": 1})
    breaker.record_failure(0)
    assert not breaker.allow(1)


def test_the_latency_threshold_is_inert():
    breaker = closed(latency_threshold_ms=0)
    breaker.record_failure(10**6)
    assert breaker.state == "closed"


def test_the_cost_of_an_operation_does_not_grow_with_the_window():
    def lines_run(results: int) -> int:
        breaker = closed(error_rate_window_seconds=10**6)
        for at in range(results):
            breaker.record_success(at)
        lines = 0

        def count(_frame, event, _arg):
            nonlocal lines
            lines += event == "line"
            return count

        before = sys.gettrace()
        sys.settrace(count)
        try:
            breaker.allow(results)
            breaker.record_success(results)
        finally:
            sys.settrace(before)
        return lines

    assert lines_run(20_000) == lines_run(10)
