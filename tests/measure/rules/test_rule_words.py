"""Rules as data: whose series, in which words, in which order."""

from __future__ import annotations

import re

import pytest

from cbops.cli.table import BY_WORDS
from cbops.errors import ConfigError
from cbops.measure.rules import rule_group
from cbops.measure.rules.vocabulary import Vocabulary
from cbops.model.config import MetricsConfig
from cbops.model.rules import AlertRule, RuleScope, RuleSettings, TenantLabel

DIALECTS = ("router", "documented")


def settings(dialect: str = "router", **more: object) -> RuleSettings:
    return RuleSettings.model_validate({"dialect": dialect, **more})


def alerts() -> list[AlertRule]:
    return [rule for dialect in DIALECTS for rule in rule_group(settings(dialect)).alerts]


def test_the_four_alerts_and_one_for_opens_that_last_have_their_severities() -> None:
    for dialect in DIALECTS:
        found = {rule.alert: (rule.severity, rule.hold) for rule in rule_group(settings(dialect)).alerts}
        assert found == {
            "RouterCircuitBreakerOpened": ("warning", "0s"),
            "RouterCircuitBreakerStayedOpen": ("warning", "10m"),
            "RouterCircuitBreakerHighFailureRate": ("critical", "0s"),
            "RouterCircuitBreakerMultipleProvidersOpen": ("critical", "0s"),
            "RouterCircuitBreakerHalfOpenProbesFailed": ("warning", "0s"),
        }


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_rule_reads_only_what_was_recorded_before_it(dialect: str) -> None:
    group = rule_group(settings(dialect))
    seen: set[str] = set()
    for rule in (*group.recordings, *group.alerts):
        asked = set(re.findall(r"\b(?:instance|circuit|tenant):[a-z_]+:\w+", rule.expr))
        assert asked <= seen
        if not isinstance(rule, AlertRule):
            assert rule.record not in seen
            seen.add(rule.record)


def test_texts_of_alerts_ask_for_recorded_series() -> None:
    recorded = {rule.record for rule in rule_group(settings()).recordings}
    texts = " ".join(f"{rule.summary} {rule.description} {rule.runbook}" for rule in alerts())
    asked = set(re.findall(r"\b(?:instance|circuit|tenant):[a-z_]+:\w+", texts))
    assert asked
    assert asked <= recorded


def test_runbooks_say_what_to_check_and_what_to_do_with_commands_that_exist() -> None:
    for rule in alerts():
        assert rule.runbook.startswith("Check: ")
        assert "\nDo: " in rule.runbook
        commands = re.findall(r"cbops ([a-z]+(?: [a-z]+)?)", rule.runbook)
        assert commands
        for words in commands:
            assert words in BY_WORDS or words.split()[0] in BY_WORDS, words


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_rule_reads_the_sticking_gauge_or_a_server_function_that_extrapolates(dialect: str) -> None:
    for rule in (*rule_group(settings(dialect)).recordings, *rule_group(settings(dialect)).alerts):
        assert not re.search(r"router_circuit_breaker_state\b(?!_)", rule.expr)
        assert not re.search(r"\b(increase|rate|irate|delta)\(", rule.expr)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_selector_of_the_routers_series_is_narrowed_to_the_scope(dialect: str) -> None:
    group = rule_group(settings(dialect, scope=RuleScope(tenants=("b", "a"))))
    text = "\n".join(rule.expr for rule in group.recordings if "router_restarts" not in rule.record)
    selectors = re.findall(r"(?<![:\w])router_\w+(\{[^}]*\})?", text.replace("[1h]", ""))
    narrowed = [one for one in selectors if one]
    assert len(selectors) - len(narrowed) == 1  # which targets are routers
    assert all(one.endswith('tenant_id=~"a|b"}') for one in narrowed)


def test_labels_of_one_name_are_alternatives_and_names_must_all_hold() -> None:
    labels = (
        TenantLabel(name="tier", value="gold"),
        TenantLabel(name="breaker", value="on"),
        TenantLabel(name="tier", value="x+y"),
    )
    words = Vocabulary.of(settings(scope=RuleScope(labels=labels)))
    assert (
        words.selector("router_circuit_breaker_events_total", event_type="failure")
        == r'router_circuit_breaker_events_total{event_type="failure",breaker="on",tier=~"gold|x\\+y"}'
    )


def test_a_value_is_a_string_of_the_query_language() -> None:
    words = Vocabulary.of(settings(scope=RuleScope(tenants=('a"\\\n',))))
    assert words.selector("x") == 'x{tenant_id="a\\"\\\\\\n"}'


@pytest.mark.parametrize(
    "wrong",
    [
        {"metrics": MetricsConfig(names={"up": "a-b"})},
        {"metrics": MetricsConfig(labels={"tenant_id": "ten.ant"})},
        {"scope": RuleScope(labels=(TenantLabel(name="9x", value="y"),))},
    ],
)
def test_a_name_that_no_rule_can_hold_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match="cannot be a name in a rule"):
        rule_group(settings(**wrong))
