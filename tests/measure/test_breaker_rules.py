"""Which loaded alert rules go on record with a day."""

from __future__ import annotations

import pytest
from measure_samples import EVENTS, STATE

from cbops.measure import breaker_rules
from cbops.measure.loaded_rules import MAX_RULES
from cbops.model.config import MetricsConfig
from cbops.model.telemetry import LoadedRule

CONFIG = MetricsConfig(names={EVENTS: "cb_events"})


def rule(expression: str, name: str = "Some") -> LoadedRule:
    return LoadedRule(name=name, group="g", expression=expression)


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        (f"{STATE} == 1", "Some"),
        ("sum(rate(cb_events[5m])) > 1", "Some"),
        ("instance:router_circuit_breaker_opens:increase5m > 0", "Some"),
        ("vector(1)", "RouterCircuitBreakerOpened"),
        ("vector(1)", "circuit_breaker_is_open"),
    ],
)
def test_a_rule_that_names_a_breakers_metric_or_is_named_after_it_is_kept(expression, name):
    assert breaker_rules([rule(expression, name)], CONFIG) == ((rule(expression, name),), 0)


@pytest.mark.parametrize(
    "expression", ["up == 0", "cb_events_dropped > 0", "other:cb_events > 0", "my_cb_events > 0"]
)
def test_other_rules_are_not(expression):
    assert breaker_rules([rule(expression)], CONFIG) == ((), 0)


def test_a_record_keeps_a_bounded_number_and_says_how_many_more_there_are():
    kept, more = breaker_rules([rule(STATE, f"r{number}") for number in range(MAX_RULES + 3)], CONFIG)

    assert (len(kept), more) == (MAX_RULES, 3)


def test_the_servers_word_for_the_tenant_goes_with_the_rule():
    rule = LoadedRule(name="RouterCircuitBreakerOpened", group="g", expression="x > 0")
    ((plain,), _) = breaker_rules((rule,), MetricsConfig())
    ((named,), _) = breaker_rules((rule,), MetricsConfig(labels={"tenant_id": "team"}))
    assert (plain.tenant_label, named.tenant_label) == ("tenant_id", "team")
