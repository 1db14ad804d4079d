from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbops.judge.numbers import arrivals, incomplete_beta, rounded, student_cdf, student_quantile

# Two-sided 95 %, one-sided 99 % and 99.5 % columns of the usual table.
TABLE = [
    (0.975, 1, 12.706),
    (0.975, 2, 4.303),
    (0.975, 5, 2.571),
    (0.975, 30, 2.042),
    (0.99, 3, 4.541),
    (0.99, 10, 2.764),
    (0.995, 4, 4.604),
    (0.995, 120, 2.617),
    (0.9, 7, 1.415),
]


@pytest.mark.parametrize(("probability", "df", "value"), TABLE)
def test_student_quantiles_are_those_of_the_table(probability, df, value):
    assert student_quantile(probability, df) == pytest.approx(value, abs=6e-4)


def test_one_degree_of_freedom_is_the_cauchy_distribution():
    for t in (-30.0, -1.0, 0.0, 0.3, 2.0, 500.0):
        assert student_cdf(t, 1) == pytest.approx(0.5 + math.atan(t) / math.pi, abs=1e-9)


def test_many_degrees_of_freedom_are_the_normal_distribution():
    assert student_quantile(0.975, 1e6) == pytest.approx(1.959964, abs=1e-4)


@given(st.floats(0.001, 0.999), st.floats(1, 200))
def test_the_quantile_inverts_the_distribution(probability, df):
    assert student_cdf(student_quantile(probability, df), df) == pytest.approx(probability, abs=1e-6)


@given(st.floats(1e-9, 1e-3), st.floats(1, 200))
def test_quantiles_are_right_far_out_too(tail, df):
    value = student_quantile(1 - tail, df)
    assert student_cdf(-value, df) == pytest.approx(tail, rel=1e-6)
    assert student_quantile(tail, df) == pytest.approx(-value, rel=1e-6)


def test_half_of_students_distribution_lies_below_zero_and_none_beyond_infinity():
    assert student_quantile(0.5, 3) == 0
    assert student_quantile(1.0, 3) == math.inf


def test_the_incomplete_beta_function_has_its_known_values():
    assert incomplete_beta(2, 3, 0) == 0
    assert incomplete_beta(2, 3, 1) == 1
    assert incomplete_beta(2, 3, 0.5) == pytest.approx(0.6875, abs=1e-12)
    assert incomplete_beta(0.5, 0.5, 0.25) == pytest.approx(1 / 3, abs=1e-12)


def test_what_is_not_finite_is_null_in_evidence():
    assert rounded(math.inf) is None
    assert rounded(None) is None
    assert rounded(0.12345678) == 0.123457


@pytest.mark.parametrize(
    ("count", "alpha", "gaps"), [(1, 0.05, 2.996), (2, 0.01, 6.638), (2, 0.001, 9.233), (4, 0.001, 13.062)]
)
def test_arrivals_are_half_the_chi_squared_quantile(count, alpha, gaps):
    # half of the usual table's, with twice as many degrees of freedom as arrivals
    assert arrivals(count, alpha) == pytest.approx(gaps, rel=0.02)
    assert arrivals(0, alpha) == 0


@given(st.integers(1, 8))
def test_after_that_many_gaps_fewer_arrivals_are_as_rare_as_said(count):
    gaps = arrivals(count, 0.001)
    fewer = sum(math.exp(-gaps) * gaps**n / math.factorial(n) for n in range(count))
    assert fewer == pytest.approx(0.001, rel=0.2)
