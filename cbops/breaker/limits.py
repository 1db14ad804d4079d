"""What the kernel compares with: a policy's numbers as given, and the same comparisons in 64-bit numbers."""

from __future__ import annotations

import math
from typing import NamedTuple

from cbops.breaker.settings import Number, Settings

# Times beyond this (142,000 years) are left to Python's unbounded numbers; sums and differences of two within
# it are exact in 64 bits, as integers and as floats.
TIME_LIMIT = 2**52
_CLAMP = 2**62
_LARGEST = 1e300


class Limits(NamedTuple):
    """The kernel's last arguments; `timeout` and `window` in milliseconds."""

    failure_threshold: Number
    success_threshold: Number
    timeout: Number
    probes: Number
    rate: Number
    window: Number


def limits_of(settings: Settings) -> Limits:
    """The policy's numbers, as the scalar breaker uses them."""
    return Limits(
        failure_threshold=settings.failure_threshold,
        success_threshold=settings.success_threshold,
        timeout=settings.timeout_ms,
        probes=settings.half_open_max_calls,
        rate=settings.error_rate_threshold,
        window=settings.error_rate_window_seconds * 1000,
    )


def whole_limits(limits: Limits) -> Limits | None:
    """Limits in 64 bits that decide alike for times within TIME_LIMIT, or None where there are none.

    A whole number reaches a limit exactly when it reaches the limit rounded up; no count or time comes near
    the clamp. A window of fractions, or one so long that it is a rounded number, has no such form: the
    scalar breaker's `now - window` is then rounded too, by the size of `now`.
    """
    # Written so that NaN is refused too.
    if not all(abs(limit) <= _LARGEST for limit in limits):
        return None
    window = limits.window
    if isinstance(window, float) and not (window.is_integer() and abs(window) <= TIME_LIMIT):
        return None
    return Limits(*map(_clamped, limits))._replace(rate=float(limits.rate))


def _clamped(limit: Number) -> int:
    return max(-_CLAMP, min(_CLAMP, math.ceil(limit)))
