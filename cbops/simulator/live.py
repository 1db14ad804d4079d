"""A policy document as the practice router acts on it: lenient, as the router is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cbops.model.base import JsonObject
from cbops.model.policy import BreakerPolicy, breaker_block


@dataclass(frozen=True, slots=True)
class LivePolicy:
    """Where requests go. `weights` are running sums in 0 to 1, aligned to `providers`.

    `breaker` is the block that circuits are asked with, None where the breaker isn't enabled.
    """

    providers: tuple[str, ...]
    weights: tuple[float, ...]
    fallback: str | None
    breaker: JsonObject | None

    def choose(self, share: float) -> str:
        """The provider for a number in [0, 1)."""
        for provider, weight in zip(self.providers, self.weights, strict=True):
            if share < weight:
                return provider
        return self.providers[-1]


def live_policy(document: Mapping[str, object]) -> LivePolicy:
    """What the document means; unknown keys and unusable values are passed over in silence.

    Source: the policy section of the domain description (the router ignores what it doesn't know).
    """
    weighted = _providers(document.get("providers"))
    total = sum(weight for _, weight in weighted)
    running, sums = 0.0, []
    for _, weight in weighted:
        running += weight / total
        sums.append(running)
    return LivePolicy(
        tuple(name for name, _ in weighted),
        tuple(sums),
        _fallback(document.get("fallbacks")),
        _breaker(document),
    )


def _number(value: object) -> float | None:
    # Also false for NaN; beyond the limit the circuits refuse a number.
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e300:
        return value
    return None


def _providers(listed: object) -> list[tuple[str, float]]:
    found = []
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(each.get("name"), str):
            weight = _number(each.get("weight"))
            if weight is not None and weight > 0:
                found.append((each["name"], weight))
    return found


def _fallback(listed: object) -> str | None:
    for each in listed if isinstance(listed, list) else ():
        if isinstance(each, dict) and isinstance(each.get("to"), str):
            return str(each["to"])
    return None


def _breaker(document: Mapping[str, object]) -> JsonObject | None:
    block = breaker_block(document)
    if block.get("enabled") is not True:
        return None
    numbers = {
        name: block[name]
        for name in BreakerPolicy.model_fields
        if name != "enabled" and _number(block.get(name)) is not None
    }
    return {"enabled": True, **numbers}
