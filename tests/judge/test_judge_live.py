"""A live policy that isn't the applied one never proceeds."""

from __future__ import annotations

from datetime import timedelta

import pytest
from judge.build import Question, World, at, state

from cbops.judge.live import REMEDY
from cbops.model.events import Evaluated
from cbops.model.observation import Drift
from cbops.model.state import CollectedDay, EvaluationRecord
from cbops.model.verdict import Recommendation

SAME = Drift(checked=True, drifted=False, message="the live policy is the one that was applied")
OTHER = Drift(checked=True, drifted=True, message="enabled: true → false")
UNSEEN = Drift(checked=False, drifted=None, message="nobody answers")


def collected(*days: int, drift: Drift | None) -> tuple[CollectedDay, ...]:
    """Those days, each collected when it ended."""
    windows = (World().day(number).window for number in days)
    return tuple(
        CollectedDay(window=w, collected_at=w.end, as_of=w.end, observation="0" * 64, drift=drift)
        for w in windows
    )


def judged_at(moment, drift: Drift | None) -> EvaluationRecord:
    event = Evaluated(
        as_of=moment, criteria=(), recommendation=Recommendation.EXTEND, evaluation="0" * 64, drift=drift
    )
    return EvaluationRecord(at=moment, actor="ann", evaluated=event)


@pytest.mark.parametrize("drift", [None, SAME, UNSEEN])
def test_without_a_drift_that_was_seen_a_sound_canary_proceeds(drift):
    judged = Question(drift=drift).ask()
    assert judged.recommendation is Recommendation.PROCEED
    assert judged.drift == drift


def test_another_live_policy_extends_and_says_why_and_what_is_missing():
    judged = Question(drift=OTHER).ask()
    assert judged.recommendation is Recommendation.EXTEND
    assert judged.reasons == (
        "the policy that was judged is not the one that is live: enabled: true → false",
    )
    assert REMEDY in judged.missing
    assert judged.drift == OTHER


def test_a_day_that_is_not_judged_yet_does_not_count():
    days = (*collected(1, 2, 3, 4, 5, drift=SAME), *collected(6, drift=OTHER))
    assert Question(drift=SAME, state=state(days=days)).ask().recommendation is Recommendation.PROCEED


def test_where_nobody_can_look_the_last_look_on_record_counts():
    days = collected(1, 2, 3, 4, 5, drift=SAME)
    later = at(6, "00:00") + timedelta(minutes=1)
    seen = state(days=days, evaluations=(judged_at(later, OTHER), judged_at(later, UNSEEN)))
    judged = Question(drift=UNSEEN, state=seen).ask()
    assert judged.recommendation is Recommendation.EXTEND
    assert "when last looked at (2025-02-01T00:01:00.000Z): enabled: true → false" in judged.reasons[0]


@pytest.mark.parametrize("drift", [SAME, UNSEEN])
def test_a_drift_that_was_put_right_no_longer_counts(drift):
    again = state(days=collected(1, 2, 3, 4, 5, drift=SAME), evaluations=(judged_at(at(2, "00:00"), OTHER),))
    assert Question(drift=drift, state=again).ask().recommendation is Recommendation.PROCEED
