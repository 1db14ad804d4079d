from __future__ import annotations

import itertools
import math

import pytest
from judge.build import (
    ENABLED,
    Burst,
    Made,
    Question,
    World,
    at,
    criterion,
    episode,
    incident,
    partial,
    restart_at,
    state,
)

from cbops.judge.numbers import student_quantile
from cbops.model.config import CriteriaConfig
from cbops.model.state import CollectedDay
from cbops.model.verdict import Verdict


def error_rate(question):
    return criterion(question.ask(), "error_rate")


def test_the_same_rate_as_before_is_met_with_its_bounds_below_the_margin():
    found = error_rate(Question())
    assert found.verdict is Verdict.MET
    assert found.evidence["lower"] < found.evidence["estimate"] < found.evidence["upper"] < 0.005


def test_three_points_more_are_missed():
    found = error_rate(Question(world=World(since=Made(failure=4))))
    assert found.verdict is Verdict.MISSED
    assert found.evidence["lower"] > 0
    assert found.evidence["estimate"] == pytest.approx(0.029, abs=0.003)


def test_an_increase_that_all_tenants_share_is_not_the_breakers():
    shared = (Burst(at(1, "00:00"), at(6, "00:00"), success=97, failure=3),)
    found = error_rate(Question(world=World(bursts=shared)))
    assert found.verdict is Verdict.MET
    assert found.evidence["canary_after"]["rate"] == pytest.approx(0.03, abs=0.001)


def test_an_increase_below_the_margin_is_not_missed_however_certain():
    found = error_rate(
        Question(
            world=World(canary=Made(success=10_000, failure=100), since=Made(success=10_000, failure=130))
        )
    )
    assert found.evidence["lower"] > 0
    assert found.verdict is not Verdict.MISSED


def test_an_outage_of_the_provider_is_left_out_before_and_since_alike():
    outages = tuple(Burst(at(day, "14:00"), at(day, "15:00"), success=10, failure=90) for day in (-1, 3))
    found = error_rate(Question(world=World(bursts=outages)))
    assert found.verdict is Verdict.MET
    assert len(found.evidence["compared"]["outages_left_out"]) == 2
    assert found.evidence["compared"]["buckets_left_out"]["provider failing"] == 24


def test_a_declared_incident_is_left_out_without_controls():
    bad = (Burst(at(3, "14:00"), at(3, "15:00"), success=10, failure=90),)
    declared = state(incidents=(incident(at(3, "14:00"), at(3, "15:00")),))
    found = error_rate(Question(world=World(controls=(), bursts=bad), state=declared))
    assert found.verdict is Verdict.MET


def test_failures_of_the_canary_alone_count_against_it():
    bad = (Burst(at(2, "00:00"), at(6, "00:00"), success=80, failure=20, tenant="canary"),)
    assert error_rate(Question(world=World(bursts=bad))).verdict is Verdict.MISSED


def test_all_providers_of_the_tenant_are_counted():
    # each provider as before, but a fifth of the results now comes from the worse one
    extra = (Made(success=100, failure=0, provider="anthropic"),)
    found = error_rate(Question(world=World(extra=extra)))
    assert found.evidence["mix"] == {
        "openai": pytest.approx(0.5, abs=0.01),
        "anthropic": pytest.approx(0.5, abs=0.01),
    }
    assert found.evidence["canary_after"]["rate"] == pytest.approx(0.005, abs=0.001)


def test_denied_requests_that_the_router_rejects_count_as_errors():
    denied = (Burst(at(2, "00:00"), at(6, "00:00"), success=99, failure=1, fail_fast=5, tenant="canary"),)

    def without_fallback(day):
        return day.model_copy(update={"fallback_decisions": 0})

    # a circuit that is open all the time is not what is asked here
    question = Question(world=World(bursts=denied), edit=without_fallback)
    assert error_rate(question).verdict is Verdict.MET
    rejected = error_rate(question.but(denied="rejected"))
    assert rejected.verdict is Verdict.MISSED
    assert rejected.evidence["rejected_share_of_denied"]["3"] == 1.0


def test_denied_requests_that_a_fallback_took_are_no_errors():
    denied = (Burst(at(2, "00:00"), at(6, "00:00"), success=99, failure=1, fail_fast=5, tenant="canary"),)
    assert error_rate(Question(world=World(bursts=denied), denied="rejected")).verdict is Verdict.MET


def test_without_controls_full_days_are_compared_and_that_is_called_weaker():
    found = error_rate(Question(world=World(controls=())))
    assert found.verdict is Verdict.MET
    assert "weaker" in found.evidence["method"]
    assert 1 not in [block["day"] for block in found.evidence["blocks"]["after"]]


def test_without_a_baseline_a_low_rate_is_met_because_no_increase_can_be_larger():
    low = World(canary=Made(success=1000, failure=1), control=Made(success=1000, failure=1))
    found = error_rate(Question(world=low, baseline=()))
    assert found.verdict is Verdict.MET
    assert found.evidence["whole_rate_upper"] < 0.005


def test_without_a_baseline_a_high_rate_is_inconclusive_even_if_the_controls_are_alike():
    found = error_rate(Question(world=World(), baseline=()))
    assert found.verdict is Verdict.INCONCLUSIVE


def test_without_a_baseline_nothing_is_missed():
    found = error_rate(Question(world=World(since=Made(failure=10)), baseline=()))
    assert found.verdict is Verdict.INCONCLUSIVE


def test_with_neither_it_is_said_what_is_missing():
    asked = Question(world=World(controls=()), baseline=()).ask()
    assert criterion(asked, "error_rate").verdict is Verdict.INCONCLUSIVE
    assert any("control tenants" in text for text in asked.missing)
    assert any("baseline_days" in text for text in asked.missing)


def test_met_needs_the_third_full_day():
    assert error_rate(Question(observed=(1, 2, 3))).verdict is Verdict.INCONCLUSIVE
    assert error_rate(Question(observed=(1, 2, 3, 4))).verdict is Verdict.MET


def test_a_day_that_is_not_over_is_shown_and_left_out():
    found = error_rate(Question(edit=lambda day: partial(day) if day.window.day == 5 else day))
    assert found.evidence["left_out"] == {"5": "not over yet"}
    assert [day["day"] for day in found.evidence["observed"]] == [1, 2, 3, 4]


def test_a_day_with_too_few_scrapes_is_shown_and_left_out():
    def thin(day):
        if day.window.day != 4:
            return day
        return day.model_copy(update={"scrape": day.scrape.model_copy(update={"coverage": 0.5})})

    found = error_rate(Question(edit=thin))
    assert found.evidence["left_out"] == {"4": "only 50% of its scrapes were seen"}
    assert found.evidence["full_days"] == [2, 3, 5]


def test_the_first_minutes_after_enabling_are_left_out():
    assert error_rate(Question()).evidence["compared"]["buckets_left_out"]["warm-up"] == 3


def test_the_time_of_a_restart_is_left_out():
    def restarted(day):
        return (
            day if day.window.day != 3 else day.model_copy(update={"restarts": (restart_at(at(3, "14:02")),)})
        )

    with_restart = error_rate(Question(edit=restarted)).evidence
    assert with_restart["compared"]["restarts_left_out"] == ["2025-01-29T14:02:00.000Z"]
    assert (
        with_restart["compared"]["buckets_after"]
        == error_rate(Question()).evidence["compared"]["buckets_after"] - 1
    )


def test_days_after_a_rollback_do_not_count():
    found = error_rate(Question(state=state(disabled_at=at(5, "10:00"))))
    assert found.evidence["left_out"] == {"5": "the breaker was disabled"}


def test_blocks_without_a_single_failure_still_leave_the_doubt_of_counting():
    rare = Made(success=2, failure=0, wobble=0)
    found = error_rate(Question(world=World(canary=rare, control=rare)))
    assert found.evidence["intervals"][0]["standard_error"] == 0
    assert found.evidence["upper"] > 0


def test_a_tenant_that_can_never_give_enough_is_told_so():
    # the few results of the baseline stay few, however long the canary is watched
    rare = Made(success=1, failure=0, wobble=0)
    world = World(canary=rare, control=rare, step=14_400)
    asked = Question(world=world).ask()
    assert criterion(asked, "error_rate").verdict is Verdict.INCONCLUSIVE
    assert any("more days alone won't be enough" in text for text in asked.missing)


def test_extend_says_how_many_more_days():
    world = World(canary=Made(success=100, failure=2, wobble=0.4))
    criteria = CriteriaConfig(error_rate_margin=0.001)
    asked = Question(world=world, criteria=criteria, baseline=tuple(range(-20, 1))).ask()
    assert criterion(asked, "error_rate").verdict is Verdict.INCONCLUSIVE
    assert any("more full day" in text and "at this tenant's traffic" in text for text in asked.missing)


def test_an_estimate_at_the_margin_is_not_promised_to_be_cleared_by_days():
    noisy = World(since=Made(success=100, failure=2, wobble=1.5))
    criteria = CriteriaConfig(error_rate_margin=0.008, false_missed=1e-9)
    asked = Question(world=noisy, criteria=criteria).ask()
    assert criterion(asked, "error_rate").verdict is Verdict.INCONCLUSIVE
    assert any("for the error rate, an estimate below the margin" in text for text in asked.missing)


def test_the_evidence_names_the_stored_measurements():
    from_journal = state(days=(collected(2),))
    observed = error_rate(Question(state=from_journal)).evidence["observed"]
    assert [day["observation"] for day in observed] == [None, "ab" * 32, None, None, None]


def collected(number):
    window = World().day(number).window
    return CollectedDay(window=window, collected_at=ENABLED, as_of=window.end, observation="ab" * 32)


def test_the_verdict_can_be_repeated_by_hand_from_its_blocks():
    evidence = error_rate(Question()).evidence
    interval = evidence["intervals"][0]
    before, after = (
        Side([b["value"] for b in evidence["blocks"][side]], [b["weight"] for b in evidence["blocks"][side]])
        for side in ("before", "after")
    )
    estimate = after.mean - before.mean
    assert estimate == pytest.approx(evidence["estimate"], abs=2e-6)
    variance = (before.squares + after.squares) / (before.freedom + after.freedom)
    error = math.sqrt(variance * (before.spread + after.spread))
    assert error == pytest.approx(interval["standard_error"], abs=1e-6)
    assert interval["degrees_of_freedom"] == 4 + 5 - 2
    quantile = student_quantile(1 - interval["level_met"], 7)
    assert quantile == pytest.approx(interval["quantile_met"], abs=1e-3)
    assert estimate + quantile * error <= evidence["upper"] + 2e-6


class Side:
    """Weighted mean and spread of adjoining days, after the formulas of the documentation."""

    def __init__(self, values, weights):
        total = sum(weights)
        alike = (1 - math.exp(-4)) ** 2 / (2 * (4 - 1 + math.exp(-4)))
        shared = alike * 2 * sum(math.sqrt(a * b) for a, b in itertools.pairwise(weights)) / total
        self.mean = sum(w * v for w, v in zip(weights, values, strict=True)) / total
        self.squares = sum(w * (v - self.mean) ** 2 for w, v in zip(weights, values, strict=True))
        self.spread = (1 + shared) / total
        self.freedom = len(values) - 1 - shared


def test_controls_without_a_common_provider_leave_blocks_out():
    elsewhere = World(control=Made(provider="anthropic"))
    found = error_rate(Question(world=elsewhere))
    assert found.verdict is Verdict.INCONCLUSIVE
    assert "days with enough results" in found.summary


def test_an_open_episode_does_not_change_the_error_rate():
    bare = error_rate(Question()).evidence["estimate"]
    tripped = Question(episodes=(episode(at(3, "14:01"), at(3, "14:03")),))
    assert error_rate(tripped).evidence["estimate"] == bare
