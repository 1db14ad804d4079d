"""Policy checks on opening: each finding beside what the engine does."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cbops.breaker import Breaker, Trace, replay
from cbops.breaker.checks import TrafficFacts, check_policy
from cbops.breaker.checks.data import successes_beside
from cbops.model.checking import PolicyFinding
from cbops.model.policy import CANARY_BLOCK

RATES = st.sampled_from([0.1, 0.2, 0.25, 0.3, 1 / 3, 0.5, 0.6, 2 / 3, 0.7, 0.9, 1.0])


def found(code: str, block: dict, **facts) -> list[PolicyFinding]:
    return [each for each in check_policy(block, None, TrafficFacts(**facts)) if each.code == code]


def one(code: str, block: dict, **facts) -> PolicyFinding:
    (finding,) = found(code, block, **facts)
    return finding


def reasons(block: dict, rows: list[tuple[int, int, str]]) -> list[str]:
    return [reason for _, _, _, reason in replay(block, Trace.from_rows(rows)).transitions]


def opens_after(block: dict, outcomes: str, every_ms: int = 1) -> str | None:
    """The reason of the first opening, None when the circuit stays closed."""
    rows = [(number * every_ms, 0, outcome) for number, outcome in enumerate(outcomes)]
    return next(iter(reasons(block, rows)), None)


# window_zero


def test_a_window_of_zero_is_an_error_because_one_failure_among_thousands_opens():
    block = {"error_rate_window_seconds": 0, "failure_threshold": 10, "error_rate_threshold": 0.9}
    assert one("window_zero", block).level == "error"
    assert opens_after(block, "s" * 5000 + "f") == "error_rate_threshold_exceeded"
    assert opens_after(block | {"error_rate_window_seconds": 60}, "s" * 5000 + "f") is None


def test_a_window_of_zero_with_the_rate_off_harms_nobody():
    block = {"error_rate_window_seconds": 0, "failure_threshold": 10, "error_rate_threshold": 2}
    assert not found("window_zero", block)
    assert opens_after(block, "s" * 50 + "f" * 9) is None


# single_failure_opens


@given(rate=RATES | st.floats(0.001, 1))
def test_successes_beside_is_where_the_engine_stops_opening_on_one_failure(rate):
    block = {"failure_threshold": 10, "error_rate_threshold": rate}
    most = successes_beside(1, rate)
    assert opens_after(block, "s" * most + "f") == "error_rate_threshold_exceeded"
    assert opens_after(block, "s" * (most + 1) + "f") is None


@pytest.mark.parametrize(("rate", "bound"), [(5e-324, 999_999_999), (1, 0), (0.1, 9)])
def test_rates_beyond_reason_have_a_bound_too(rate, bound):
    assert successes_beside(1, rate) == bound


def test_the_canary_at_unknown_traffic_is_warned_of_single_failures():
    finding = one("single_failure_opens", CANARY_BLOCK)
    assert finding.level == "warning"
    assert "the last 60 s hold at most 1 success " in finding.sentence
    assert "the traffic is unknown" in finding.sentence


def test_a_failure_threshold_of_one_opens_on_any_failure_at_any_traffic():
    block = CANARY_BLOCK | {"failure_threshold": 1}
    assert "every failure opens" in one("single_failure_opens", block, quietest_rpm=5000).sentence
    assert opens_after(block, "s" * 5000 + "f") == "failure_threshold_exceeded"


def lone_failures(block: dict, rpm: float, unrecorded: float, tries: int = 2000) -> float:
    """The share of lone failures that open a circuit with this random traffic before them."""
    draw = random.Random(7)
    opened = 0
    for _ in range(tries):
        breaker, now, end = Breaker(block), 0.0, 4 * 60_000
        while (now := now + draw.expovariate(rpm / 60_000)) < end:
            if draw.random() >= unrecorded:
                breaker.record_success(int(now))
        breaker.record_failure(end)
        opened += breaker.state == "open"
    return opened / tries


@pytest.mark.parametrize(
    ("rpm", "unrecorded", "told"),
    [(0.4, 0.0, "93.8 %"), (3, 0.0, "19.9 %"), (5, 0.4, "19.9 %"), (5, 0.0, "4.0 %")],
)
def test_the_share_of_lone_failures_that_open_is_that_of_the_engine(rpm, unrecorded, told):
    finding = one("single_failure_opens", CANARY_BLOCK, quietest_rpm=rpm, ignored_share=unrecorded)
    assert told in finding.sentence
    share = float(told.split()[0]) / 100
    assert lone_failures(CANARY_BLOCK, rpm, unrecorded) == pytest.approx(share, abs=0.035)


def test_the_window_that_the_fix_names_makes_single_failures_rare():
    fix = one("single_failure_opens", CANARY_BLOCK, quietest_rpm=4).fix
    assert "error_rate_window_seconds to 120" in fix
    longer = CANARY_BLOCK | {"error_rate_window_seconds": 120}
    assert not found("single_failure_opens", longer, quietest_rpm=4)
    assert lone_failures(longer, 4, 0) < 0.01 < lone_failures(CANARY_BLOCK, 4, 0)


def test_where_no_window_helps_the_fix_says_so():
    assert "No window up to 300 s" in one("single_failure_opens", CANARY_BLOCK, quietest_rpm=0.1).fix


def test_enough_traffic_in_the_quietest_hour_silences_the_rule():
    assert not found("single_failure_opens", CANARY_BLOCK, quietest_rpm=50)
    assert opens_after(CANARY_BLOCK, "s" * 50 + "f", every_ms=1200) is None


def test_enough_traffic_on_average_leaves_the_quietest_hour_to_be_asked_for():
    finding = one("single_failure_opens", CANARY_BLOCK, mean_rpm=50)
    assert finding.level == "info"
    assert "the quietest hour is unknown" in finding.sentence


def test_a_rate_above_one_half_still_opens_on_a_failure_that_is_alone():
    block = CANARY_BLOCK | {"error_rate_threshold": 0.6}
    assert "hold no success" in one("single_failure_opens", block).sentence
    assert opens_after(block, "f") == "error_rate_threshold_exceeded"
    assert opens_after(block, "sf") is None


# consecutive_shadowed


@given(rate=RATES, failures=st.integers(2, 12))
def test_the_bound_of_the_shadow_is_where_the_engine_changes_its_reason(rate, failures):
    block = {"failure_threshold": failures, "error_rate_threshold": rate}
    bound = successes_beside(failures - 1, rate)
    assert opens_after(block, "s" * bound + "f" * failures) == "error_rate_threshold_exceeded"
    assert opens_after(block, "s" * (bound + 1) + "f" * failures) == "failure_threshold_exceeded"
    told = f"more than {bound} success"
    assert told in one("consecutive_shadowed", block).sentence


@pytest.mark.parametrize(
    ("facts", "level", "words"),
    [
        ({}, "info", "is unknown"),
        ({"busiest_rpm": 4}, "warning", "even the busiest hour (4 req/min) leaves about 4 there"),
        ({"busiest_rpm": 40, "quietest_rpm": 2}, "info", "the quietest hour (2 req/min) leaves about 2"),
        ({"mean_rpm": 40}, "info", "the quietest hour is unknown"),
    ],
)
def test_the_shadow_is_told_with_the_traffic(facts, level, words):
    finding = one("consecutive_shadowed", CANARY_BLOCK, **facts)
    assert finding.level == level
    assert words in finding.sentence


def test_the_shadow_is_gone_at_traffic_where_failures_in_a_row_decide():
    assert not found("consecutive_shadowed", CANARY_BLOCK, busiest_rpm=40, quietest_rpm=20)
    assert opens_after(CANARY_BLOCK, "s" * 20 + "f" * 5, every_ms=3000) == "failure_threshold_exceeded"


# rate_never_acts


@given(outcomes=st.text("sf", max_size=60))
@settings(max_examples=50)
def test_a_rate_above_one_opens_nothing_whatever_the_results(outcomes):
    block = {"error_rate_threshold": 1.01, "failure_threshold": 1000}
    assert one("rate_never_acts", block).level == "warning"
    assert opens_after(block, outcomes) is None


def test_a_rate_in_percent_is_suspected():
    assert "write 0.5" in one("rate_never_acts", {"error_rate_threshold": 50}).fix
    assert "If " not in one("rate_never_acts", {"error_rate_threshold": 1000}).fix


def test_a_negative_window_keeps_the_rate_at_zero():
    block = {"error_rate_window_seconds": -1, "failure_threshold": 1000}
    assert "keeps no result" in one("rate_never_acts", block).sentence
    assert opens_after(block, "f" * 500) is None


def test_a_failure_threshold_of_one_leaves_nothing_to_the_rate():
    block = {"failure_threshold": 1}
    assert one("rate_never_acts", block).level == "info"
    assert opens_after(block, "f") == "failure_threshold_exceeded"


@given(
    outcomes=st.text("sfff", min_size=1, max_size=80),
    row=st.integers(2, 5),
    rate=st.sampled_from([0.6, 0.7, 0.76, 0.8, 0.85, 0.95]),
    held=st.integers(5, 20),
)
@settings(max_examples=300)
def test_where_the_rate_is_said_to_come_too_late_only_failures_in_a_row_open(outcomes, row, rate, held):
    block = {"failure_threshold": row, "error_rate_threshold": rate}
    if found("rate_never_acts", block, quietest_rpm=held):
        warmed = "s" * held + outcomes
        # `held` results in 60 s: the window's both ends are kept, so a little less than a minute over them.
        assert opens_after(block, warmed, every_ms=60_000 // held) in (None, "failure_threshold_exceeded")


@pytest.mark.parametrize(("row", "held", "highest"), [(3, 5, 4 / 5), (2, 7, 4 / 7), (4, 11, 9 / 11)])
def test_the_highest_rate_short_of_a_row_is_reached_and_not_passed(row, held, highest):
    turns = "s" * held + ("f" * (row - 1) + "s") * 10
    every_ms = 60_000 // held + 1  # the window then holds `held` results, no more
    reached = {"failure_threshold": row, "error_rate_threshold": highest}
    assert not found("rate_never_acts", reached, quietest_rpm=held)
    assert opens_after(reached, turns, every_ms) == "error_rate_threshold_exceeded"
    passed = reached | {"error_rate_threshold": highest + 0.001}
    assert found("rate_never_acts", passed, quietest_rpm=held)
    assert opens_after(passed, turns, every_ms) is None


def test_where_the_rate_is_not_said_to_come_too_late_it_decides():
    late = {"failure_threshold": 3, "error_rate_threshold": 0.7}
    in_time = late | {"error_rate_threshold": 0.6}
    facts = {"quietest_rpm": 60}
    assert "0.68 at most" in one("rate_never_acts", late, **facts).sentence
    assert not found("rate_never_acts", in_time, **facts)
    turns = "s" * 60 + "ffs" * 60
    assert opens_after(late, turns, every_ms=1000) is None
    assert opens_after(in_time, turns, every_ms=1000) == "error_rate_threshold_exceeded"


# stale_streak


def test_a_streak_of_hours_opens_a_circuit_without_a_rate():
    block = {"error_rate_threshold": 2, "failure_threshold": 3}
    finding = one("stale_streak", block, quietest_rpm=0.01)
    assert "about 200 minutes" in finding.sentence
    hour = 3_600_000
    rows = [(0, 0, "f"), (hour, 0, "i"), (2 * hour, 0, "f"), (9 * hour, 0, "l"), (9 * hour, 0, "f")]
    assert reasons(block, rows) == ["failure_threshold_exceeded"]


@pytest.mark.parametrize(
    ("facts", "words"), [({}, "is unknown"), ({"quietest_rpm": 0}, "has no traffic, so a streak outlives it")]
)
def test_a_stale_streak_is_told_without_traffic_too(facts, words):
    assert words in one("stale_streak", {"error_rate_window_seconds": -1}, **facts).sentence


@given(
    gaps=st.lists(st.integers(0, 100_000), min_size=1, max_size=40),
    outcomes=st.lists(st.sampled_from("sfffi"), min_size=40, max_size=40),
    rate=RATES,
)
@settings(max_examples=300)
def test_with_a_rate_an_old_streak_opens_nothing_that_the_rate_would_not(gaps, outcomes, rate):
    block = {"error_rate_threshold": rate, "failure_threshold": 3}
    assert not found("stale_streak", block)
    breaker, by_rate_alone = Breaker(block), Breaker(block | {"failure_threshold": 10**9})
    now, began = 0, None
    for gap, outcome in zip(gaps, outcomes, strict=False):
        now += gap
        if outcome == "s":
            breaker.record_success(now)
            by_rate_alone.record_success(now)
            began = None
        elif outcome == "f":
            breaker.record_failure(now)
            by_rate_alone.record_failure(now)
            began = now if began is None else began
        if breaker.state == "open":
            assert now - began <= 60_000 or by_rate_alone.state == "open"
            return
