"""Policy checks on recovery: each finding beside what the engine does."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbops.breaker import Breaker, Trace, rehearse, replay
from cbops.breaker.checks import TrafficFacts, check_policy
from cbops.breaker.checks.data import wedge_chance
from cbops.model.checking import PolicyFinding
from cbops.model.policy import CANARY_BLOCK

# Opens on the third failure in a row, never on the rate.
STREAK = {"failure_threshold": 3, "error_rate_threshold": 2, "timeout_ms": 1000}


def found(code: str, block: dict, **facts) -> list[PolicyFinding]:
    return [each for each in check_policy(block, None, TrafficFacts(**facts)) if each.code == code]


def one(code: str, block: dict, **facts) -> PolicyFinding:
    (finding,) = found(code, block, **facts)
    return finding


def moves(block: dict, rows: list[tuple[int, int, str]]) -> list[tuple[int, str]]:
    """(time, state) of each transition."""
    return [(at, target) for at, _, target, _ in replay(block, Trace.from_rows(rows)).transitions]


def recover(block: dict, outcomes: str, gap: int = 1) -> Breaker:
    """A circuit opened at 0 and asked again when its timeout is over; each admitted probe ends so at once."""
    breaker = Breaker(block)
    while breaker.state == "closed":
        breaker.record_failure(0)
    now = breaker.policy.timeout_ms
    for outcome in outcomes:
        if breaker.allow(now) and outcome == "s":
            breaker.record_success(now)
        elif outcome == "f":
            breaker.record_failure(now)
        now += gap
    return breaker


# never_closes


@given(successes=st.integers(-1, 6), probes=st.integers(-1, 6))
def test_never_closes_is_said_exactly_where_the_rehearsal_sticks(successes, probes):
    block = CANARY_BLOCK | {"success_threshold": successes, "half_open_max_calls": probes}
    errors = found("never_closes", block)
    assert bool(errors) is not rehearse(block).passed
    assert all(error.level == "error" for error in errors)


def test_the_fix_of_never_closes_closes():
    block = CANARY_BLOCK | {"success_threshold": 5}
    assert "half_open_max_calls to 6" in one("never_closes", block).fix
    assert rehearse(block | {"half_open_max_calls": 6}).passed


# no_lost_probe_tolerance


def test_one_probe_without_a_result_wedges_a_circuit_that_needs_them_all():
    block = CANARY_BLOCK | {"half_open_max_calls": 2}
    finding = one("no_lost_probe_tolerance", block)
    assert "how often that happens here is unknown" in finding.sentence
    assert recover(block, "l" + "s" * 1000).state == "half_open"
    assert not recover(block, "l" + "s" * 1000).allow(10**12)


def test_one_probe_more_tolerates_it():
    assert "half_open_max_calls to 3" in one("no_lost_probe_tolerance", {"half_open_max_calls": 2}).fix
    assert not found("no_lost_probe_tolerance", CANARY_BLOCK)
    assert recover(CANARY_BLOCK, "lss").state == "closed"


def test_known_shares_are_left_to_the_wedge_risk():
    finding = one("no_lost_probe_tolerance", {"half_open_max_calls": 2}, lost_share=0.1)
    assert "unknown" not in finding.sentence


# wedge_risk


def wedged(block: dict, share: float, tries: int = 3000) -> float:
    draw = random.Random(3)
    ends = ["".join("l" if draw.random() < share else "s" for _ in range(20)) for _ in range(tries)]
    return sum(recover(block, outcomes).state == "half_open" for outcomes in ends) / tries


@pytest.mark.parametrize(
    ("successes", "probes", "share", "level"),
    [
        (2, 3, 0.02, "info"),
        (2, 3, 0.2, "warning"),
        (2, 3, 0.6, "error"),
        (3, 3, 0.1, "warning"),
        (1, 1, 1, "error"),
    ],
)
def test_the_wedge_risk_is_how_often_the_engine_wedges(successes, probes, share, level):
    block = STREAK | {"success_threshold": successes, "half_open_max_calls": probes}
    assert wedge_chance(probes, successes, share) == pytest.approx(wedged(block, share), abs=0.03)
    finding = one("wedge_risk", block, ignored_share=share, lost_share=0)
    assert finding.level == level
    assert f"when more than {probes - successes} of {probes} probe" in finding.sentence
    assert f"{100 * wedge_chance(probes, successes, share):.1f} % of the recoveries" in finding.sentence


def test_the_fix_of_the_wedge_risk_makes_wedges_rare():
    block = STREAK | {"success_threshold": 2}
    assert "half_open_max_calls to 5" in one("wedge_risk", block, ignored_share=0.2, lost_share=0).fix
    assert wedged(block | {"half_open_max_calls": 5}, 0.2) < 0.01 < wedged(block, 0.2)


def test_where_no_number_of_probes_helps_the_fix_says_so():
    assert "No half_open_max_calls" in one("wedge_risk", CANARY_BLOCK, ignored_share=0.99).fix


def test_a_share_that_is_half_known_is_a_lower_bound():
    finding = one("wedge_risk", CANARY_BLOCK, ignored_share=0.2)
    assert "the share of lost ones is unknown" in finding.sentence
    assert finding.sentence.endswith("at least")
    assert "the share of ignored ones" in one("wedge_risk", CANARY_BLOCK, lost_share=0.2).sentence


def test_without_shares_or_with_shares_of_zero_there_is_no_wedge_risk_to_tell():
    assert not found("wedge_risk", CANARY_BLOCK)
    assert not found("wedge_risk", CANARY_BLOCK, ignored_share=0, lost_share=0)
    assert recover(CANARY_BLOCK, "sss").state == "closed"


@pytest.mark.parametrize(("share", "chance"), [(0.0, 0.0), (1.0, 1.0), (0.5, 0.5), (0.4, 0.0), (0.6, 1.0)])
def test_very_many_probes_are_weighed_by_the_normal_curve(share, chance):
    assert wedge_chance(10_001, 5001, share) == pytest.approx(chance, abs=0.01)


# closes_while_probing


def test_a_success_threshold_of_one_closes_while_the_other_probes_still_fail():
    rows = [
        (0, 0, "f"),
        (1, 0, "f"),
        (2, 0, "f"),
        (1002, 10, "s"),
        (1003, 500, "f"),
        (1004, 500, "f"),
        (1005, 500, "f"),
    ]
    block = STREAK | {"failure_threshold": 2, "success_threshold": 1}
    assert "up to 2 other probes" in one("closes_while_probing", block).sentence
    assert moves(block, rows)[1:] == [(1002, "half_open"), (1012, "closed"), (1504, "open")]
    two = block | {"success_threshold": 2}
    assert not found("closes_while_probing", two)
    assert moves(two, rows)[1:] == [(1002, "half_open"), (1503, "open")]


def test_a_single_probe_has_no_others_beside_it():
    assert not found("closes_while_probing", STREAK | {"success_threshold": 1, "half_open_max_calls": 1})


# residue_reopens

RESIDUE = {"failure_threshold": 3, "error_rate_threshold": 0.5, "error_rate_window_seconds": 60}


def after_recovery(block: dict) -> str:
    """The state after an outage that opens it, two good probes and one failure."""
    breaker = Breaker(block)
    while breaker.state == "closed":
        breaker.record_failure(0)
    for _ in range(2):
        assert breaker.allow(block["timeout_ms"])
        breaker.record_success(block["timeout_ms"])
    assert breaker.state == "closed"
    breaker.record_failure(block["timeout_ms"])
    return breaker.state


@pytest.mark.parametrize(("timeout", "state"), [(30_000, "open"), (60_000, "open"), (60_001, "closed")])
def test_old_failures_reopen_exactly_where_the_timeout_is_not_longer_than_the_window(timeout, state):
    block = RESIDUE | {"timeout_ms": timeout}
    assert after_recovery(block) == state
    assert bool(found("residue_reopens", block)) is (state == "open")


def test_the_shorter_window_of_the_fix_is_clean_after_closing():
    block = RESIDUE | {"timeout_ms": 30_000}
    finding = one("residue_reopens", block)
    assert finding.level == "warning"
    assert "3 failures, 2 good probes and one more failure the error rate is 0.67" in finding.sentence
    assert finding.fix == "Set timeout_ms above 60000, or error_rate_window_seconds to 29 or less."
    assert after_recovery(block | {"error_rate_window_seconds": 29}) == "closed"


def test_enough_probes_outweigh_the_old_failures_unless_more_come_in_while_it_is_open():
    block = RESIDUE | {"timeout_ms": 1000, "success_threshold": 5, "half_open_max_calls": 6}
    finding = one("residue_reopens", block)
    assert finding.level == "info"
    assert finding.fix == "Set timeout_ms above 60000."
    breaker = recover(block, "sssss")
    breaker.record_failure(1010)
    assert breaker.state == "closed"
    late = Breaker(block)
    for at in range(8):
        late.record_failure(at)
    for at in range(1000, 1005):
        assert late.allow(at)
        late.record_success(at)
    assert late.state == "closed"
    late.record_failure(1010)
    assert late.state == "open"


# flapping


def cycles(block: dict, failing_every: int) -> int:
    """Openings in an hour of a request a second of which each n-th fails."""
    rows = [(at * 1000, 0, "f" if at % failing_every == 0 else "s") for at in range(1, 3600)]
    return sum(state == "open" for _, state in moves(block, rows))


def test_good_probes_that_one_failure_outweighs_make_it_open_and_close_by_turns():
    block = RESIDUE | {"error_rate_window_seconds": 20, "timeout_ms": 30_000, "success_threshold": 1}
    finding = one("flapping", block)
    assert "error rate of 0.50, which reaches 0.5" in finding.sentence
    assert "success_threshold to 2" in finding.fix
    breaker = recover(block, "s")
    breaker.record_failure(30_001)
    assert breaker.state == "open"
    steadier = block | {"success_threshold": 2}
    assert not found("flapping", steadier)
    breaker = recover(steadier, "ss")
    breaker.record_failure(30_002)
    assert breaker.state == "closed"


def test_a_failure_threshold_of_one_flaps_on_a_failure_now_and_then():
    block = CANARY_BLOCK | {"failure_threshold": 1}
    assert one("flapping", block).fix == "Set failure_threshold to 3 or more."
    assert cycles(block, 25) > 50
    assert not found("flapping", CANARY_BLOCK)
    assert cycles(CANARY_BLOCK, 25) == 0


def outage(block: dict, every_ms: int) -> tuple[int, int]:
    """(denied, half-openings) of an outage with ten requests."""
    result = replay(block, Trace.from_rows([(at * every_ms, 0, "f") for at in range(10)]))
    return result.fail_fast, sum(target == "half_open" for _, _, target, _ in result.transitions)


def test_a_timeout_shorter_than_the_time_between_requests_denies_none():
    assert "the 150000 ms between two requests" in one("flapping", CANARY_BLOCK, busiest_rpm=0.4).sentence
    assert outage(CANARY_BLOCK, 150_000) == (0, 9)
    assert not found("flapping", CANARY_BLOCK, busiest_rpm=20)
    assert outage(CANARY_BLOCK, 3000) == (9, 0)


def test_a_timeout_of_zero_denies_none_at_any_traffic():
    block = CANARY_BLOCK | {"timeout_ms": 0}
    assert "goes half-open at once" in one("flapping", block, busiest_rpm=5000).sentence
    assert outage(block, 10) == (0, 9)


def test_without_traffic_nothing_is_denied():
    assert "the busiest hour has no traffic" in one("flapping", CANARY_BLOCK, busiest_rpm=0).sentence
    assert outage(CANARY_BLOCK, 10**9) == (0, 9)


# timeout_below_latency


@pytest.mark.parametrize(("late", "state"), [("s", "closed"), ("f", "open")])
def test_late_results_decide_the_half_open_state(late, state):
    block = STREAK | {"success_threshold": 2}
    assert "(2500 ms)" in one("timeout_below_latency", block, longest_latency_ms=2500).sentence
    old = [(0, 2500, late), (0, 2500, late)]
    rows = [*old, *[(1, 0, "f")] * 3, (2000, 10_000, "l")]
    assert moves(block, rows)[-2:] == [(2000, "half_open"), (2500, state)]


def test_a_timeout_as_long_as_the_longest_request_lets_no_late_result_decide():
    block = STREAK | {"timeout_ms": 2500}
    assert not found("timeout_below_latency", block, longest_latency_ms=2500)
    rows = [(0, 2500, "f"), *[(1, 0, "f")] * 3, (2501, 5, "s"), (2502, 5, "s")]
    assert moves(block, rows) == [(1, "open"), (2501, "half_open"), (2507, "closed")]


def test_an_unknown_latency_is_left_out():
    assert not found("timeout_below_latency", STREAK)
