"""The few distributions that the judge needs, exact to at least eight digits."""

from __future__ import annotations

import math

from cbops.breaker.statistics import normal_quantile

_TINY = 1e-300


def _beta_fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of the incomplete beta function (Lentz's method)."""
    c, d = 1.0, 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _TINY else _TINY)
    value = d
    for m in range(1, 1000):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        step = 1.0
        for term in (even, odd):
            d = 1.0 + term * d
            d = 1.0 / (d if abs(d) > _TINY else _TINY)
            c = 1.0 + term / c
            c = c if abs(c) > _TINY else _TINY
            step = c * d
            value *= step
        if abs(step - 1.0) < 1e-14:
            break
    return value


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function I_x(a, b) for a, b > 0 and 0 <= x <= 1."""
    if x <= 0.0 or x >= 1.0:
        return min(1.0, max(0.0, x))
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    front = math.exp(log_front)
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _beta_fraction(a, b, x) / a
    return 1.0 - front * _beta_fraction(b, a, 1.0 - x) / b


def student_cdf(t: float, df: float) -> float:
    """Student's distribution with `df` degrees of freedom (any positive number)."""
    tail = 0.5 * incomplete_beta(df / 2.0, 0.5, df / (df + t * t))
    return 1.0 - tail if t > 0 else tail


def student_quantile(probability: float, df: float) -> float:
    """The quantile of Student's distribution, by Newton's method on logarithms.

    The tail's logarithm falls ever faster with the logarithm of t, so that its tangents meet the level above the
    quantile: from the second step on the steps only come nearer to it, from above.
    """
    if probability < 0.5:
        return -student_quantile(1 - probability, df)
    tail = 1 - probability
    if tail in (0, 0.5):
        return math.inf if tail == 0 else 0.0
    normal = normal_quantile(probability)
    constant = math.lgamma((df + 1) / 2) - math.lgamma(df / 2) - 0.5 * math.log(df * math.pi)
    t = normal + (normal**3 + normal) / (4 * df)
    for _ in range(100):
        beyond = 0.5 * incomplete_beta(df / 2, 0.5, df / (df + t * t))
        density = math.exp(constant - (df + 1) / 2 * math.log1p(t * t / df))
        step = math.log(beyond / tail) * beyond / (t * density)
        t *= math.exp(step)
        if abs(step) < 1e-11:
            break
    return t


def arrivals(count: int, alpha: float) -> float:
    """Mean gaps between random arrivals in which `count` have come, but for a probability of `alpha`.

    The gamma distribution's quantile by Wilson and Hilferty's formula, right to about one per cent.
    """
    if count <= 0:
        return 0.0
    third = 1 - 1 / (9 * count) + normal_quantile(1 - alpha) / (3 * math.sqrt(count))
    return count * float(third**3)


def rounded(value: float | None, digits: int = 6) -> float | None:
    """For evidence: enough digits to repeat a verdict, none that only look exact."""
    return None if value is None or not math.isfinite(value) else round(value, digits)
