"""Between which values an expression lies, and how it is written and weakened."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbops.clients.promql import parse_promql
from cbops.measure.rules import rule_group
from cbops.measure.rules.known import Known
from cbops.measure.rules.printing import quoted, relaxed, text_of
from cbops.measure.rules.ranges import Ranges, always, never
from cbops.model.config import MetricsConfig
from cbops.model.promql import duration
from cbops.model.rules import RuleSettings

INF = math.inf
RANGES = Ranges(Known(MetricsConfig(), "router"))
STATE = "router_circuit_breaker_state"


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("3", 3, 3),
        ("NaN", -INF, INF),
        ("-(up)", -1, 0),
        ("-x", -INF, INF),
        ("x_total", 0, INF),
        ('{__name__=~"x_.*"}', -INF, INF),
        (f'{STATE}{{state="half_open"}}', 2, 2),
        (f'{STATE}{{state!="open"}}', 0, 2),
        ("rate(x[5m])", 0, INF),
        ("delta(x[5m])", -INF, INF),
        ("time()", -INF, INF),
        ("absent(x)", 1, 1),
        ("count_over_time(x[5m])", 1, INF),
        ("max_over_time(up[5m])", 0, 1),
        ("max_over_time(rate(x[5m])[1h:])", 0, INF),
        ("sum_over_time(up[5m])", 0, INF),
        ("sum_over_time(x[5m])", -INF, INF),
        ("clamp_min(x, 2)", 2, INF),
        ("clamp_max(x_total, 2)", 0, 2),
        ("vector(4)", 4, 4),
        ("histogram_quantile(0.9, x_bucket)", -INF, INF),
        ("count(x)", 1, INF),
        ("group(x)", 1, 1),
        ("stddev(x)", 0, INF),
        ("sum(x)", -INF, INF),
        ("sum(up)", 0, INF),
        ("topk(3, up)", 0, 1),
        ("up == bool 1", 0, 1),
        ("up > 0.5", 0.5, 1),
        ("x <= 5", -INF, 5),
        ("up == 7", 0, 1),
        ("up or vector(5)", 0, 5),
        ("up unless x", 0, 1),
        ("up + 1", 1, 2),
        ("up - up", -1, 1),
        ("x - x", -INF, INF),
        ("2 * up", 0, 2),
        ("0 * x_total", 0, 0),
        ("x * 2", -INF, INF),
        ("up / 2", 0, 0.5),
        ("x_total / x_total", 0, INF),
        ("up / (up + 1)", 0, 1),
        ("up % 2", -INF, INF),
    ],
)
def test_the_range_of_an_expression(text: str, low: float, high: float) -> None:
    assert RANGES.of(parse_promql(text)) == (low, high)


SPAN = st.tuples(st.integers(-3, 3), st.integers(-3, 3)).map(lambda pair: (min(pair), max(pair)))
OPS = {
    ">": int.__gt__,
    "<": int.__lt__,
    ">=": int.__ge__,
    "<=": int.__le__,
    "==": int.__eq__,
    "!=": int.__ne__,
}


@given(op=st.sampled_from(sorted(OPS)), left=SPAN, right=SPAN)
def test_never_and_always_are_what_trying_all_pairs_says(op, left, right) -> None:
    """Of ranges of reals the ends decide, so the whole numbers in them are judge enough, but for == and !=."""
    pairs = [(a, b) for a in range(left[0], left[1] + 1) for b in range(right[0], right[1] + 1)]
    held = [OPS[op](a, b) for a, b in pairs]
    assert never(op, left, right) == (not any(held))
    assert always(op, left, right) == all(held)


@pytest.mark.parametrize(
    ("text", "weaker"),
    [
        ("a > 1", "a > bool 1"),
        ("a > bool 1", "a > bool 1"),
        ("sum(a > 1) or (b == 2)", "sum(a > bool 1) or (b == bool 2)"),
        ("a > 1 unless b > 2", "a > bool 1 unless b > 2"),
        ("abs(-(a < 1))", "abs(-(a < bool 1))"),
        ("max_over_time((a > 1)[1h:5m])", "max_over_time((a > bool 1)[1h:5m])"),
        ("a + on (x) b", "a + on (x) b"),
    ],
)
def test_without_conditions_there_is_data_wherever_the_operands_have_some(text: str, weaker: str) -> None:
    assert text_of(relaxed(parse_promql(text))) == weaker


@pytest.mark.parametrize("dialect", ["router", "documented"])
def test_the_own_expressions_are_written_as_they_were_read(dialect) -> None:
    group = rule_group(RuleSettings(dialect=dialect))
    for rule in (*group.recordings, *group.alerts):
        read = parse_promql(rule.expr)
        assert parse_promql(text_of(read)) == read


@given(value=st.text(max_size=20), number=st.floats(allow_nan=False, min_value=0))
def test_any_value_and_number_survives_being_written(value: str, number: float) -> None:
    read = parse_promql(text_of(parse_promql('a{x="v"} > 1')).replace('"v"', quoted(value)))
    assert parse_promql(text_of(read)) == read
    assert read.left.conditions[0].value == value
    assert parse_promql(text_of(parse_promql(repr(number)))) == parse_promql(repr(number))


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(0, "0s"), (90_000, "1m30s"), (300_000, "5m"), (604_800_001, "1w1ms")]
)
def test_a_duration_is_written_as_promql_has_it(milliseconds: int, text: str) -> None:
    assert duration(milliseconds) == text
