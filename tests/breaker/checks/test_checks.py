"""Policy checks: shape of the block, surroundings, order; each finding beside what the engine does."""

from __future__ import annotations

import pytest
from check_blocks import BLOCKS, FACTS
from hypothesis import given, settings

from cbops.breaker import Breaker, Circuits, Trace, replay
from cbops.breaker.checks import TrafficFacts, check_policy
from cbops.breaker.checks.data import at_most, percent
from cbops.breaker.checks.surroundings import band_of
from cbops.errors import PolicyError
from cbops.model.checking import PolicyFinding
from cbops.model.policy import CANARY_BLOCK, parse_block


def found(code: str, block: dict, document=None, **facts) -> list[PolicyFinding]:
    return [each for each in check_policy(block, document, TrafficFacts(**facts)) if each.code == code]


def one(code: str, block: dict, document=None, **facts) -> PolicyFinding:
    (finding,) = found(code, block, document, **facts)
    return finding


def opens_at(block: dict, outcomes: str, every_ms: int = 1) -> int | None:
    """The number of the request that opens the circuit, None where none does."""
    rows = [(number * every_ms, 0, outcome) for number, outcome in enumerate(outcomes)]
    first = next(iter(replay(block, Trace.from_rows(rows)).transitions), None)
    return None if first is None else first[0] // every_ms


# unknown_key


def test_every_unknown_key_is_an_error_with_a_guess_and_the_engine_refuses_it():
    block = {"timeout": 5, "sucess_threshold": 4, "colour": 1}
    unknown = found("unknown_key", block)
    assert [each.level for each in unknown] == ["error"] * 3
    assert [each.fix for each in unknown[:2]] == [
        "Did you mean 'timeout_ms'?",
        "Did you mean 'success_threshold'?",
    ]
    assert unknown[2].fix.startswith("Known are enabled")
    with pytest.raises(PolicyError):
        Breaker(block)


def test_a_key_that_is_no_text_is_unknown_too():
    assert "'5'" in one("unknown_key", {5: 1}).sentence


def test_a_mistyped_key_leaves_the_routers_value_in_force():
    # success_threshold 9 would never close; the router never sees it.
    assert not found("never_closes", {"sucess_threshold": 9})


# wrong_type


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("enabled", 1, "true or false"),
        ("timeout_ms", "30000", "a whole number"),
        ("failure_threshold", 2.5, "a whole number"),
        ("success_threshold", True, "a whole number"),
        ("half_open_max_calls", None, "a whole number"),
        ("error_rate_threshold", "0.5", "a number"),
        ("error_rate_threshold", float("nan"), "a number"),
        ("error_rate_threshold", float("inf"), "a number"),
        ("error_rate_window_seconds", [60], "a whole number"),
        ("latency_threshold_ms", "slow", "a whole number or null"),
    ],
)
def test_a_value_of_a_wrong_type_is_an_error_that_enabling_refuses_too(field, value, wanted):
    finding = one("wrong_type", {field: value})
    assert finding.level == "error"
    assert finding.sentence.endswith(f"not {wanted}")
    with pytest.raises(PolicyError):
        parse_block({field: value})
    if value != 2.5:  # the state machine can count with fractions
        with pytest.raises(PolicyError):
            Breaker({field: value})


def test_rules_that_read_a_wrong_value_are_left_out_and_others_are_not():
    codes = {
        each.code for each in check_policy({"success_threshold": "9", "timeout_ms": 0}, None, TrafficFacts())
    }
    assert codes == {"wrong_type", "single_failure_opens", "consecutive_shadowed"}


def test_a_block_that_is_no_object_is_an_error():
    assert "circuit_breaker is [5], not an object" in one("wrong_type", {}, {"circuit_breaker": [5]}).sentence
    assert not found("wrong_type", {}, {"circuit_breaker": None})


# threshold_out_of_range


@pytest.mark.parametrize(
    ("field", "below", "least"),
    [("failure_threshold", 0, 1), ("success_threshold", 0, 1), ("timeout_ms", -5, 0)],
)
def test_a_number_below_its_range_acts_like_the_least_one(field, below, least):
    assert one("threshold_out_of_range", {field: below}).level == "error"
    assert not found("threshold_out_of_range", {field: least})
    rows = [(at * 997, 400, "sfssfffsss"[at % 10]) for at in range(400)]
    block = {"error_rate_threshold": 0.6, "timeout_ms": 3000}
    trace = Trace.from_rows(rows)
    assert replay(block | {field: below}, trace) == replay(block | {field: least}, trace)


def test_a_negative_window_is_out_of_range_and_holds_nothing():
    block = {"error_rate_window_seconds": -1, "failure_threshold": 99}
    assert "always empty" in one("threshold_out_of_range", block).sentence
    breaker = Breaker(block)
    breaker.record_failure(5)
    assert (breaker.window, breaker.error_rate) == ((0, 0), 0.0)


@pytest.mark.parametrize("rate", [0, -0.5])
def test_a_rate_that_is_not_above_zero_opens_on_every_failure(rate):
    block = {"error_rate_threshold": rate, "failure_threshold": 99}
    assert "every failure opens" in one("threshold_out_of_range", block).sentence
    assert opens_at(block, "s" * 500 + "f") == 500


def test_a_latency_threshold_of_zero_is_out_of_range():
    assert "every latency" in one("threshold_out_of_range", {"latency_threshold_ms": 0}).sentence


@pytest.mark.parametrize("field", ["timeout_ms", "failure_threshold", "latency_threshold_ms"])
def test_a_number_that_no_breaker_can_count_with_is_out_of_range(field):
    block = {field: 10**400}
    assert "more than a breaker can count with" in one("threshold_out_of_range", block).sentence
    with pytest.raises(PolicyError):
        Breaker(block)


# latency


def test_a_latency_threshold_changes_nothing_without_the_gauge():
    block = CANARY_BLOCK | {"latency_threshold_ms": 100}
    finding = one("latency_threshold_inert", block)
    assert finding.level == "warning"
    assert "another tenant's or provider's latency" in finding.sentence
    assert not found("latency_threshold_inert", CANARY_BLOCK)
    slow = Trace.from_rows([(at * 5000, 60_000, "ssssf"[at % 5]) for at in range(300)])
    assert replay(block, slow) == replay(CANARY_BLOCK, slow)


# no_fallback

TWO = [{"name": "openai", "weight": 60}, {"name": "anthropic", "weight": 40}]


@pytest.mark.parametrize(
    ("document", "facts", "words"),
    [
        ({"providers": TWO[:1]}, {}, "another provider than openai:"),
        ({"providers": TWO, "fallbacks": [{"to": "anthropic"}]}, {}, "another provider than anthropic:"),
        ({"providers": TWO}, {}, "another provider than openai, anthropic:"),
        ({}, {}, "has no fallback:"),
        *[
            ({"providers": TWO[:1], "fallbacks": fallbacks}, {}, "another provider than openai:")
            for fallbacks in ([], None, "odd", [{"to": 3}], [{"to": "openai"}])
        ],
        (None, {"has_fallback": False}, "has no fallback:"),
        ({"fallbacks": [{"to": "x"}]}, {"has_fallback": False}, "has no fallback:"),
    ],
)
def test_a_policy_without_a_fallback_is_warned_of(document, facts, words):
    assert words in one("no_fallback", CANARY_BLOCK, document, **facts).sentence


@pytest.mark.parametrize(
    ("document", "facts"),
    [
        (None, {}),
        (None, {"has_fallback": True}),
        ({"providers": TWO}, {"has_fallback": True}),
        ({"providers": TWO[:1], "fallbacks": [{"to": "anthropic"}]}, {}),
        ({"fallbacks": [{"to": "anthropic"}]}, {}),
    ],
)
def test_a_fallback_or_nothing_known_is_silent(document, facts):
    assert not found("no_fallback", CANARY_BLOCK, document, **facts)


def test_what_needs_the_fallback_is_all_that_an_open_circuit_denies():
    # The engine only denies: each of these 29 is sent all the same where there is nowhere else to go.
    result = replay(CANARY_BLOCK, Trace.from_rows([(at * 1000, 0, "f") for at in range(30)]))
    assert (result.allowed, result.fail_fast) == (1, 29)


# probes_together


def test_tenants_with_one_timeout_probe_in_the_same_moment():
    assert "up to 12 requests" in one("probes_together", CANARY_BLOCK, tenants_on_timeout=4).sentence
    assert probes_at(30_000, [30_000] * 4) == 12
    assert probes_at(30_000, [30_000, 32_000, 34_000, 36_000]) == 3


def probes_at(instant: int, timeouts: list[int]) -> int:
    """Requests admitted at this instant by circuits that one outage opened at 0."""
    circuits = Circuits()
    policies = {f"tenant_{number}": CANARY_BLOCK | {"timeout_ms": ms} for number, ms in enumerate(timeouts)}
    for tenant, policy in policies.items():
        circuits.allow(tenant, "openai", policy, 0)
        circuits.record(tenant, "openai", "failure", 0)
    return sum(
        circuits.allow(t, "openai", policy, instant) for t, policy in policies.items() for _ in range(5)
    )


@pytest.mark.parametrize("tenants", [None, 0, 1])
def test_a_tenant_alone_with_its_timeout_is_silent(tenants):
    assert not found("probes_together", CANARY_BLOCK, tenants_on_timeout=tenants)


# outside_band


@pytest.mark.parametrize(
    ("rpm", "name"), [(0, "low"), (99.9, "low"), (100, "medium"), (1000, "medium"), (1000.1, "high")]
)
def test_the_bands_are_those_of_the_domain(rpm, name):
    assert band_of(rpm).name.startswith(name)


def test_each_threshold_outside_the_band_is_told():
    block = {
        "failure_threshold": 20,
        "error_rate_threshold": 0.7,
        "error_rate_window_seconds": 300,
        "timeout_ms": 90_000,
    }
    outside = found("outside_band", block, busiest_rpm=20)
    assert [each.sentence.split()[0] for each in outside] == list(block)
    assert {each.level for each in outside} == {"info"}
    assert not found("outside_band", block, busiest_rpm=2000)
    assert not found("outside_band", block)
    assert not found("outside_band", CANARY_BLOCK, busiest_rpm=20)
    assert "is below" in found("outside_band", CANARY_BLOCK, busiest_rpm=2000)[0].sentence


def test_the_high_band_at_low_traffic_lets_more_of_an_outage_through():
    high = {"failure_threshold": 20, "error_rate_threshold": 0.7, "error_rate_window_seconds": 300}
    assert found("outside_band", high, busiest_rpm=20)
    outage = "s" * 200 + "f" * 60  # 20 requests a minute
    assert opens_at(CANARY_BLOCK, outage, 3000) == 204
    assert opens_at(high, outage, 3000) == 219


def test_the_low_band_at_high_traffic_opens_on_a_blip():
    low = {"failure_threshold": 5, "error_rate_threshold": 0.5, "error_rate_window_seconds": 60}
    high = {"failure_threshold": 15, "error_rate_threshold": 0.6, "error_rate_window_seconds": 120}
    assert found("outside_band", low, busiest_rpm=2000)
    blip = "s" * 2000 + "f" * 8 + "s" * 200  # a quarter of a second of 2000 requests a minute
    assert opens_at(low, blip, 30) == 2004
    assert opens_at(high, blip, 30) is None


# the whole


def test_a_policy_that_fits_its_traffic_has_no_findings():
    block = {**CANARY_BLOCK, "timeout_ms": 61_000, "half_open_max_calls": 5}
    facts = {"ignored_share": 0.0, "lost_share": 0.0, "longest_latency_ms": 20_000, "tenants_on_timeout": 1}
    traffic = {"quietest_rpm": 40, "mean_rpm": 60, "busiest_rpm": 90}
    document = {"providers": TWO[:1], "fallbacks": [{"to": "anthropic"}]}
    found_all = check_policy(block, document, TrafficFacts(**facts, **traffic))
    assert [(each.code, each.sentence.split()[0]) for each in found_all] == [("outside_band", "timeout_ms")]


def test_errors_come_first_and_the_order_of_the_block_changes_nothing():
    block = {"half_open_max_calls": 0, "failure_threshold": 1, "timeout_ms": -1, "latency_threshold_ms": 5}
    turned = dict(reversed(block.items()))
    first = check_policy(block, {}, TrafficFacts(mean_rpm=3))
    assert first == check_policy(turned, {}, TrafficFacts(mean_rpm=3))
    levels = [each.level for each in first]
    assert levels == sorted(levels, key=["error", "warning", "info"].index)
    assert [each.code for each in first[:2]] == ["threshold_out_of_range", "never_closes"]


@given(block=BLOCKS, facts=FACTS)
@settings(max_examples=400)
def test_no_block_and_no_traffic_breaks_the_check(block, facts):
    for finding in check_policy(block, None, facts):
        assert finding.sentence
        assert finding.fix.endswith((".", "?"))
        assert " nan" not in finding.sentence or finding.code == "wrong_type"


@given(block=BLOCKS)
@settings(max_examples=200)
def test_a_block_without_findings_of_shape_is_one_that_enabling_takes(block):
    shape = [*found("unknown_key", block), *found("wrong_type", block)]
    try:
        parse_block(block)
    except PolicyError:
        assert shape
    else:
        assert not shape


def test_chances_of_many_requests_agree_with_the_sum():
    assert at_most(680, 700) == pytest.approx(0.231, abs=0.002)
    assert at_most(680, 701) == pytest.approx(0.220, abs=0.002)
    assert at_most(10**18, 5) == 1.0


def test_small_shares_are_not_rounded_to_nothing():
    assert [percent(0), percent(0.0004), percent(0.25)] == ["0.0 %", "under 0.1 %", "25.0 %"]
