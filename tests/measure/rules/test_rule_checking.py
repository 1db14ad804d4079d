"""Rules against made facts: one table of expressions and what is said of them, and the cases around it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbops.clients.promql import PromqlError, parse_promql
from cbops.measure.rules import rule_group
from cbops.measure.rules.checking import NOTHING, UNLOADED, Checker, spoken, wanted_metrics
from cbops.measure.rules.matching import alternatives
from cbops.model.config import MetricsConfig
from cbops.model.rule_check import Found, ReadRule, ReadRules, RuleAnswer, RuleFacts, RuleFinding
from cbops.model.rules import RuleSettings
from cbops.model.series import Matcher

EVENTS = "router_circuit_breaker_events_total"
TRANSITIONS = "router_circuit_breaker_state_transitions_total"
STATE = "router_circuit_breaker_state"
REASON = "router_circuit_breaker_trigger_reason"
RATE = "router_circuit_breaker_error_rate"
DECISIONS = "router_policy_decisions_total"
TARGET = {"job": "router", "instance": "r1:9001"}


def circuit(tenant: str, **more: str) -> dict[str, str]:
    return {"tenant_id": tenant, "provider_id": "openai", **TARGET, **more}


def world(dialect: str = "router", **more: tuple[dict[str, str], ...]) -> RuleFacts:
    """Two tenants with results; a's circuit opened and went half-open."""
    moves = [("closed", "open"), ("open", "half_open")]
    series: dict[str, tuple[dict[str, str], ...]] = {
        EVENTS: tuple(circuit(t, event_type=kind) for t in "ab" for kind in ("success", "failure")),
        TRANSITIONS: tuple(
            circuit("a", **({"from": old, "to": new} if dialect == "router" else {"state": new}))
            for old, new in moves
        ),
        RATE: (circuit("a"), circuit("b")),
        DECISIONS: tuple({"tenant_id": t, "policy_id": "p", "reason": "weighted", **TARGET} for t in "ab"),
        "up": (TARGET,),
        "m_total": ({"code": "1", "path": "/x"}, {"code": "2", "path": "/y"}),
        "odd": ({"v": "1"},),
        **more,
    }
    if dialect == "router":
        series |= {STATE: (circuit("a", state="open"),), REASON: (circuit("a", reason="timeout_elapsed"),)}
    return RuleFacts(
        frozenset(name for name, found in series.items() if found),
        {name: Found(found) for name, found in series.items()},
    )


def rule(text: str, name: str = "R", line: int = 3, *, record: bool = False) -> ReadRule:
    try:
        expr, fault = parse_promql(text), None
    except PromqlError as error:
        expr, fault = None, str(error)
    return ReadRule("f.yml", line, "g", "record" if record else "alert", name, text, expr, fault)


def checked(
    *rules: ReadRule,
    facts: RuleFacts | None = None,
    config: MetricsConfig | None = None,
    answer: RuleAnswer | None = None,
) -> tuple[RuleFinding, ...]:
    """The findings, where every rule had data unless `answer` says otherwise; metrics that aren't there were asked for."""
    files, known, metrics = (ReadRules("f.yml", rules, ()),), facts or world(), config or MetricsConfig()
    asked = {name: Found(()) for name in wanted_metrics(files, known.names, metrics)}
    whole = RuleFacts(known.names, {**asked, **known.found})
    answers = {
        ("f.yml", one.line): answer or RuleAnswer("had" if one.expr else "not_asked", "") for one in rules
    }
    return Checker.of(files, whole, metrics, 7).findings(answers)


def said(text: str, *, record: bool = False, **more: object) -> set[tuple[str, str]]:
    return {(one.level, one.code) for one in checked(rule(text, record=record), **more)}  # type: ignore[arg-type]


RIGHT = [
    f'sum by (tenant_id) (rate({EVENTS}{{event_type="failure"}}[5m])) > 0.5',
    f'max_over_time({TRANSITIONS}{{to="open"}}[5m]) > 0',
    f'{TRANSITIONS}{{from="open",tenant_id=~"a|b"}} offset 5m',
    f'{EVENTS}{{tenant_id!="c"}} > 5',
    f'{EVENTS}{{trace_id=""}} > 5',
    'up == 0 and on (job, instance) up{job=~"rout.*"} offset 1h == 1',
    f"{RATE} > 0.5",
    'ALERTS{alertname="R",alertstate="firing"} == 1',
    "vector(1) > 0 unless up",
    'sum by (new) (label_replace(up, "new", "$1", "job", "(.*)")) > 3',
    'count by (v) (count_values("v", odd)) > 3',
    f"increase({EVENTS}[5m]) >= 3",
    "count(up == 0) > 0",
    '{__name__=~"router_.*_rate"} > 0.2',
]


@pytest.mark.parametrize("text", RIGHT)
def test_nothing_is_said_of_a_rule_that_is_right(text: str) -> None:
    assert said(text) == set()


WRONG = [
    # the other dialect
    (f'{TRANSITIONS}{{state="open"}} > 3', "error", "other_dialect"),
    (f'{TRANSITIONS}{{state!="closed"}} > 3', "error", "other_dialect"),
    (f"sum by (tenant_id, state) ({TRANSITIONS}) > 3", "warning", "other_dialect"),
    # what isn't there
    ("router_circuit_braker_events_total > 3", "error", "no_such_metric"),
    ("router_result_latency_ms_count > 3", "error", "no_such_metric"),
    ('{__name__=~"ruter_.*"} > 3', "error", "no_such_metric"),
    ("router_circuit_breaker_window_requests_total > 3", "warning", "not_born_yet"),
    (f'{EVENTS}{{provider="openai"}} > 3', "error", "no_such_label"),
    (f'{EVENTS}{{provider!="openai"}} > 3', "warning", "no_such_label"),
    (f"sum by (tennant_id) ({EVENTS}) > 3", "warning", "no_such_label"),
    (f"up * on (nowhere) {EVENTS} > 3", "warning", "no_such_label"),
    (f'{EVENTS}{{event_type="fail-fast"}} > 3', "error", "no_such_value"),
    (f'{EVENTS}{{tenant_id="c"}} > 3', "error", "no_such_value"),
    (f'{EVENTS}{{tenant_id!~"a|b"}} > 3', "error", "no_such_value"),
    (f'{EVENTS}{{tenant_id=~"a|c"}} > 3', "warning", "no_such_value"),
    ('ALERTS{alertname="Nobody"} == 1', "warning", "no_such_value"),
    ('m_total{code="1",path="/y"} > 3', "warning", "no_such_combination"),
    # what may come
    (f'{EVENTS}{{event_type="fail_fast"}} > 3', "info", "not_born_yet"),
    (f'{TRANSITIONS}{{to="closed"}} > 3', "info", "not_born_yet"),
    (f'{TRANSITIONS}{{tenant_id="b"}} > 3', "info", "not_born_yet"),
    (f'{TRANSITIONS}{{from="closed",to="half_open"}} > 3', "info", "not_born_yet"),
    # absent() waits for it
    ("absent(nobody_total)", "info", "no_such_metric"),
    (f'absent({TRANSITIONS}{{state="open"}})', "error", "other_dialect"),
    # values
    (f"count({EVENTS}) == 0", "error", "never_holds"),
    (f"0 == count({EVENTS})", "error", "never_holds"),
    (f"{RATE} > 50", "error", "never_holds"),
    (f"rate({EVENTS}[5m]) < 0", "error", "never_holds"),
    (f"{EVENTS} >= 0", "warning", "always_holds"),
    (f"increase({EVENTS}[5m]) == 3", "warning", "extrapolated"),
    # the traps of the router's series
    (f'{STATE}{{state="open"}} == 1', "error", "sticking_gauge"),
    (f"1 == max by (tenant_id) ({STATE})", "error", "sticking_gauge"),
    (f"{REASON} == 1", "error", "sticking_gauge"),
    (f"increase({REASON}[5m]) > 0", "error", "never_counted_up"),
    (f'rate({TRANSITIONS}{{to="open"}}[5m]) > 0', "warning", "first_sample"),
    (f'rate({EVENTS}{{event_type="fail_fast"}}[5m]) > 0', "warning", "first_sample"),
    (f'increase({DECISIONS}{{reason="circuit_breaker_fallback"}}[5m]) > 0', "warning", "first_sample"),
    ("rate(router_circuit_breaker_window_failures_total[5m]) > 0", "warning", "moves_at_transitions"),
    ("router_circuit_breaker_timeout_remaining_ms > 0", "warning", "stays_at_last"),
    (
        f'sum({TRANSITIONS}{{to="open"}}) > sum({TRANSITIONS}{{to="half_open"}})',
        "warning",
        "opens_against_half_opens",
    ),
    # the expression itself
    ("sum(up", "error", "promql"),
]


@pytest.mark.parametrize(("text", "level", "code"), WRONG, ids=[f"{row[2]}:{row[0]}" for row in WRONG])
def test_a_wrong_rule_is_found_out(text: str, level: str, code: str) -> None:
    assert (level, code) in said(text)


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        (f'{TRANSITIONS}{{state="open"}}', 'Did you mean to="open"?'),
        ("router_circuit_braker_events_total", f"Did you mean '{EVENTS}'?"),
        (f'{EVENTS}{{provider="x"}}', "Did you mean 'provider_id'?"),
        (f'{EVENTS}{{event_type="fail-fast"}}', "Did you mean 'fail_fast'?"),
        ('ALERTS{alertname="RR"}', "Did you mean 'R'?"),
        (f"count({EVENTS}) == 0", "absent(…)"),
        ("router_result_latency_ms_count", "metrics.names"),
    ],
)
def test_the_fix_names_the_near_miss(text: str, fix: str) -> None:
    assert fix in checked(rule(text))[0].fix


def test_a_finding_tells_file_line_rule_selector_and_numbers() -> None:
    (one,) = checked(rule(f'max_over_time({EVENTS}{{tenant_id="c"}}[5m]) > 3'))
    assert (one.file, one.line, one.rule) == ("f.yml", 3, "R")
    assert one.selector == f'{EVENTS}{{tenant_id="c"}}'
    assert one.sentence == (
        f"0 of the 4 series of {EVENTS} meet tenant_id=\"c\"; 'tenant_id' is 'a', 'b', in the last 7 days"
    )


def test_a_selector_that_stands_twice_is_told_once() -> None:
    again = f'{TRANSITIONS}{{state="open"}}'
    assert len(checked(rule(f"{again} - {again} offset 5m > max_over_time({again}[5m])"))) == 1


def test_in_the_documented_dialect_the_router_one_is_the_other() -> None:
    facts = world("documented")
    assert said(f'{TRANSITIONS}{{state="open"}} > 3', facts=facts) == set()
    for text in (f'{TRANSITIONS}{{to="open"}} > 3', f'{TRANSITIONS}{{from="open"}} > 3', f"{STATE} > 7"):
        assert ("error", "other_dialect") in said(text, facts=facts)


def test_denials_in_the_documented_dialect_are_an_error_once_a_circuit_opened() -> None:
    denials = f'{EVENTS}{{event_type="fail_fast"}} > 3'
    assert said(denials, facts=world("documented")) == {("error", "other_dialect")}
    calm = world("documented", **{TRANSITIONS: (circuit("a", state="closed"),)})
    assert said(denials, facts=calm) == {("warning", "other_dialect")}


@pytest.mark.parametrize("dialect", ["router", "documented"])
def test_the_own_rules_pass_in_their_dialect_alone(dialect: str) -> None:
    group = rule_group(RuleSettings(dialect=dialect))  # type: ignore[arg-type]
    rules = [
        rule(one.expr, one.record, line, record=True) for line, one in enumerate(group.recordings, start=1)
    ]
    rules += [rule(one.expr, one.alert, line) for line, one in enumerate(group.alerts, start=100)]
    right = checked(*rules, facts=world(dialect))
    assert {(one.level, one.code) for one in right} <= {("info", "not_loaded"), ("info", "not_born_yet")}
    wrong = checked(*rules, facts=world("documented" if dialect == "router" else "router"))
    assert {one.code for one in wrong if one.level == "error"} == {"other_dialect"}


def test_remapped_names_are_understood() -> None:
    config = MetricsConfig(names={TRANSITIONS: "gw_moves_total"}, labels={"to": "target", "state": "st"})
    moved = (circuit("a", **{"from": "closed", "target": "open"}),)
    facts = world(**{TRANSITIONS: (), "gw_moves_total": moved})
    assert said('gw_moves_total{target="open"} > 3', facts=facts, config=config) == set()
    (one,) = checked(rule('gw_moves_total{st="open"} > 3'), facts=facts, config=config)
    assert one.code == "other_dialect"
    assert 'target="open"' in one.fix


def test_a_label_of_each_requests_own_makes_a_missed_birth_an_error() -> None:
    traced = tuple(circuit("a", **{"from": "closed", "to": "open", "trace_id": str(n)}) for n in range(10))
    text = f'rate({TRANSITIONS}{{to="open"}}[5m]) > 0'
    assert said(text, facts=world(**{TRANSITIONS: traced})) == {("error", "first_sample")}
    assert said(text, facts=world(**{TRANSITIONS: traced[:9]})) == {("warning", "first_sample")}
    routers = tuple({**one, "instance": one["trace_id"], "trace_id": "x"} for one in traced)
    assert said(text, facts=world(**{TRANSITIONS: routers})) == {("warning", "first_sample")}


def test_in_a_recording_a_sticking_gauge_is_a_warning() -> None:
    assert said(f"{STATE} == 1", record=True) == {("warning", "sticking_gauge")}


def test_what_the_files_record_is_not_missing_and_is_not_asked_before_it_is_loaded() -> None:
    rules = (rule(f"sum({EVENTS})", "a:b", 1, record=True), rule('a:b{x="y"} > 3', line=9))
    (one,) = checked(*rules)
    assert (one.level, one.code, one.rule) == ("info", "not_loaded", None)
    assert "1 of the 1 series" in one.sentence
    files = (ReadRules("f.yml", rules, ()),)
    first, second = Checker.of(files, world(), MetricsConfig(), 7).questions()
    assert (first.text, second.text, second.reason) == (f"sum({EVENTS})", None, UNLOADED)
    loaded = RuleFacts(world().names | {"a:b"}, world().found)
    assert checked(*rules, facts=loaded) == ()
    assert Checker.of(files, loaded, MetricsConfig(), 7).questions()[1].relaxed == 'a:b{x="y"} > bool 3'


def test_the_values_of_what_is_recorded_follow_from_its_expression() -> None:
    recorded = rule(f"avg({RATE})", "a:b", 1, record=True)
    found = {one.code for one in checked(recorded, rule("a:b > 50", line=9))}
    assert "never_holds" in found
    itself = rule("a:b", "a:b", 1, record=True)
    assert {one.code for one in checked(itself, rule("a:b > 50", line=9))} == {"not_loaded"}


def test_a_rule_that_selects_nothing_is_not_asked() -> None:
    files = (ReadRules("f.yml", (rule(f'{EVENTS}{{tenant_id="c"}} > 3'),), ()),)
    (question,) = Checker.of(files, world(), MetricsConfig(), 7).questions()
    assert (question.text, question.reason) == (None, NOTHING)


def test_a_rule_with_a_value_of_its_own_is_asked_though_it_selects_nothing() -> None:
    files = (ReadRules("f.yml", (rule("nobody or vector(0)"),), ()),)
    facts = RuleFacts(world().names, {"nobody": Found(())})
    assert Checker.of(files, facts, MetricsConfig(), 7).questions()[0].text == "nobody or vector(0)"


LEAVES = st.sampled_from(
    [
        "up",
        "3",
        "nobody",
        f"{EVENTS}{{tenant_id='a'}}",
        f"rate({TRANSITIONS}{{to='open'}}[5m])",
        STATE,
        "a:b",
        '{__name__=~"r.*"}',
    ]
)
EXPRESSIONS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(
            "({} {} {})".format, inner, st.sampled_from(["> bool", "== bool", "+", "*", "/", "-"]), inner
        ),
        st.builds("({} {} {})".format, inner, st.sampled_from(["> on (x)", "or", "unless", "and"]), inner),
        st.builds("{}({})".format, st.sampled_from(["sum", "-", "abs", "count by (state)", "absent"]), inner),
    ),
    max_leaves=8,
)


@given(texts=st.lists(EXPRESSIONS, min_size=1, max_size=3), dialect=st.sampled_from(["router", "documented"]))
def test_whatever_is_checked_gives_the_same_findings_again(texts: list[str], dialect: str) -> None:
    rules = [rule("sum(a:b) / up", "a:b", 1, record=True)]
    rules += [rule(text, line=line) for line, text in enumerate(texts, start=2)]
    found = checked(*rules, facts=world(dialect))
    assert found == checked(*rules, facts=world(dialect))
    unread = {one.line for one in rules if one.expr is None}
    assert {one.line for one in found if one.code == "promql"} == unread


def test_no_data_without_a_reason_is_a_warning_and_with_one_is_not_said_again() -> None:
    never = RuleAnswer("never", "")
    assert said(f"{EVENTS} > 3", answer=never) == {("warning", "never_data")}
    assert said(f'{EVENTS}{{event_type="fail_fast"}} > 3', answer=never) == {("info", "not_born_yet")}
    assert said(f"{EVENTS} > 3", answer=RuleAnswer("never_true", "")) == set()


def test_what_the_server_refuses_is_an_error_and_what_it_alone_can_read_a_warning() -> None:
    refused = RuleAnswer("not_asked", "", refused="unknown function")
    assert said("mad_over_time(up[5m])", answer=refused) == {("error", "refused")}
    assert "unknown function" in checked(rule("sum(up"), answer=refused)[0].sentence
    assert said("up smoothed", answer=RuleAnswer("had", "")) == {("warning", "not_parsed")}
    assert said("up smoothed", answer=RuleAnswer("not_asked", "")) == {("error", "promql")}
    long = replace(rule("up smoothed"), unread=True)
    assert [one.code for one in checked(long, answer=RuleAnswer("not_asked", ""))] == ["not_parsed"]


def test_too_many_series_are_not_judged() -> None:
    facts = world()
    cut = RuleFacts(facts.names, {**facts.found, "m_total": Found(({"code": "1"},), complete=False)})
    assert said('m_total{code="9"} > 3', facts=cut) == set()
    assert said("sum by (nowhere) (m_total) > 3", facts=cut) == set()


def test_a_pattern_that_cannot_be_tried_here_is_not_judged() -> None:
    rules = (rule('m_total{code=~"\\\\pL+"} > 3'), rule('{__name__=~"\\\\pL+"} > 3', line=4))
    assert checked(*rules) == ()
    listed = Checker.of((ReadRules("f.yml", rules, ()),), world(), MetricsConfig(), 7).rules(
        {("f.yml", 3): RuleAnswer("had", ""), ("f.yml", 4): RuleAnswer("had", "")}
    )
    assert [one.series for each in listed for one in each.selectors] == [None, None]


def test_without_any_metric_of_the_router_its_absence_is_an_error() -> None:
    empty = RuleFacts(frozenset(("up",)), {"up": Found((TARGET,))})
    assert ("error", "no_such_metric") in said(f'{TRANSITIONS}{{to="open"}} > 3', facts=empty)


def test_a_selector_without_a_name_is_not_asked() -> None:
    assert said('{job="router"} > 3') == set()


@pytest.mark.parametrize(
    ("facts", "configured", "expected"),
    [
        (world(), "documented", "router"),
        (world("documented"), "auto", "documented"),
        (RuleFacts(frozenset(), {}), "documented", "documented"),
        (RuleFacts(frozenset((STATE,)), {}), "auto", "router"),
        (RuleFacts(frozenset(), {}), "auto", None),
    ],
)
def test_the_dialect_is_that_of_the_data_then_of_the_configuration(facts, configured, expected) -> None:
    assert spoken(facts, MetricsConfig(dialect=configured)) == expected


def test_the_worst_findings_come_first() -> None:
    found = checked(rule(f"{EVENTS} >= 0", line=1), rule("absent(nobody)", line=2), rule("sum(up", line=3))
    assert [one.level for one in found] == ["error", "warning", "info"]


def test_a_pattern_is_a_list_only_when_it_has_no_other_meaning() -> None:
    assert alternatives(Matcher("x", "=~", "a|b-c|")) == ("a", "b-c")
    assert alternatives(Matcher("x", "=~", "a.*|b")) == ()
    assert alternatives(Matcher("x", "=", "a|b")) == ("a|b",)
    assert alternatives(Matcher("x", "=", "")) == ()
