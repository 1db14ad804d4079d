"""What a search tries."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cbops.breaker import Settings, resolve
from cbops.breaker.checks.surroundings import HIGH, LOW, MEDIUM
from cbops.breaker.search.space import (
    MOST_POLICIES,
    Candidate,
    default_space,
    distance,
    policies,
    steps_away,
    usual_block,
)
from cbops.errors import InputError, PolicyError
from cbops.model.policy import CANARY_BLOCK, parse_block
from cbops.model.space import MOST_VALUES, SearchSpace


def space(**fields):
    return SearchSpace.model_validate(fields)


def complaint(**fields):
    with pytest.raises(ValidationError) as raised:
        space(**fields)
    return raised.value.errors()[0]["msg"].removeprefix("Value error, ")


def test_a_list_is_put_in_order_and_doubles_are_dropped() -> None:
    assert space(failure_threshold=[5, 3, 5]).fields == {"failure_threshold": (3, 5)}


def test_one_value_is_a_list_of_one() -> None:
    assert space(timeout_ms=5000).fields == {"timeout_ms": (5000,)}


def test_a_range_counts_on_by_adding_in_decimals() -> None:
    given_range = {"from": 0.5, "to": 0.8, "step": 0.1}
    assert space(error_rate_threshold=given_range).fields == {"error_rate_threshold": (0.5, 0.6, 0.7, 0.8)}


def test_a_range_ends_before_a_value_beyond_its_end() -> None:
    assert space(failure_threshold={"from": 3, "to": 8, "step": 2}).failure_threshold == (3, 5, 7)


def test_a_range_with_a_factor_multiplies_and_rounds_whole_numbers() -> None:
    # 1000, 1500, 2250, 3375, 5062.5 (rounded half to even), 7593.75; then 11390 is beyond.
    made = space(timeout_ms={"from": 1000, "to": 9000, "factor": 1.5})
    assert made.timeout_ms == (1000, 1500, 2250, 3375, 5062, 7594)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("failure_threshold", "three", "should be a list of values, or a range"),
        ("failure_threshold", True, "should be a list of values, or a range"),
        ("failure_threshold", [], "should hold at least one value"),
        ("failure_threshold", [1] * (MOST_VALUES + 1), "should hold at most 1000 values, not 1001"),
        ("failure_threshold", {"from": 1, "to": 3}, "should be a list of values, or a range"),
        ("failure_threshold", {"from": 1, "to": 3, "step": 1, "factor": 2}, "should be a list of values, or"),
        (
            "failure_threshold",
            {"from": 1, "to": 3, "step": 0},
            "is a range without values: step must be above 0",
        ),
        ("failure_threshold", {"from": 3, "to": 1, "step": 1}, "is a range without values"),
        ("timeout_ms", {"from": 0, "to": 9, "factor": 2}, "factor must be above 1, from above 0"),
        ("timeout_ms", {"from": 1, "to": 9, "factor": 1}, "factor must be above 1, from above 0"),
        ("timeout_ms", {"from": 1, "to": 9999, "step": 1}, "is a range of more than 1000 values"),
        ("timeout_ms", {"from": "a", "to": 9999, "step": 1}, "has a range whose 'from' is 'a', not a number"),
        ("timeout_ms", {"from": 1, "to": 1e300, "step": 1}, "has a range whose 'to' is 1e+300, not a number"),
        ("timeout_ms", {"from": 1, "to": 3, "step": 0.5}, "Input should be a valid integer"),
        ("failure_threshold", [0], "Input should be greater than or equal to 1"),
        ("error_rate_threshold", [1.01], "Input should be less than or equal to 1"),
        ("error_rate_threshold", [0], "Input should be greater than 0"),
        ("error_rate_threshold", ["0.5"], "Input should be a valid number"),
        ("latency_threshold_ms", [100], "Extra inputs are not permitted"),
    ],
)
def test_a_wrong_space_is_refused_with_what_is_wrong(field: str, value: object, said: str) -> None:
    assert complaint(**{field: value}).startswith(said.removesuffix(":")) or said in complaint(
        **{field: value}
    )


def test_fields_left_out_keep_the_base_values() -> None:
    base = {**CANARY_BLOCK, "half_open_max_calls": 7}
    made = policies(space(failure_threshold=[3, 9]), base, ())
    assert [each.block for each in made.candidates] == [
        {**base, "failure_threshold": 3},
        {**base, "failure_threshold": 9},
    ]
    assert (made.combinations, made.never_closing) == (2, 0)


def test_policies_that_can_never_close_are_left_out_and_counted() -> None:
    made = policies(space(success_threshold=[1, 2, 3], half_open_max_calls=[1, 2]), CANARY_BLOCK, ())
    closing = [
        (each.settings.success_threshold, each.settings.half_open_max_calls) for each in made.candidates
    ]
    assert closing == [(1, 1), (1, 2), (2, 2)]
    assert (made.combinations, made.never_closing) == (6, 3)


def test_a_space_in_which_nothing_can_close_is_refused() -> None:
    with pytest.raises(InputError, match="no policy of the search space can close"):
        policies(space(success_threshold=[5]), CANARY_BLOCK, ())


def test_a_space_that_is_too_large_is_refused_with_its_sizes() -> None:
    wide = {"from": 1, "to": 200, "step": 1}
    with pytest.raises(InputError) as raised:
        policies(space(failure_threshold=wide, timeout_ms=[*range(1, 102)]), CANARY_BLOCK, ())
    assert "holds 20,200 policies (200 failure_threshold × 101 timeout_ms)" in raised.value.message
    assert f"at most {MOST_POLICIES:,}" in raised.value.message
    assert "failure_threshold has the most" in raised.value.hint


def test_a_wrong_base_is_refused() -> None:
    with pytest.raises(PolicyError, match="unknown key 'failure_treshold'"):
        policies(space(timeout_ms=[1]), {"failure_treshold": 5}, ())


def test_a_policy_with_a_role_comes_first_and_is_scored_once() -> None:
    live = {**CANARY_BLOCK, "failure_threshold": 9}
    made = policies(space(failure_threshold=[3, 9]), CANARY_BLOCK, (("live", live), ("usual", CANARY_BLOCK)))
    told = [(each.settings.failure_threshold, each.roles, each.in_space) for each in made.candidates]
    assert told == [(9, ("live",), True), (5, ("usual",), False), (3, (), True)]


def test_one_policy_may_have_two_roles() -> None:
    made = policies(
        space(timeout_ms=[30000]), CANARY_BLOCK, (("live", CANARY_BLOCK), ("usual", CANARY_BLOCK))
    )
    assert [(each.roles, each.in_space) for each in made.candidates] == [(("live", "usual"), True)]


@pytest.mark.parametrize("band", [LOW, MEDIUM, HIGH], ids=["low", "medium", "high"])
def test_the_usual_space_of_a_band_holds_its_ends_and_fits(band) -> None:
    usual = default_space(band)
    made = policies(usual, CANARY_BLOCK, ())
    assert 200 <= len(made.candidates) <= 500
    for field in ("failure_threshold", "error_rate_window_seconds", "timeout_ms"):
        least, most = getattr(band, field)
        assert least in usual.fields[field] or least == 120_000
        assert min(usual.fields[field]) <= least
        assert most in usual.fields[field] or most == 120_000


def test_more_probes_are_tried_where_the_usual_ones_wedge_too_often() -> None:
    """With two successes needed of n probes, half of them lost: (n + 1) / 2^n is under 1 % from n = 11 on."""
    assert default_space(LOW, {}, 0.5).half_open_max_calls == (3, 5, 11)
    assert default_space(LOW, {}, 0.0).half_open_max_calls == (3, 5)
    assert default_space(LOW, {"success_threshold": 7}, 0.0).half_open_max_calls == (3, 5, 7)
    # Where next to nothing is recorded, no number of probes helps.
    assert default_space(LOW, {}, 0.99).half_open_max_calls == (3, 5)


def test_the_middle_of_a_band_is_rounded_up_to_whole_numbers() -> None:
    middle = usual_block(MEDIUM, {**CANARY_BLOCK, "half_open_max_calls": 4})
    # (5+10)/2, (0.5+0.6)/2, (60+120)/2, (30000+60000)/2; the rest is the base's
    assert middle == {
        "enabled": True,
        "failure_threshold": 8,
        "error_rate_threshold": 0.55,
        "error_rate_window_seconds": 90,
        "timeout_ms": 45000,
        "success_threshold": 2,
        "half_open_max_calls": 4,
    }
    parse_block(middle)


def test_the_distance_is_in_doublings_and_tenths_from_the_range_of_the_band() -> None:
    assert distance(resolve(CANARY_BLOCK), LOW) == 0
    away = {**CANARY_BLOCK, "failure_threshold": 10, "error_rate_window_seconds": 240, "timeout_ms": 15000}
    # 10 is one doubling above 5, 240 two above 60, 15000 one below 30000
    assert distance(resolve(away), LOW) == 4
    assert distance(resolve({**CANARY_BLOCK, "error_rate_threshold": 0.7}), LOW) == 2
    assert distance(resolve({**CANARY_BLOCK, "failure_threshold": 0}), LOW) > 30


def candidate(**fields: float) -> Candidate:
    block = {**CANARY_BLOCK, **fields}
    return Candidate(block, resolve(block))


def test_a_step_leads_to_the_next_values_of_each_field() -> None:
    tried = space(failure_threshold=[3, 5, 8], timeout_ms=[30000])
    assert [(field, value) for field, value, _ in steps_away(tried, candidate())] == [
        ("failure_threshold", 3),
        ("failure_threshold", 8),
    ]


def test_a_step_from_beside_the_space_leads_into_it() -> None:
    found = steps_away(space(failure_threshold=[3, 8]), candidate(failure_threshold=6))
    assert [numbers[0] for _, _, numbers in found] == [3, 8]
    assert all(numbers[1:] == candidate().numbers[1:] for _, _, numbers in found)


values = st.lists(st.integers(1, 9), min_size=1, max_size=4)


@given(values, values, values)
def test_every_combination_that_can_close_is_there_once(failures, successes, probes) -> None:
    tried = space(failure_threshold=failures, success_threshold=successes, half_open_max_calls=[*probes, 9])
    made = policies(tried, CANARY_BLOCK, ())
    expected = {(f, s, h) for f, s, h in product(failures, successes, [*probes, 9]) if s <= h}
    found = [
        (each.settings.failure_threshold, each.settings.success_threshold, each.settings.half_open_max_calls)
        for each in made.candidates
    ]
    assert len(found) == len(set(found))
    assert set(found) == expected
    assert made.combinations - made.never_closing == len(found)


def test_a_candidate_is_told_apart_by_the_fields_of_a_space_alone() -> None:
    block = {**CANARY_BLOCK, "enabled": False, "latency_threshold_ms": 5}
    assert Candidate(block, resolve(block)).numbers == candidate().numbers == (5, 0.5, 60, 30000, 2, 3)
    assert isinstance(candidate().settings, Settings)
