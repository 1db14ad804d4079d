"""How much of a budget every look spends, against simulated looks at nothing but noise."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from cbops.breaker.statistics import normal_quantile
from cbops.judge.looks import Look

ALPHA = 0.05


def crossed(before, looks, draws=40_000, seed=11):
    """How often the estimate of an effect that isn't there leaves its bound at any of these looks."""
    rng = np.random.default_rng(seed)
    base = rng.normal(0, 1 / math.sqrt(before), draws)
    total, days, found = np.zeros(draws), 0.0, np.zeros(draws, bool)
    for after in looks:
        total += rng.normal(0, math.sqrt(after - days), draws)
        days = after
        error = math.sqrt(1 / before + 1 / after)
        found |= total / after - base > normal_quantile(1 - Look(before, after).level(ALPHA)) * error
    return found.mean()


@pytest.mark.parametrize("before", [3, 7, 14, math.inf])
def test_seven_looks_spend_at_most_their_part_and_most_of_it(before):
    rate = crossed(before, range(1, 8))
    assert rate <= 0.7 * ALPHA + 0.003
    assert rate >= 0.4 * 0.7 * ALPHA


@pytest.mark.parametrize("before", [3, 7, math.inf])
def test_looking_for_eight_weeks_spends_no_more_than_the_budget(before):
    assert crossed(before, range(1, 57), draws=20_000) <= ALPHA


def test_a_first_day_cut_short_spends_no_more():
    assert crossed(7, [n - 0.4 for n in range(1, 15)]) <= 0.9 * ALPHA + 0.003


@pytest.mark.parametrize("before", [3, 7, math.inf])
def test_within_a_horizon_later_looks_may_spend_more(before):
    for days in (range(1, 8), range(8, 15), range(15, 29)):
        levels = [Look(before, after).level(ALPHA) for after in days]
        assert all(one < two for one, two in itertools.pairwise(levels))


def test_the_horizons_together_have_the_whole_budget():
    shares = [Look(7, days).horizon[1] for days in (7, 14, 28, 56, 112)]
    assert shares == pytest.approx([0.7, 0.2, 0.2 / 3, 0.2 / 9, 0.2 / 27])
    assert sum(0.2 / 3**n for n in range(50)) + 0.7 == pytest.approx(1.0)


def test_the_level_of_the_last_day_of_a_week_is_that_of_the_reflection_principle():
    z = normal_quantile(1 - 0.7 * ALPHA / 2) - 0.5826 * math.sqrt(1 / 7)
    assert normal_quantile(1 - Look(math.inf, 7).level(ALPHA)) == pytest.approx(z, abs=1e-9)
