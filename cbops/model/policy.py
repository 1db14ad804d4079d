"""Policies of the router: the document, and the circuit_breaker block in it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from cbops.errors import PolicyError
from cbops.model.base import Frozen, JsonObject

# What operators start a canary with (the seed document's policy JSON).
CANARY_BLOCK: JsonObject = {
    "enabled": True,
    "failure_threshold": 5,
    "error_rate_threshold": 0.5,
    "error_rate_window_seconds": 60,
    "timeout_ms": 30000,
    "success_threshold": 2,
}


class BreakerPolicy(Frozen):
    """A `circuit_breaker` block with the router's value for every field that was left out.

    Source: the policy section of the domain description. `failure_threshold` counts consecutive
    failures; times are milliseconds except the window, which is seconds; the rate is a quotient.
    """

    enabled: bool = False
    failure_threshold: int = 5
    success_threshold: int = 2
    timeout_ms: int = 60000
    half_open_max_calls: int = 3
    error_rate_threshold: float = 0.5
    error_rate_window_seconds: int = 60
    latency_threshold_ms: int | None = None


def parse_block(block: Mapping[str, Any]) -> BreakerPolicy:
    """The block with defaults filled in; PolicyError names an unknown key or a wrong value.

    The router ignores unknown keys in silence, so a typo there would be a default in production.
    """
    refuse_unknown_keys(block)
    try:
        return BreakerPolicy.model_validate(dict(block), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise PolicyError(
            f"circuit_breaker.{name}: {first['msg']} (got {first['input']!r})",
            hint="Correct the value in the policy file.",
        ) from error


def refuse_unknown_keys(block: Mapping[str, Any]) -> None:
    """PolicyError names the first key that the router would ignore in silence."""
    known = list(BreakerPolicy.model_fields)
    for key in block:
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            meant = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}."
            raise PolicyError(
                f"circuit_breaker has an unknown key '{key}'", hint=meant[0].upper() + meant[1:]
            )


def breaker_block(document: Mapping[str, Any]) -> JsonObject:
    """The document's circuit_breaker block as it stands, {} when there is none."""
    block = document.get("circuit_breaker")
    return dict(block) if isinstance(block, Mapping) else {}


def provider_weights(document: Mapping[str, Any]) -> dict[str, float]:
    """The document's providers and their weights (0 to 100), as it lists them; without a weight: 0."""
    weights: dict[str, float] = {}
    providers = document.get("providers")
    for entry in providers if isinstance(providers, list) else []:
        if isinstance(entry, Mapping) and isinstance(entry.get("name"), str):
            weight = entry.get("weight")
            if not isinstance(weight, int | float) or isinstance(weight, bool):
                weight = 0
            weights[entry["name"]] = weights.get(entry["name"], 0) + weight
    return weights


def fallback_targets(document: Mapping[str, Any]) -> tuple[str, ...]:
    """The providers that the document's fallbacks send to, in their order."""
    fallbacks = document.get("fallbacks")
    entries = fallbacks if isinstance(fallbacks, list) else []
    targets = [entry.get("to") for entry in entries if isinstance(entry, Mapping)]
    return tuple(target for target in targets if isinstance(target, str))


def enables_breaker(document: Mapping[str, Any]) -> bool:
    """Whether the document enables the breaker; anything but true doesn't."""
    return breaker_block(document).get("enabled") is True


def with_breaker(document: Mapping[str, Any], block: Mapping[str, Any]) -> JsonObject:
    """The same document with this circuit_breaker block and nothing else changed."""
    return {**document, "circuit_breaker": dict(block)}


def next_version(versions: list[str]) -> str:
    """One minor step above the highest MAJOR.MINOR; '1.0' when there is none."""
    pairs = [parse_version(version) for version in versions]
    if not pairs:
        return "1.0"
    major, minor = max(pairs)
    return f"{major}.{minor + 1}"


def parse_version(version: str) -> tuple[int, int]:
    """(major, minor); PolicyError when it isn't MAJOR.MINOR."""
    major, dot, minor = version.partition(".")
    if not (dot and major.isascii() and major.isdigit() and minor.isascii() and minor.isdigit()):
        raise PolicyError(
            f"'{version}' is not a policy version", hint="A version is MAJOR.MINOR, for example 1.4."
        )
    return int(major), int(minor)


class Change(Frozen):
    """One difference between two documents: a dotted path, and the values (absent is null)."""

    path: str
    before: Any = None
    after: Any = None


def differences(before: object, after: object, path: str = "") -> tuple[Change, ...]:
    """Every leaf that differs, in the order of the paths; lists are compared whole."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        found: list[Change] = []
        for key in sorted({*before, *after}):
            found += differences(before.get(key), after.get(key), f"{path}.{key}" if path else str(key))
        return tuple(found)
    # True == 1 in Python, but not in a policy.
    if before == after and isinstance(before, bool) == isinstance(after, bool):
        return ()
    if isinstance(after, Mapping) and before is None:
        return tuple(
            change
            for key in sorted(after)
            for change in differences(None, after[key], f"{path}.{key}" if path else str(key))
        )
    return (Change(path=path, before=before, after=after),)


class PolicyVersion(Frozen):
    """One version in a policy's history."""

    version: str
    document: JsonObject
    is_active: bool
    created_at: str | None = None
    created_by: str | None = None
    comment: str | None = None


class PolicyInfo(Frozen):
    """One line of the list of policies."""

    tenant: str
    policy: str
    version: str
    status: str | None = None
    provider_count: int | None = None
    has_fallbacks: bool | None = None


class PutAnswer(Frozen):
    """What the admin API says of a PUT; `previous_version` was live before, null for a new policy."""

    new_version: str
    previous_version: str | None
    updated_at: str | None = None
