"""Days under another policy than the applied one don't count, and an open under it is nobody's."""

from __future__ import annotations

import pytest
from judge.build import Question, World, at, episode, state

from cbops.model.observation import Drift
from cbops.model.other_policy import OtherPolicy
from cbops.model.state import CollectedDay
from cbops.model.verdict import Recommendation

SAME = Drift(checked=True, drifted=False, message="the live policy is the one that was applied")
DRIFTED = Drift(checked=True, drifted=True, message="enabled: true → false")  # as older records have it
TOLD = "circuit_breaker.timeout_ms: 30000 → 5"


def other(since, until, *, sure: bool = True) -> OtherPolicy:
    return OtherPolicy(since=since, until=until, version="1.2", by="ops", sure=sure, difference=TOLD)


def collected(*drifts: Drift | None) -> tuple[CollectedDay, ...]:
    windows = (World().day(number).window for number in range(1, len(drifts) + 1))
    return tuple(
        CollectedDay(window=w, collected_at=w.end, as_of=w.end, observation="0" * 64, drift=drift)
        for w, drift in zip(windows, drifts, strict=True)
    )


def left_out(judged) -> dict[str, str]:
    return (
        judged.criteria[0].evidence["days"]["left_out"]
        if "days" in judged.criteria[0].evidence
        else (judged.criteria[0].evidence["left_out"])
    )


@pytest.mark.parametrize("sure", [True, False])
def test_a_day_that_it_touched_does_not_count_and_both_evidence_and_reasons_say_why(sure):
    changed = state(others=(other(at(3, "15:00"), at(4, "00:00"), sure=sure),))
    judged = Question(state=changed, drift=SAME).ask()
    assert (judged.full_days, judged.days_observed) == (3, 5)
    (reason,) = [each for each in judged.reasons if "does not count" in each]
    assert reason.startswith(
        "day 3 does not count: another policy than the applied one, 1.2 (by ops), was live"
    )
    assert ("may have been" in reason) is not sure
    assert reason.endswith(TOLD)
    assert list(left_out(judged)) == ["3"]
    assert (
        judged.recommendation is Recommendation.PROCEED
    )  # three full days are left, and the applied one is live


def test_too_few_days_under_the_applied_policy_extend():
    changed = state(others=(other(at(3, "15:00"), at(4, "08:00")),))
    judged = Question(state=changed, drift=SAME).ask()
    assert judged.full_days == 2
    assert judged.recommendation is Recommendation.EXTEND


def test_a_whole_day_under_it_is_not_even_observed():
    changed = state(others=(other(at(3, "00:00"), at(4, "08:00")),))
    judged = Question(state=changed, drift=SAME).ask()
    assert (judged.full_days, judged.days_observed) == (2, 4)
    assert list(left_out(judged)) == ["3", "4"]


def test_what_was_just_seen_counts_before_it_is_on_record():
    seen = Drift(checked=True, drifted=True, message="m", others=(other(at(5, "12:00"), at(6, "00:30")),))
    judged = Question(drift=seen).ask()
    assert list(left_out(judged)) == ["5"]
    assert judged.recommendation is Recommendation.EXTEND


def test_with_no_day_left_nothing_is_met_and_the_reason_is_the_policy():
    changed = state(others=(other(at(1, "00:00"), at(6, "00:00")),))
    judged = Question(state=changed, drift=SAME).ask()
    assert {each.verdict.value for each in judged.criteria} == {"inconclusive"}
    assert "on none of them was the applied policy live" in judged.criteria[0].summary


def test_a_day_of_an_older_record_that_had_drifted_is_left_out_itself():
    days = collected(SAME, SAME, DRIFTED, SAME, SAME)
    judged = Question(state=state(days=days), drift=SAME).ask()
    assert left_out(judged) == {
        "3": "it was collected while another policy was live, and since when isn't known"
    }


def test_a_day_that_was_over_before_the_change_counts_though_it_was_collected_after_it():
    seen = Drift(checked=True, drifted=True, message="m", others=(other(at(6, "08:00"), at(6, "09:00")),))
    days = collected(SAME, SAME, SAME, SAME, seen)
    judged = Question(state=state(days=days, others=seen.others), drift=SAME).ask()
    assert left_out(judged) == {}


@pytest.mark.parametrize(
    ("sure", "opened", "counts"),
    [
        (True, "16:00", False),
        (True, "14:00", True),
        (False, "16:00", True),
    ],
)
def test_an_open_is_nobody_s_only_while_another_policy_was_live_for_sure(sure, opened, counts):
    changed = state(others=(other(at(3, "15:00"), at(4, "00:00"), sure=sure),))
    hour, _ = opened.split(":")
    one = episode(at(3, opened), at(3, f"{hour}:02"))
    judged = Question(state=changed, drift=SAME, episodes=(one,)).ask()
    assert (len(judged.episodes) == 1) is counts
