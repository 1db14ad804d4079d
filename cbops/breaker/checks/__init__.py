"""What a policy means in practice, said before it is live."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from cbops.breaker.checks import opening, recovery, shape, surroundings
from cbops.breaker.checks.codes import CODES
from cbops.breaker.checks.data import Rule, Subject, TrafficFacts
from cbops.breaker.settings import Settings
from cbops.model.checking import LEVELS, PolicyFinding
from cbops.model.policy import BreakerPolicy

__all__ = ["CODES", "TrafficFacts", "check_policy"]

_PROBES = ("success_threshold", "half_open_max_calls")
_RATE = ("failure_threshold", "error_rate_threshold", "error_rate_window_seconds")
_BANDED = ("failure_threshold", "error_rate_threshold", "error_rate_window_seconds", "timeout_ms")

# In this order within a level.
_RULES = (
    Rule(shape.unknown_keys),
    Rule(shape.wrong_types),
    Rule(shape.out_of_range),
    Rule(recovery.never_closes, _PROBES),
    Rule(opening.window_zero, _RATE),
    Rule(recovery.wedge_risk, _PROBES),
    Rule(recovery.no_tolerance, _PROBES),
    Rule(opening.single_failure, _RATE),
    Rule(opening.rate_never_acts, _RATE),
    Rule(opening.shadowed, _RATE),
    Rule(opening.stale_streak, _RATE),
    Rule(recovery.residue, (*_RATE, "timeout_ms", "success_threshold")),
    Rule(recovery.flapping, (*_RATE, "timeout_ms", "success_threshold")),
    Rule(recovery.closes_while_probing, _PROBES),
    Rule(recovery.late_results, ("timeout_ms",)),
    Rule(surroundings.no_fallback),
    Rule(surroundings.probes_together, ("timeout_ms", "half_open_max_calls")),
    Rule(surroundings.latency_inert, ("latency_threshold_ms",)),
    *(Rule(partial(surroundings.outside_band, field=field), (field,)) for field in _BANDED),
)


def check_policy(
    block: Mapping[str, Any], document: Mapping[str, Any] | None, facts: TrafficFacts
) -> tuple[PolicyFinding, ...]:
    """All that is to be said about the block, errors first, then in the order of the rules.

    `block` is the circuit_breaker block as written, right or wrong; a field left out has the router's value.
    `document` is the policy around it, None where there is none at hand. Rules that need a figure which is
    unknown say so or stay silent; rules that read a field without a usable value stay silent. Raises nothing
    for a bad policy. Pure. Source: "What this means in practice" in the domain description.
    """
    unusable = shape.unusable_fields(block)
    subject = Subject(block=block, settings=_settings(block, unusable), document=document, facts=facts)
    found = [finding for rule in _RULES if unusable.isdisjoint(rule.reads) for finding in rule.find(subject)]
    return tuple(sorted(found, key=lambda finding: LEVELS.index(finding.level)))


def _settings(block: Mapping[str, Any], unusable: set[str]) -> Settings:
    """The block's numbers, with the router's value where a field has none or an unusable one."""
    numbers = {name: field.default for name, field in BreakerPolicy.model_fields.items()}
    numbers |= {name: block[name] for name in numbers if name in block and name not in unusable}
    return Settings(**numbers)
