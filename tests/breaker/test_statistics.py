from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbops.breaker.statistics import normal_quantile, wilson


def test_normal_quantiles_are_those_of_the_table():
    assert normal_quantile(0.95) == pytest.approx(1.644854, abs=1e-6)
    assert normal_quantile(0.5) == 0


def test_wilson_bounds_are_those_of_the_textbook():
    # 8 of 10, 95 % two-sided: 0.490 to 0.943
    low, high = wilson(8, 10, 0.025)
    assert (low, high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))


def test_without_results_a_rate_may_be_anything():
    assert wilson(0, 0, 0.05) == (0.0, 1.0)


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_bounds_enclose_the_rate_and_narrow_with_more_results(pair):
    failures, results = pair
    low, high = wilson(failures, results, 0.05)
    assert 0 <= low <= failures / results + 1e-12
    assert failures / results - 1e-12 <= high <= 1
    closer = wilson(failures * 10, results * 10, 0.05)
    assert closer[1] - closer[0] < high - low
