"""How often the judge errs, measured on made rollouts with fixed seeds (few, so that it stays fast)."""

from __future__ import annotations

from judge.build import verdicts
from judge.drift import Truth, looks

from cbops.model.verdict import Recommendation, Verdict

ROLLOUTS = 15
LOOKS = (3, 5, 8)


def shares(truth, criterion):
    """In how many rollouts a criterion was met, and missed, at any look."""
    answers = [[verdicts(e)[criterion] for e in looks(truth, seed, LOOKS)] for seed in range(ROLLOUTS)]
    return (
        sum(Verdict.MET in each for each in answers),
        sum(Verdict.MISSED in each for each in answers),
    )


def test_sound_rollouts_are_rarely_rolled_back_although_tenants_drift():
    rolled_back = 0
    for seed in range(ROLLOUTS):
        answers = looks(Truth(drift=0.05, hours=6), seed, LOOKS)
        rolled_back += any(e.recommendation is Recommendation.ROLLBACK for e in answers)
    assert rolled_back <= 2


def test_sound_rollouts_without_drift_are_mostly_cleared():
    met, missed = shares(Truth(drift=0, tail=0.001), "latency")
    assert met >= 0.8 * ROLLOUTS
    assert missed == 0


def test_latency_at_the_margin_is_rarely_met():
    met, _ = shares(Truth(drift=0.05, hours=1, slower=0.05), "latency")
    assert met <= 2


def test_ten_per_cent_more_latency_is_mostly_found():
    met, missed = shares(Truth(drift=0, tail=0.001, slower=0.10), "latency")
    assert met == 0
    assert missed >= 0.9 * ROLLOUTS


def test_two_points_more_errors_are_found_and_never_met():
    met, missed = shares(Truth(more_failures=0.02), "error_rate")
    assert met == 0
    assert missed >= 0.9 * ROLLOUTS


def test_half_a_point_more_errors_is_rarely_met():
    met, _ = shares(Truth(more_failures=0.005), "error_rate")
    assert met <= 2


def test_a_tenant_with_one_request_a_minute_is_neither_cleared_nor_condemned_by_latency():
    met, missed = shares(Truth(per_minute=1), "latency")
    assert met <= 2
    assert missed <= 1
