from __future__ import annotations

import math

import pytest
from judge.build import Burst, Made, Question, World, at, criterion, episode

from cbops.model.verdict import Verdict


def latency(question):
    return criterion(question.ask(), "latency")


def test_the_same_latency_as_before_is_met():
    found = latency(Question())
    assert found.verdict is Verdict.MET
    assert found.evidence["change_upper"] < 0.05


def test_ten_per_cent_more_are_missed():
    found = latency(Question(world=World(since=Made(latency_ms=220))))
    assert found.verdict is Verdict.MISSED
    assert found.evidence["change"] == pytest.approx(0.1, abs=0.01)
    assert "+10" in found.summary


def test_three_per_cent_more_are_not_missed_however_certain():
    found = latency(Question(world=World(since=Made(latency_ms=206))))
    assert found.evidence["change_lower"] > 0
    assert found.verdict is Verdict.MET


def test_a_rise_that_the_controls_share_is_not_the_breakers():
    def slower(day):
        if day.window.day < 1:
            return day
        both = {
            name: tuple(
                b.model_copy(update={"latency_sum_ms": tuple((s or 0) * 1.2 for s in b.latency_sum_ms)})
                for b in getattr(day, name)
            )
            for name in ("buckets", "controls")
        }
        return day.model_copy(update=both)

    assert latency(Question(edit=slower)).verdict is Verdict.MET
    alone = Question(world=World(controls=()), edit=slower)
    assert latency(alone).verdict is Verdict.MISSED


def test_without_controls_it_is_said_and_judged_on_days():
    found = latency(Question(world=World(controls=())))
    assert found.verdict is Verdict.MET
    assert "no control to compare with" in found.summary
    assert [block["day"] for block in found.evidence["blocks"]["after"]] == [2, 3, 4, 5]


def test_without_a_baseline_it_is_inconclusive():
    assert latency(Question(baseline=())).verdict is Verdict.INCONCLUSIVE


def test_without_the_histogram_the_remedy_is_named():
    asked = Question(world=World(canary=Made(latency_ms=None))).ask()
    found = criterion(asked, "latency")
    assert found.verdict is Verdict.INCONCLUSIVE
    assert any("remap a gateway's" in text for text in asked.missing)


def test_controls_without_a_histogram_leave_the_baseline():
    found = latency(Question(world=World(control=Made(latency_ms=None))))
    assert found.verdict is Verdict.MET
    assert "weaker" in found.evidence["method"]


def test_time_with_the_circuit_open_is_left_out():
    slow = Burst(at(3, "14:00"), at(3, "15:00"), success=10, failure=0, tenant="canary")
    question = Question(world=World(bursts=(slow,)), episodes=(episode(at(3, "14:01"), at(3, "15:00")),))
    assert latency(question).evidence["compared"]["buckets_left_out"]["circuit not closed"] == 12


def test_an_episode_that_never_closed_leaves_out_all_that_follows():
    question = Question(episodes=(episode(at(3, "00:05"), None),))
    found = latency(question)
    assert found.evidence["compared"]["buckets_left_out"]["circuit not closed"] >= 3 * 287


def test_met_needs_the_third_full_day():
    assert latency(Question(observed=(1, 2, 3))).verdict is Verdict.INCONCLUSIVE


def test_several_providers_are_judged_at_the_baselines_mix():
    extra = (Made(success=50, failure=0, latency_ms=400.0, provider="anthropic"),)

    def slower_anthropic(day):
        if day.window.day < 1:
            return day
        buckets = tuple(
            b.model_copy(update={"latency_sum_ms": tuple((s or 0) * 1.3 for s in b.latency_sum_ms)})
            if b.provider == "anthropic"
            else b
            for b in day.buckets
        )
        return day.model_copy(update={"buckets": buckets})

    found = latency(Question(world=World(controls=(), extra=extra), edit=slower_anthropic))
    share = found.evidence["mix"]["anthropic"]
    assert share == pytest.approx(1 / 3, abs=0.01)
    assert found.evidence["estimate"] == pytest.approx(share * math.log(1.3), abs=0.005)
    assert found.evidence["providers"]["anthropic"]["change"] == pytest.approx(0.3, abs=0.01)
    assert found.evidence["providers"]["openai"]["change"] == pytest.approx(0.0, abs=0.01)


def test_a_provider_with_a_tiny_share_is_shown_and_does_not_bind():
    extra = (Made(success=2, failure=0, latency_ms=900.0, wobble=0, provider="anthropic"),)
    found = latency(Question(world=World(extra=extra)))
    assert found.verdict is Verdict.MET
    assert found.evidence["providers"]["anthropic"]["binds"] is False
    assert list(found.evidence["mix"]) == ["openai"]


def test_a_control_that_comes_and_goes_is_not_compared_with():
    def absent(day):
        controls = tuple(
            c.model_copy(update={"latency_count": (0,) * len(c.latency_count)})
            if c.tenant == "tenant_b" and day.window.day % 2
            else c
            for c in day.controls
        )
        return day.model_copy(update={"controls": controls})

    found = latency(Question(edit=absent))
    assert found.verdict is Verdict.MET
    assert len(found.evidence["blocks"]["after"]) == 5


def test_a_block_that_a_steady_control_lacks_is_left_out():
    def absent(day):
        if day.window.day != 3:
            return day
        controls = tuple(
            c.model_copy(update={"latency_count": (0,) * len(c.latency_count)})
            if c.tenant == "tenant_b"
            else c
            for c in day.controls
        )
        return day.model_copy(update={"controls": controls})

    question = Question(edit=absent, observed=tuple(range(1, 8)), baseline=tuple(range(-6, 1)))
    blocks = latency(question).evidence["blocks"]["after"]
    assert [block["day"] for block in blocks] == [1, 2, 4, 5, 6, 7]


def test_each_days_percentiles_are_shown():
    days = latency(Question()).evidence["days"]
    assert {day["day"] for day in days} == {-3, -2, -1, 0, 1, 2, 3, 4, 5}
    assert set(days[0]) >= {"mean_ms", "p50_ms", "p95_ms", "p99_ms"}


def test_a_partial_day_weighs_as_its_results_and_a_busy_one_no_more_than_a_usual_one():
    busy = (Burst(at(3, "00:00"), at(4, "00:00"), success=300, failure=3),)
    blocks = latency(Question(world=World(bursts=busy))).evidence["blocks"]["after"]
    weights = {block["day"]: block["weight"] for block in blocks}
    assert weights[1] == pytest.approx(14.75 / 24, abs=0.01)
    assert weights[3] == 1


def test_a_day_with_hardly_any_results_is_left_out():
    quiet = (Burst(at(3, "00:00"), at(3, "23:00"), success=1),)
    blocks = latency(Question(world=World(bursts=quiet))).evidence["blocks"]["after"]
    assert [block["day"] for block in blocks] == [1, 2, 4, 5]


def test_early_looks_need_more():
    (early,) = latency(Question(observed=(1, 2))).evidence["intervals"]
    (later,) = latency(Question()).evidence["intervals"]
    assert early["level_met"] < later["level_met"] < 0.05
    assert early["quantile_met"] > later["quantile_met"]


def test_a_large_regression_is_missed_on_the_second_day():
    assert (
        latency(Question(world=World(since=Made(latency_ms=400)), observed=(1, 2))).verdict is Verdict.MISSED
    )
