"""Shadow criteria: judged simply, shown, and without effect unless they are binding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from build import Question, World, partial

from cbops.model.comparison import ShadowMeasured
from cbops.model.config import CriteriaConfig
from cbops.model.observation import Observation
from cbops.model.verdict import Evaluation, Recommendation, ShadowResult, Verdict

QUERY = "sum(cost)"
BEFORE = {-3: 10.0, -2: 12.0, -1: 11.0, 0: 11.0}  # median 11
Values = Mapping[int, float | str | None]


def judged(values: Values, *, template: str = QUERY, **fields: Any) -> Evaluation:
    """`values` by day: a number, null (0/0) or the error of asking; a day that isn't there was never measured."""
    shadow = {"id": "cost", "query": QUERY, "direction": "lower_is_better", "margin": 1.0} | fields
    criteria = CriteriaConfig.model_validate({"shadow": [shadow]})

    def edit(day: Observation) -> Observation:
        if day.window.day not in values:
            return day
        found = values[day.window.day]
        measured = ShadowMeasured(
            id="cost",
            template=template,
            query=template,
            at=day.window.end,
            value=None if isinstance(found, str) else found,
            error=found if isinstance(found, str) else None,
        )
        return day.model_copy(update={"shadows": (measured,)})

    return Question(criteria=criteria, edit=edit).ask()


def shadow(values: Values, **more: Any) -> ShadowResult:
    (found,) = judged(values, **more).shadows
    return found


def after(*numbers: float) -> dict[int, float | str | None]:
    """From the first full day since enabling on."""
    return {**BEFORE, **dict(enumerate(numbers, start=2))}


@pytest.mark.parametrize(
    ("fields", "numbers", "verdict"),
    [
        ({}, (12.0, 12.0, 12.0, 12.0), Verdict.MET),  # worse by the margin, and not more
        ({}, (12.1, 12.1, 12.1, 12.1), Verdict.MISSED),
        ({}, (5.0, 99.0, 5.0, 5.0), Verdict.MET),  # one odd day moves no median
        ({"direction": "higher_is_better"}, (10.0, 10.0, 10.0, 10.0), Verdict.MET),
        ({"direction": "higher_is_better"}, (9.9, 9.9, 9.9, 9.9), Verdict.MISSED),
        ({"direction": "higher_is_better"}, (50.0, 50.0, 50.0, 50.0), Verdict.MET),
        ({"margin": "10 %"}, (12.0, 12.0, 12.0, 12.0), Verdict.MET),
        ({"margin": "10%"}, (12.2, 12.2, 12.2, 12.2), Verdict.MISSED),
        ({"margin": 0}, (11.0, 11.0, 11.0, 11.0), Verdict.MET),
        ({}, (12.0, 12.0), Verdict.INCONCLUSIVE),
    ],
)
def test_the_median_of_the_days_is_held_against_the_median_before(
    fields: dict[str, Any], numbers: tuple[float, ...], verdict: Verdict
) -> None:
    assert shadow(after(*numbers), **fields).verdict is verdict


def test_the_sentence_and_the_evidence_say_what_it_rests_on() -> None:
    found = shadow(after(14.0, 13.0, 15.0, 14.0))
    assert found.summary == (
        "The median of 4 full days is 14, of 4 days before 11 (10 to 12): 3 worse, and 1 worse is allowed. "
        "Medians of few days, no statistical test."
    )
    assert (found.evidence["median_before"], found.evidence["median_after"]) == (11.0, 14.0)
    assert [day["value"] for day in found.evidence["after"]] == [14.0, 13.0, 15.0, 14.0]
    assert found.evidence["after"][0]["query"] == QUERY


@pytest.mark.parametrize(
    "before", [{}, {0: 11.0}, {-1: None, 0: 11.0}], ids=["none", "one", "one without a number"]
)
def test_without_two_days_before_it_is_inconclusive(before: Values) -> None:
    numbers: dict[int, float | str | None] = dict.fromkeys((2, 3, 4, 5), 11.0)
    assert shadow({**numbers, **before}).verdict is Verdict.INCONCLUSIVE


def test_a_day_that_could_not_be_measured_is_shown_and_never_good_news() -> None:
    found = shadow({**after(11.0, 11.0, 11.0), 5: "the expression gives 2 series"})
    assert found.verdict is Verdict.ERROR
    assert found.summary.endswith("1 full day, first on day 5: the expression gives 2 series")
    assert shadow({**after(19.0, 19.0, 19.0), 5: "away"}).verdict is Verdict.MISSED


def test_what_another_query_measured_is_not_this_criterion() -> None:
    found = shadow(after(11.0, 11.0, 11.0, 11.0), template="sum(other)")
    assert found.verdict is Verdict.INCONCLUSIVE
    assert [day["measured"] for day in found.evidence["after"]] == [False] * 4


def test_one_that_is_not_binding_changes_nothing_but_is_shown() -> None:
    plain = Question().ask()
    assert plain.recommendation is Recommendation.PROCEED
    for numbers in (after(99.0, 99.0, 99.0, 99.0), {}, {**after(11.0), 3: "away"}):
        found = judged(numbers)
        assert (found.recommendation, found.reasons, found.missing, found.criteria) == (
            plain.recommendation,
            plain.reasons,
            plain.missing,
            plain.criteria,
        )
        assert found.shadows


@pytest.mark.parametrize(
    ("numbers", "verdict"),
    [
        (after(99.0, 99.0, 99.0, 99.0), "missed"),
        ({}, "inconclusive"),
        ({**after(11.0, 11.0, 11.0), 5: "away"}, "error"),
    ],
)
def test_a_binding_one_that_is_not_met_extends(numbers: Values, verdict: str) -> None:
    found = judged(numbers, binding=True)
    assert found.recommendation is Recommendation.EXTEND
    assert found.reasons == (f"cost, a binding shadow criterion, is {verdict}",)
    assert found.reasons[0] in found.missing


def test_a_binding_one_that_is_met_stands_in_nobodys_way() -> None:
    assert judged(after(11.0, 11.0, 11.0, 11.0), binding=True).recommendation is Recommendation.PROCEED


def test_a_binding_one_that_is_missed_softens_no_rollback() -> None:
    shadow = {"id": "cost", "query": QUERY, "direction": "lower_is_better", "margin": 1, "binding": True}
    worse = World(since=World().canary.__class__(failure=20))
    found = Question(world=worse, criteria=CriteriaConfig.model_validate({"shadow": [shadow]})).ask()
    assert found.recommendation is Recommendation.ROLLBACK


def test_a_judgement_of_a_day_that_is_not_over_is_preliminary() -> None:
    assert not Question().ask().preliminary
    assert Question(edit=lambda day: partial(day) if day.window.day == 5 else day).ask().preliminary
