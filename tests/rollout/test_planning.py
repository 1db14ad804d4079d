from __future__ import annotations

import copy

import pytest

from cbops.errors import PolicyError, WrongStageError
from cbops.model.policy import CANARY_BLOCK, PolicyVersion
from cbops.model.tenant import Target
from cbops.rollout.planning import (
    armed_version,
    live_version,
    plan_disable,
    plan_enable,
    same_document,
    stored_version,
)

TARGET = Target(tenant="acme", policy="chat", provider="openai")
DOCUMENT = {
    "version": "1.3",
    "providers": [{"name": "openai", "weight": 70}, {"name": "anthropic", "weight": 30}],
    "fallbacks": [{"when": {"status": ["5xx"]}, "to": "anthropic"}],
    "sticky": {"enabled": True},
    "unknown_part": [1, None],
}
# Says nothing that a plan would warn about.
QUIET = {**CANARY_BLOCK, "error_rate_threshold": 2}


def version(number: str, document=None, *, active: bool = False) -> PolicyVersion:
    return PolicyVersion(
        version=number, document=DOCUMENT if document is None else document, is_active=active
    )


HISTORY = (version("1.9"), version("1.3", active=True), version("1.10"))


# plan_enable


def test_the_plan_builds_on_the_live_version_and_writes_the_next_one():
    plan = plan_enable(TARGET, HISTORY, CANARY_BLOCK)
    assert (plan.read_version, plan.latest_version, plan.new_version) == ("1.3", "1.10", "1.11")
    assert plan.before == DOCUMENT


def test_nothing_but_the_block_changes():
    plan = plan_enable(TARGET, HISTORY, CANARY_BLOCK)
    assert plan.after == {**DOCUMENT, "circuit_breaker": CANARY_BLOCK}
    assert {change.path.split(".")[0] for change in plan.changes} == {"circuit_breaker"}
    assert len(plan.changes) == len(CANARY_BLOCK)


def test_the_inputs_are_left_as_they_were():
    block, document = dict(CANARY_BLOCK), copy.deepcopy(DOCUMENT)
    plan_enable(TARGET, (version("1.0", document, active=True),), block)
    assert (block, document) == (CANARY_BLOCK, DOCUMENT)


def test_a_disabled_block_is_replaced():
    document = {**DOCUMENT, "circuit_breaker": {"enabled": False, "failure_threshold": 9}}
    plan = plan_enable(TARGET, (version("1.0", document, active=True),), {"timeout_ms": 7})
    assert plan.after["circuit_breaker"] == {"enabled": True, "timeout_ms": 7}
    assert [change.path for change in plan.changes] == [
        "circuit_breaker.enabled",
        "circuit_breaker.failure_threshold",
        "circuit_breaker.timeout_ms",
    ]


@pytest.mark.parametrize("history", [(), (version("1.0"), version("1.1"))])
def test_without_a_live_version_there_is_nothing_to_enable(history):
    with pytest.raises(WrongStageError, match="no version of chat of acme is live"):
        plan_enable(TARGET, history, CANARY_BLOCK)


def test_a_breaker_that_is_enabled_already_is_refused():
    history = (version("1.0", {**DOCUMENT, "circuit_breaker": {"enabled": True}}, active=True),)
    with pytest.raises(WrongStageError, match="already"):
        plan_enable(TARGET, history, CANARY_BLOCK)


def test_a_provider_that_is_not_in_the_policy_is_refused():
    with pytest.raises(PolicyError, match="mistral") as caught:
        plan_enable(TARGET.model_copy(update={"provider": "mistral"}), HISTORY, CANARY_BLOCK)
    assert "openai, anthropic" in caught.value.hint


@pytest.mark.parametrize("block", [{"timeout": 5}, {"timeout_ms": "5"}, {"enabled": False}])
def test_a_block_that_is_wrong_or_disabled_is_refused(block):
    with pytest.raises(PolicyError):
        plan_enable(TARGET, HISTORY, block)


def test_a_history_with_a_version_that_is_none_is_refused():
    with pytest.raises(PolicyError, match="draft"):
        plan_enable(TARGET, (version("draft"), version("1.0", active=True)), CANARY_BLOCK)


# What the plan warns of


def warnings(block=QUIET, document=None, provider: str = "openai", *more: PolicyVersion) -> tuple[str, ...]:
    target = TARGET.model_copy(update={"provider": provider})
    return plan_enable(target, (version("1.0", document, active=True), *more), block).warnings


def test_a_plan_without_a_catch_warns_of_nothing():
    assert warnings() == ()


def test_a_later_version_that_is_not_live_is_said():
    (told,) = warnings(QUIET, None, "openai", version("1.4"))
    assert "1.4 exists and is not live" in told


@pytest.mark.parametrize("weight", [0, None, True])
def test_a_provider_without_weight_is_said(weight):
    document = {
        **DOCUMENT,
        "providers": [{"name": "openai", "weight": weight}, {"name": "anthropic", "weight": 100}],
    }
    (told,) = warnings(document=document)
    assert "no weight" in told


@pytest.mark.parametrize(
    "numbers", [{"success_threshold": 4}, {"failure_threshold": 1}, {"error_rate_threshold": 0}]
)
def test_what_the_numbers_mean_is_left_to_the_policy_checks(numbers):
    assert warnings({**CANARY_BLOCK, **numbers}) == ()
    assert warnings(document={**DOCUMENT, "fallbacks": []}) == ()


# plan_disable


def test_disabling_changes_only_enabled():
    document = {**DOCUMENT, "circuit_breaker": {**CANARY_BLOCK, "odd_key": 1}}
    change = plan_disable((version("2.0", document, active=True), version("1.7")))
    assert change is not None
    before, after, new_version = change
    assert before == document
    assert after == {**document, "circuit_breaker": {**CANARY_BLOCK, "odd_key": 1, "enabled": False}}
    assert new_version == "2.1"


@pytest.mark.parametrize("block", [None, {}, {"enabled": False}, {"enabled": "true"}, [True]])
def test_what_does_not_enable_the_breaker_needs_no_disabling(block):
    assert plan_disable((version("1.0", {**DOCUMENT, "circuit_breaker": block}, active=True),)) is None


def test_an_older_version_that_enables_and_is_not_live_needs_no_disabling():
    enabled = {**DOCUMENT, "circuit_breaker": CANARY_BLOCK}
    assert plan_disable((version("1.0", enabled), version("1.1", active=True))) is None
    assert plan_disable((version("1.1", enabled),)) is None
    assert plan_disable(()) is None


def test_an_odd_version_in_the_history_does_not_stand_in_the_way():
    enabled = {**DOCUMENT, "circuit_breaker": CANARY_BLOCK}
    change = plan_disable((version("1.4", enabled, active=True), version("draft")))
    assert change is not None
    assert change[2] == "1.5"


# same_document


def test_what_was_read_back_equal_has_no_difference():
    assert same_document(DOCUMENT, copy.deepcopy(DOCUMENT), "1.4") == ()


def test_the_routers_own_version_is_no_difference():
    assert same_document(DOCUMENT, {**DOCUMENT, "version": "1.4"}, "1.4") == ()
    without = {key: value for key, value in DOCUMENT.items() if key != "version"}
    assert same_document(without, {**without, "version": "1.4"}, "1.4") == ()


def test_any_other_version_is_a_difference():
    (change,) = same_document(DOCUMENT, {**DOCUMENT, "version": "1.5"}, "1.4")
    assert (change.path, change.before, change.after) == ("version", "1.3", "1.5")


def test_a_changed_or_lost_key_is_a_difference():
    read = {**DOCUMENT, "version": "1.4", "sticky": {"enabled": False}}
    del read["fallbacks"]
    assert [change.path for change in same_document(DOCUMENT, read, "1.4")] == ["fallbacks", "sticky.enabled"]


def test_the_live_version_is_the_active_one():
    assert live_version(HISTORY) == HISTORY[1]
    assert live_version(()) is None


# armed_version, stored_version

ENABLING = {**DOCUMENT, "circuit_breaker": {"enabled": True}}


@pytest.mark.parametrize(
    ("history", "armed"),
    [
        ((version("1.3", active=True), version("1.10", ENABLING)), "1.10"),
        ((version("odd", active=True), version("1.10", ENABLING)), "1.10"),
        ((version("1.10", ENABLING),), "1.10"),
        ((version("1.3", active=True), version("1.9", ENABLING), version("1.10")), None),
        ((version("1.3"), version("1.10", ENABLING, active=True)), None),
        ((version("1.3", active=True), version("odd", ENABLING)), None),
        ((version("1.3", active=True),), None),
        ((), None),
    ],
)
def test_armed_is_the_highest_version_where_it_enables_and_is_not_live(history, armed):
    found = armed_version(history)
    assert (found.version if found else None) == armed


def test_an_armed_version_is_written_over_by_a_rollback_with_what_is_live():
    before, after, number = plan_disable((version("1.3", active=True), version("1.10", ENABLING)))
    assert before == DOCUMENT
    assert after == {**DOCUMENT, "circuit_breaker": {"enabled": False}}
    assert number == "1.11"


@pytest.mark.parametrize("active", [True, False])
def test_what_was_written_is_found_live_or_not(active):
    history = (version("1.3", active=not active), version("1.10", ENABLING, active=active))
    assert stored_version(history, ENABLING, "1.10") is history[1]
    assert stored_version(history, DOCUMENT, "1.10") is None
    assert stored_version(history, ENABLING, "1.9") is None


def test_what_was_written_and_is_not_the_highest_any_more_is_not_found():
    assert stored_version((version("1.10", ENABLING), version("1.11")), ENABLING, "1.10") is None
