"""The router's check of a policy document: what is wrong, and (if strict) what it would pass over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from cbops.errors import PolicyError
from cbops.model.policy import BreakerPolicy, parse_version


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing about a document: the key it is about, what is said, and the dotted path to it."""

    field: str
    message: str
    path: str


_KEYS = frozenset(
    ("version", "policy_id", "providers", "fallbacks", "sticky", "circuit_breaker", "extensions", "metadata")
)
_INTEGERS = (
    "failure_threshold",
    "success_threshold",
    "timeout_ms",
    "half_open_max_calls",
    "error_rate_window_seconds",
)
_LARGEST = 1e300  # beyond it, circuits could not work with a number


def errors(document: Mapping[str, object]) -> tuple[Complaint, ...]:
    """What makes the document invalid; empty when it is valid."""
    return (
        *_version(document),
        *_providers(document.get("providers")),
        *_fallbacks(document.get("fallbacks")),
        *_breaker(document.get("circuit_breaker")),
    )


def warnings(document: Mapping[str, object]) -> tuple[Complaint, ...]:
    """Keys that the router does not know, and so ignores."""
    block = document.get("circuit_breaker")
    unknown = [(key, key) for key in document if key not in _KEYS]
    if isinstance(block, Mapping):
        unknown += [(key, f"circuit_breaker.{key}") for key in block if key not in BreakerPolicy.model_fields]
    return tuple(Complaint(field, "unknown key, ignored", path) for field, path in unknown)


def _version(document: Mapping[str, object]) -> Iterator[Complaint]:
    version = document.get("version")
    if not isinstance(version, str):
        yield Complaint("version", "must be a string MAJOR.MINOR", "version")
        return
    try:
        parse_version(version)
    except PolicyError:
        yield Complaint("version", "must be MAJOR.MINOR", "version")


def _number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _providers(listed: object) -> Iterator[Complaint]:
    if not isinstance(listed, list) or not listed:
        yield Complaint("providers", "must be a list with at least one provider", "providers")
        return
    total = 0.0
    for index, each in enumerate(listed):
        path = f"providers.{index}"
        if not isinstance(each, Mapping):
            yield Complaint("providers", "must be an object with name and weight", path)
            continue
        if not (isinstance(each.get("name"), str) and each["name"]):
            yield Complaint("name", "must be a string that isn't empty", f"{path}.name")
        weight = each.get("weight")
        if _number(weight) and 0 <= weight <= 100:
            total += weight
        else:
            yield Complaint("weight", "must be a number from 0 to 100", f"{path}.weight")
    if total <= 0:
        yield Complaint("weight", "at least one provider needs a weight above 0", "providers")


def _fallbacks(listed: object) -> Iterator[Complaint]:
    if listed is None:
        return
    if not isinstance(listed, list):
        yield Complaint("fallbacks", "must be a list", "fallbacks")
        return
    for index, each in enumerate(listed):
        path = f"fallbacks.{index}"
        if not isinstance(each, Mapping):
            yield Complaint("fallbacks", "must be an object with when and to", path)
            continue
        when = each.get("when")
        if not (isinstance(when, Mapping) and isinstance(when.get("status"), list)):
            yield Complaint("when", "must be an object with a list 'status'", f"{path}.when")
        if not (isinstance(each.get("to"), str) and each["to"]):
            yield Complaint("to", "must be the name of a provider", f"{path}.to")


def _breaker(block: object) -> Iterator[Complaint]:
    if block is None:
        return
    if not isinstance(block, Mapping):
        yield Complaint("circuit_breaker", "must be an object", "circuit_breaker")
        return
    for name, wanted in _wrong_values(block):
        yield Complaint(name, f"must be {wanted}", f"circuit_breaker.{name}")


def _wrong_values(block: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    if not isinstance(block.get("enabled", False), bool):
        yield "enabled", "true or false"
    for name in _INTEGERS:
        value = block.get(name, 0)
        if not _number(value) or not isinstance(value, int):
            yield name, "a whole number"
    if not _number(block.get("error_rate_threshold", 0)):
        yield "error_rate_threshold", "a number"
    latency = block.get("latency_threshold_ms")
    if latency is not None and (not _number(latency) or not isinstance(latency, int)):
        yield "latency_threshold_ms", "a whole number, or null"
