"""A circuit_breaker block as the numbers that the state machine compares with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cbops.errors import PolicyError
from cbops.model.policy import BreakerPolicy, refuse_unknown_keys

Number = int | float


@dataclass(frozen=True, slots=True)
class Settings:
    """The numbers of a block, defaults filled in; times in ms except the window, which is in seconds.

    Unlike `BreakerPolicy` it holds any finite number that the router would compare with, sensible
    or not: zero, negative or fractional ones too.
    """

    failure_threshold: Number
    success_threshold: Number
    timeout_ms: Number
    half_open_max_calls: Number
    error_rate_threshold: Number
    error_rate_window_seconds: Number
    latency_threshold_ms: Number | None
    enabled: bool = False


_LARGEST = 1e300
_DEFAULTS: dict[str, Any] = {name: field.default for name, field in BreakerPolicy.model_fields.items()}


def resolve(policy: Mapping[str, Any] | BreakerPolicy) -> Settings:
    """The block's numbers; PolicyError names an unknown key or a value that is no finite number."""
    if isinstance(policy, BreakerPolicy):
        return Settings(**policy.model_dump())
    refuse_unknown_keys(policy)
    for key, value in policy.items():
        if not _fits(key, value):
            wanted = "true or false" if key == "enabled" else "a number"
            raise PolicyError(
                f"circuit_breaker.{key} is {value!r}, not {wanted}",
                hint="Correct the value in the policy file.",
            )
    return Settings(**{**_DEFAULTS, **policy})


def _fits(key: str, value: object) -> bool:
    if key == "enabled":
        return isinstance(value, bool)
    if value is None:
        return key == "latency_threshold_ms"
    # Also false for NaN. Beyond the limit, sums with fractions would overflow.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


# A circuit that a result creates lives on the default config, where alone a latency threshold is set
# (the domain description's part on reasons).
UNCONFIGURED = Settings(**{**_DEFAULTS, "latency_threshold_ms": 5000})
