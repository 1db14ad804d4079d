"""Which tenants and which days a canary is compared with, and by what that is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from build import ENABLED, Burst, Question, World, at, criterion, state

from cbops.judge import compared_with
from cbops.judge.evaluate import Comparison
from cbops.model.comparison import BreakersAsked, TenantBreaker
from cbops.model.config import CriteriaConfig
from cbops.model.events import ComparisonSet
from cbops.model.observation import Observation
from cbops.model.state import CollectedDay, ComparisonRecord, RolloutState

ASKED = datetime(2025, 1, 30, 8, tzinfo=UTC)
DENYING = Burst(at(2, "10:00"), at(2, "10:05"), success=90, fail_fast=7, tenant="tenant_b")
QUIET = {"tenant_b", "tenant_c"}


def said(day: Observation, **enabled: bool | None) -> Observation:
    """The day, with what the admin API said of these tenants."""
    tenants = tuple(
        TenantBreaker(tenant=name, enabled=value, policies=("p",) if value else (), why=None)
        for name, value in enabled.items()
    )
    return day.model_copy(update={"breakers": BreakersAsked(asked_at=ASKED, requests=4, tenants=tenants)})


def by_hand(**fields: Any) -> RolloutState:
    """A rollout in which a person set what to compare with."""
    word = ComparisonSet(reason="same prompts", **fields)
    return state(comparisons=(ComparisonRecord(at=ENABLED, actor="ann", set=word),))


def choice(question: Question) -> Comparison:
    days, baseline = (
        tuple(question.edit(day) for day in question.world.days(*numbers))
        for numbers in (question.observed, question.baseline)
    )
    return compared_with(question.state, days, baseline, CriteriaConfig())


def test_a_tenant_that_the_admin_api_calls_enabled_is_no_control_however_quiet_its_series() -> None:
    found = choice(Question(edit=lambda day: said(day, tenant_b=True, tenant_c=False))).controls
    assert found.used == ("tenant_c",)
    assert found.left_out == {
        "tenant_b": "its breaker is enabled (policy p, by the admin API at 2025-01-30T08:00:00.000Z)"
    }
    assert found.told_by == {"tenant_b": "admin_api", "tenant_c": "admin_api"}


def test_where_the_admin_api_was_not_asked_the_series_tell() -> None:
    found = choice(Question(world=World(bursts=(DENYING,)))).controls
    assert found.used == ("tenant_c",)
    assert found.left_out["tenant_b"] == "its breaker is enabled: 7 fail_fast, 0 transitions to half_open"
    assert set(found.told_by.values()) == {"series"}


def test_of_a_tenant_that_it_says_nothing_about_the_series_tell() -> None:
    found = choice(Question(edit=lambda day: said(day, tenant_b=None, tenant_c=False))).controls
    assert set(found.used) == QUIET
    assert found.told_by == {"tenant_b": "series", "tenant_c": "admin_api"}


def test_a_tenant_that_denied_calls_in_the_days_compared_is_no_control_though_it_is_disabled_now() -> None:
    world = World(bursts=(DENYING,))
    found = choice(Question(world=world, edit=lambda day: said(day, tenant_b=False, tenant_c=False))).controls
    assert found.used == ("tenant_c",)
    assert "was enabled in the days compared, though it is not enabled at" in found.left_out["tenant_b"]


@pytest.mark.parametrize("enabled_on", [-3, 1, 5])
def test_a_breaker_that_was_once_seen_enabled_is_not_forgotten(enabled_on: int) -> None:
    question = Question(edit=lambda day: said(day, tenant_b=day.window.day == enabled_on, tenant_c=False))
    assert choice(question).controls.used == ("tenant_c",)


def test_a_tenant_without_results_is_no_control_whatever_the_admin_api_says() -> None:
    silent = Burst(at(-3, "00:00"), at(6, "00:00"), tenant="tenant_b")
    question = Question(world=World(bursts=(silent,)), edit=lambda day: said(day, tenant_b=False))
    assert choice(question).controls.left_out["tenant_b"] == "no results"


def test_controls_named_by_hand_are_those_and_no_other() -> None:
    found = choice(Question(state=by_hand(controls=("tenant_c", "nobody"))))
    assert found.controls.used == ("tenant_c",)
    assert found.controls.left_out == {
        "nobody": "named by hand, and it has no series on these providers in the collected days",
        "tenant_b": "not among those named by hand",
    }
    assert found.controls.why("tenant_c") == "named by hand"
    assert len(found.notes) == 1
    assert found.notes[0].startswith("control nobody: named by hand, and it has no series")


def test_a_control_named_by_hand_is_used_and_what_speaks_against_it_is_said() -> None:
    found = choice(Question(state=by_hand(controls=("tenant_b",)), world=World(bursts=(DENYING,))))
    assert found.controls.used == ("tenant_b",)
    assert found.notes == (
        "control tenant_b was named by hand, and its breaker is enabled: 7 fail_fast, 0 transitions to half_open",
    )


def test_the_judge_obeys_and_its_evidence_says_who_set_it_and_why() -> None:
    judged = Question(state=by_hand(controls=())).ask()
    evidence = criterion(judged, "error_rate").evidence["controls"]
    assert (evidence["used"], evidence["rule"]) == ([], "set by hand")
    assert (evidence["set_by_hand"]["by"], evidence["set_by_hand"]["reason"]) == ("ann", "same prompts")
    assert judged.comparison is not None
    assert "no control" in criterion(judged, "error_rate").summary


def test_what_was_taken_back_is_by_rule_again() -> None:
    word = ComparisonRecord(at=ENABLED, actor="ann", set=ComparisonSet(reason="a mistake"))
    named = by_hand(controls=("tenant_b",))
    judged = Question(state=named.model_copy(update={"comparisons": (*named.comparisons, word)})).ask()
    assert judged.comparison is None
    assert set(criterion(judged, "error_rate").evidence["controls"]["used"]) == QUIET


def test_a_baseline_set_by_hand_is_of_those_dates_and_what_is_not_collected_is_said() -> None:
    first = ENABLED.date() - timedelta(days=4)
    chosen = by_hand(baseline_from=first, baseline_to=first + timedelta(days=1))
    found = choice(Question(state=chosen))
    assert [day.window.day for day in found.baseline] == [-3, -2]
    assert found.notes == (
        "baseline set by hand, not collected: 2025-01-23, 2025-01-24; collect again: cbops monitor daily --all",
    )
    days = World().days(-3, -2)
    kept = tuple(
        CollectedDay(window=day.window, collected_at=ENABLED, as_of=ENABLED, observation="0" * 64)
        for day in days
    )
    assert choice(Question(state=chosen.model_copy(update={"baseline": kept}))).notes == ()
    evidence = criterion(Question(state=chosen).ask(), "latency").evidence
    assert [day["day"] for day in evidence["baseline"]] == [-3, -2]
    assert evidence["baseline_set_by_hand"]["by"] == "ann"


def test_days_further_back_than_the_rule_goes_are_not_compared_against() -> None:
    question = Question(state=state(baseline_days=2))
    assert [day.window.day for day in choice(question).baseline] == [-1, 0]
