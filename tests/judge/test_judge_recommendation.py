"""The table, cell by cell."""

from __future__ import annotations

import itertools

import pytest
from judge.build import Made, Question, World, at, episode, partial, state

from cbops.judge.recommendation import ALL_CRITERIA, recommend
from cbops.model.config import CriteriaConfig, OpenBudget
from cbops.model.verdict import CriterionResult, Recommendation, Verdict

MET, INCONCLUSIVE, ERROR, MISSED = Verdict.MET, Verdict.INCONCLUSIVE, Verdict.ERROR, Verdict.MISSED


def recommended(*, past_budget=False, full_days=3, **verdicts):
    results = [
        CriterionResult(id=name, verdict=verdicts.get(name, MET), summary="", evidence={})
        for name in ALL_CRITERIA
    ]
    return recommend(results, opens_past_budget=past_budget, full_days=full_days, min_full_days=3)


@pytest.mark.parametrize(
    ("criterion", "verdict", "recommendation"),
    [
        ("unexpected_opens", MISSED, "extend"),
        ("recovery", MISSED, "rollback"),
        ("error_rate", MISSED, "rollback"),
        ("latency", MISSED, "rollback"),
        ("observability", MISSED, "extend"),
        *((name, verdict, "extend") for name in ALL_CRITERIA for verdict in (INCONCLUSIVE, ERROR)),
    ],
)
def test_one_criterion_that_is_not_met_decides(criterion, verdict, recommendation):
    found, reasons = recommended(**{criterion: verdict})
    assert found is Recommendation(recommendation)
    assert criterion.replace("_", " ") in reasons[0]


def test_all_met_over_enough_days_proceeds():
    assert recommended()[0] is Recommendation.PROCEED


def test_all_met_over_too_few_days_extends():
    found, reasons = recommended(full_days=2)
    assert found is Recommendation.EXTEND
    assert reasons == ("2 of 3 full days observed",)


def test_unexpected_opens_past_their_budget_roll_back():
    found, reasons = recommended(unexpected_opens=MISSED, past_budget=True)
    assert found is Recommendation.ROLLBACK
    assert reasons == ("unexpected opens passed their budget",)


def test_harm_beats_everything_else():
    found, _ = recommended(latency=MISSED, unexpected_opens=MISSED, observability=ERROR, full_days=0)
    assert found is Recommendation.ROLLBACK


def test_a_criterion_that_is_not_there_is_not_met():
    found, _ = recommend([], opens_past_budget=False, full_days=7, min_full_days=3)
    assert found is Recommendation.EXTEND


def test_every_combination_proceeds_only_when_all_are_met_and_worse_is_never_better():
    order = [Recommendation.PROCEED, Recommendation.EXTEND, Recommendation.ROLLBACK]
    for combination in itertools.product(Verdict, repeat=5):
        verdicts = dict(zip(ALL_CRITERIA, combination, strict=True))
        found, reasons = recommended(**verdicts)
        assert reasons
        assert (found is Recommendation.PROCEED) == all(verdict is MET for verdict in combination)
        for name in ALL_CRITERIA:
            worse, _ = recommended(**{**verdicts, name: MISSED})
            assert order.index(worse) >= order.index(found)


def trips(*when):
    return tuple(
        episode(at(day, f"{hour}:01"), at(day, f"{hour}:03"), name=f"{day}-{hour}") for day, hour in when
    )


FOUR_ON = [10, 12, 14, 16]


def test_more_than_three_unexpected_opens_on_each_of_two_days_roll_back():
    both = trips(*((day, hour) for day in (3, 4) for hour in FOUR_ON))
    assert Question(episodes=both).ask().recommendation is Recommendation.ROLLBACK


@pytest.mark.parametrize(
    "when",
    [
        [(3, hour) for hour in FOUR_ON],
        [*((3, hour) for hour in FOUR_ON), *((4, hour) for hour in FOUR_ON[:3])],
    ],
    ids=["one day", "three on the second"],
)
def test_fewer_unexpected_opens_than_that_extend(when):
    found = Question(episodes=trips(*when)).ask()
    assert found.recommendation is Recommendation.EXTEND
    assert any("thresholds" in text for text in found.missing)


def test_the_budget_is_the_operators():
    strict = CriteriaConfig(unexpected_opens_budget=OpenBudget(opens=0, days=1))
    found = Question(episodes=trips((3, 14)), criteria=strict).ask()
    assert found.recommendation is Recommendation.ROLLBACK


def test_a_sound_week_proceeds_and_lacks_nothing():
    found = Question().ask()
    assert found.recommendation is Recommendation.PROCEED
    assert found.missing == ()
    assert (found.days_observed, found.full_days) == (5, 4)


def test_no_day_at_all_extends_with_everything_inconclusive():
    found = Question(observed=()).ask()
    assert found.recommendation is Recommendation.EXTEND
    assert {result.verdict for result in found.criteria} == {INCONCLUSIVE}
    assert found.missing == ("3 full days",)


def test_no_day_and_a_failed_rehearsal_is_still_no_verdict():
    found = Question(observed=(), state=state(rehearsals=())).ask()
    assert found.recommendation is Recommendation.EXTEND


def test_a_latency_regression_rolls_back():
    found = Question(world=World(since=Made(latency_ms=220))).ask()
    assert found.recommendation is Recommendation.ROLLBACK
    assert found.reasons == ("latency missed: the breaker does harm",)


def test_a_judgement_while_a_day_runs_is_marked_preliminary():
    whole = Question().ask()
    assert not whole.preliminary
    assert not any("preliminary" in reason for reason in whole.reasons)
    running = Question(edit=lambda day: partial(day) if day.window.day == 5 else day).ask()
    assert running.preliminary
    assert running.reasons[-1] == "preliminary: day 5 is not over, and counts only when it is"
    assert running.recommendation is whole.recommendation
