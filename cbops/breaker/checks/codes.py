"""Every code that a policy check can say, how bad it can be, and what it means; docs/checks.md is made of this.

`of` is the section of the domain description that a code rests on.
"""

from __future__ import annotations

from typing import NamedTuple

from cbops.model.checking import Level


class Code(NamedTuple):
    """A rule in words: its possible levels (the worst first), what is meant, and what it rests on."""

    levels: tuple[Level, ...]
    means: str
    of: str


_FIELDS = "A policy"
_PRACTICE = "What this means in practice"

CODES: dict[str, Code] = {
    "unknown_key": Code(("error",), "a key that the router ignores in silence", _FIELDS),
    "wrong_type": Code(
        ("error",), "a value of another kind than the field's, or a block that is none", _FIELDS
    ),
    "threshold_out_of_range": Code(
        ("error",), "a number that means nothing, or something else than it says", _PRACTICE
    ),
    "never_closes": Code(
        ("error",), "fewer probes than the successes that closing takes: half-open for ever", _PRACTICE
    ),
    "window_zero": Code(("error",), "a window of 0 s: any single failure is an error rate of 1.0", _PRACTICE),
    "wedge_risk": Code(
        ("error", "warning", "info"),
        "how often the share of ignored and lost results uses up the probes; error from half the recoveries on",
        _PRACTICE,
    ),
    "no_lost_probe_tolerance": Code(
        ("warning",), "as many probes as successes: one lost probe wedges the circuit half-open", _PRACTICE
    ),
    "single_failure_opens": Code(
        ("warning", "info"), "one failure opens the circuit, always or at this traffic", _PRACTICE
    ),
    "rate_never_acts": Code(
        ("warning", "info"), "the error rate can open nothing, or only when the window holds less", _PRACTICE
    ),
    "consecutive_shadowed": Code(
        ("warning", "info"), "the error rate opens the circuit before failure_threshold is reached", _PRACTICE
    ),
    "stale_streak": Code(
        ("warning",), "without a rate, failures hours apart open the circuit together", _PRACTICE
    ),
    "residue_reopens": Code(
        ("warning", "info"), "the failures that opened it are still in the window when it closes", _PRACTICE
    ),
    "flapping": Code(
        ("warning",),
        "one failure outweighs the probes that closed it, or the open state denies nobody",
        _PRACTICE,
    ),
    "closes_while_probing": Code(
        ("warning",), "the first good probe closes the circuit while others are out", "The breaker"
    ),
    "timeout_below_latency": Code(
        ("warning",), "results of before the opening decide the half-open state", _PRACTICE
    ),
    "no_fallback": Code(("warning",), "nowhere to go for a denied request", _FIELDS),
    "probes_together": Code(
        ("warning",), "tenants with one timeout_ms probe the provider in the same moment", _PRACTICE
    ),
    "latency_threshold_inert": Code(
        ("warning",),
        "a latency threshold: nothing without the router's gauge, and another's latency with it",
        _PRACTICE,
    ),
    "outside_band": Code(
        ("info",),
        "a threshold outside what operators start from at this traffic",
        "A rollout",
    ),
}
