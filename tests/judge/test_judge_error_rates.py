"""How often the judge errs, measured on made rollouts with fixed seeds (few; the benchmark plays hundreds)."""

from __future__ import annotations

from functools import cache

import pytest
from judge.made import counted

from cbops.judge import evaluate
from cbops.model.config import CriteriaConfig
from cbops.model.verdict import Recommendation, Verdict

ROLLOUTS = 12
LOOKS = (3, 5, 7)


@cache
def looks(truth, per_minute=30.0, *, drift=0.05, hours=6.0, tail=0.003):
    """The judge's answers to some rollouts, at the end of these days."""
    noise = counted.Noise(drift=drift, hours=hours, tail=tail)
    found = []
    for seed in range(ROLLOUTS):
        made = counted.make(counted.Scene(truth, per_minute, noise), seed)
        found.append([at_the_end(made, day) for day in LOOKS])
    return found


def at_the_end(made, day):
    seen = made.observed[:day]
    return evaluate(
        made.state,
        observations=seen,
        baseline=made.baseline,
        episodes=made.episodes,
        criteria=CriteriaConfig(),
        as_of=seen[-1].window.end,
    )


def ever(answers, criterion, verdict):
    """In how many rollouts a criterion had that verdict at any look."""
    return sum(
        any(c.id == criterion and c.verdict is verdict for e in each for c in e.criteria) for each in answers
    )


SOUND = counted.Truth("sound")
QUIET = {"drift": 0.0, "tail": 0.001}


def test_sound_rollouts_are_rarely_rolled_back_although_tenants_drift():
    rolled_back = sum(
        any(e.recommendation is Recommendation.ROLLBACK for e in each) for each in looks(SOUND, hours=24.0)
    )
    assert rolled_back <= 2


def test_sound_rollouts_without_drift_are_mostly_cleared():
    answers = looks(SOUND, **QUIET)
    assert ever(answers, "latency", Verdict.MET) >= 0.8 * ROLLOUTS
    assert ever(answers, "latency", Verdict.MISSED) == 0
    proceeded = sum(any(e.recommendation is Recommendation.PROCEED for e in each) for each in answers)
    assert proceeded >= 0.8 * ROLLOUTS


@pytest.mark.parametrize("per_minute", [10.0, 100.0])
def test_latency_at_the_margin_is_rarely_met(per_minute):
    answers = looks(counted.Truth("at the margin", slower=0.05), per_minute)
    assert ever(answers, "latency", Verdict.MET) <= 2


def test_ten_per_cent_more_latency_is_mostly_found():
    answers = looks(counted.Truth("slower", slower=0.10), **QUIET)
    assert ever(answers, "latency", Verdict.MET) == 0
    assert ever(answers, "latency", Verdict.MISSED) >= 0.9 * ROLLOUTS


def test_two_points_more_errors_are_found_and_never_met():
    answers = looks(counted.Truth("failing", more_failures=0.02))
    assert ever(answers, "error_rate", Verdict.MET) == 0
    assert ever(answers, "error_rate", Verdict.MISSED) == ROLLOUTS


def test_half_a_point_more_errors_is_rarely_met():
    answers = looks(counted.Truth("at the margin", more_failures=0.005))
    assert ever(answers, "error_rate", Verdict.MET) <= 2


def test_a_tenant_with_one_request_a_minute_is_neither_cleared_nor_condemned_by_latency():
    answers = looks(SOUND, 1.0)
    assert ever(answers, "latency", Verdict.MET) <= 3
    assert ever(answers, "latency", Verdict.MISSED) <= 1
