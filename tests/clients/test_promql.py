"""PromQL text as data: each kind of node, and what is refused."""

from __future__ import annotations

import pytest

from cbops.clients.promql import PromqlError, PromqlTooLongError, parse_promql
from cbops.measure.rules.printing import text_of
from cbops.model.promql import NAME, Aggregate, Binary, Selector, selectors, walk
from cbops.model.series import Matcher


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a", "a"),
        ('a{x="y",z!~"b\\\\.c"}[90s] offset -5m', 'a{x="y",z!~"b\\\\.c"}[1m30s] offset -5m'),
        ('{__name__=~"a.*",x="q\\"r"} @ end()', '{__name__=~"a.*",x="q\\"r"} @ end()'),
        ('{"my.metric","my.label"="x"}', '{__name__="my.metric","my.label"="x"}'),
        ("a @ 5.25 offset 1d", "a @ 5.250 offset 1d"),
        ("a @ start()", "a @ start()"),
        ("sum without (x) (a)", "sum without (x) (a)"),
        ("topk by (x) (3, -a)", "topk by (x) (3, -a)"),
        (
            "a * on (x) group_left (y) b > bool ignoring (z) c",
            "a * on (x) group_left (y) b > bool ignoring (z) c",
        ),
        ("a / ignoring (x) group_right b", "a / ignoring (x) group_right () b"),
        ("max_over_time(rate(a[5m])[1h:] offset 1d) > -3", "max_over_time(rate(a[5m])[1h:] offset 1d) > -3"),
        ("max_over_time((a)[1h:1m])", "max_over_time((a)[1h:1m])"),
        ('label_replace(a, "x", "$1", "y", "(.*)")', 'label_replace(a, "x", "$1", "y", "(.*)")'),
        ("a > Inf # remark", "a > Inf"),
        ("a > -Inf", "a > -Inf"),
        ("a > NaN", "a > NaN"),
        ("a > 1e9", "a > 1000000000"),
    ],
)
def test_an_expression_is_written_as_it_was_read(text: str, written: str) -> None:
    assert text_of(parse_promql(text)) == written
    assert text_of(parse_promql(written)) == written


def test_a_selector_has_its_name_first_and_its_conditions() -> None:
    assert parse_promql('{x="y",__name__="a"}') == Selector((Matcher(NAME, "=", "a"), Matcher("x", "=", "y")))


def test_all_selectors_are_found_in_order() -> None:
    read = parse_promql("topk(scalar(n), sum by (x) (rate(a[5m]))) > max_over_time(b[1h:]) or -(c)")
    assert [one.name for one in selectors(read)] == ["n", "a", "b", "c"]
    assert {type(one) for one in walk(read)} >= {Aggregate, Binary, Selector}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sum(a", "unclosed"),
        ("rate(a)", "expected type"),
        ('a{x=~"("}', "regex"),
        ('a{x="1" or y="2"}', "which Prometheus doesn't know"),
        ("", "."),
    ],
)
def test_what_is_no_promql_is_an_error_that_says_why(text: str, said: str) -> None:
    with pytest.raises(PromqlError, match=said):
        parse_promql(text)


@pytest.mark.parametrize(
    "text",
    ["(" * 51 + "a" + ")" * 51, "-" * 251 + "a", " or ".join(["a"] * 252), "+".join(["a"] * 100_000)],
)
def test_what_would_overflow_the_parsers_stack_is_not_read(text: str) -> None:
    with pytest.raises(PromqlTooLongError, match="more than 250 operators"):
        parse_promql(text)


def test_what_is_long_but_not_deep_is_read() -> None:
    wide = "(" * 50 + " or ".join(f'a{{x="{n}-{n}",y=~"-+*/"}}' for n in range(251)) + ")" * 50
    assert len(selectors(parse_promql(wide))) == 251
    assert parse_promql(text_of(parse_promql(wide))) == parse_promql(wide)
