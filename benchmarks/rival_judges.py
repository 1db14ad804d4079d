"""Two judges as others configure them, on the same hours: small implementations of their published rules.

Fixed thresholds: Argo Rollouts' and Flagger's analyses compare a canary's metric at every interval with a number
that somebody chose, and stop when too many of these checks fail. Here: every hour, a success rate of at least
99 % and a latency of at most 500 ms (the numbers of their examples; the latency is the mean), five failed checks
in all; hours without a result are skipped; what has not failed by the third full day is promoted.

Mann-Whitney: Kayenta's judge takes the points of a canary and of its baseline, estimates by how much the one lies
above the other (Hodges and Lehmann) with a confidence interval of 98 %, and calls a metric high when the interval
lies above a quarter of the estimate (its tolerance of 0.25). Here: hourly points of the error rate and of the mean latency, since enabling against
the days before; one high metric of two fails; looked at every day, promoted on the third full day.
"""

from __future__ import annotations

import math

import numpy as np

Hours = dict[str, np.ndarray]
ALLOWED_FAILURES = 5
SUCCESS_RATE = 0.99
LATENCY_MS = 500.0
Z_98 = 2.3263
TOLERANCE = 0.25


def _points(hours: Hours, part: slice) -> tuple[np.ndarray, np.ndarray]:
    """Hourly error rates and mean latencies of the hours with results."""
    calls = hours["calls"][part]
    some = calls > 0
    return hours["failure"][part][some] / calls[some], hours["sum"][part][some] / calls[some]


def fixed_thresholds(hours: Hours, baseline: int, day: int, *, promote: bool) -> str:
    """Argo Rollouts or Flagger at the end of that day since enabling."""
    errors, latencies = _points(hours, slice(24 * baseline, 24 * (baseline + day)))
    failed = int(((errors > 1 - SUCCESS_RATE) | (latencies > LATENCY_MS)).sum())
    if failed >= ALLOWED_FAILURES:
        return "rollback"
    return "proceed" if promote else "extend"


def high(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether Mann and Whitney's interval for the shift lies above the tolerance."""
    m, n = len(before), len(after)
    if min(m, n) < 3:
        return False
    reach = Z_98 * math.sqrt(m * n * (m + n + 1) / 12)
    low, middle = max(0, math.floor(m * n / 2 - reach)), m * n // 2
    shifts = np.partition((after[:, None] - before[None, :]).ravel(), (low, middle))
    return bool(shifts[low] > TOLERANCE * abs(shifts[middle]))


def mann_whitney(hours: Hours, baseline: int, day: int, *, promote: bool) -> str:
    """Kayenta at the end of that day since enabling."""
    before = _points(hours, slice(0, 24 * baseline))
    after = _points(hours, slice(24 * baseline, 24 * (baseline + day)))
    if any(high(one, two) for one, two in zip(before, after, strict=True)):
        return "rollback"
    return "proceed" if promote else "extend"
