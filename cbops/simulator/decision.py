"""A dry run: where a request would go now, and why; it counts nothing and moves no circuit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cbops.breaker import Circuits, CircuitView, resolve
from cbops.simulator.live import LivePolicy, live_policy
from cbops.simulator.problems import CallRefusedError
from cbops.simulator.store import StoredVersion


@dataclass(frozen=True, slots=True)
class DryRun:
    """The provider, the reason as the decisions' metric names it, and the steps that led there."""

    provider: str
    reason: str
    steps: tuple[str, ...]
    version: str


def dry_run(
    tenant: str,
    version: StoredVersion,
    context: Mapping[str, object],
    circuits: Circuits,
    now_ms: int,
    *,
    asked: bool,
) -> DryRun:
    """The decision under that version; `asked` false: breakers are switched off for the whole router.

    A context may name a `provider_id`; otherwise the heaviest is taken. 422 when the policy has none.
    """
    live = live_policy(version.document)
    provider, steps = _select(live, context)
    if live.breaker is None or not asked:
        steps.append("the circuit breaker is not enabled, so it isn't asked")
        return DryRun(provider, "weighted", tuple(steps), version.version)
    view = circuits.view(tenant, provider)
    steps.append(f"the circuit of {provider} is {'closed' if view is None else view.state}")
    if view is None or _would_allow(view, live.breaker, now_ms):
        return DryRun(provider, "weighted", tuple(steps), version.version)
    if live.fallback is None:
        steps.append("no fallback, so the request is sent all the same")
        return DryRun(provider, "weighted", tuple(steps), version.version)
    steps.append(f"fallback to {live.fallback}")
    return DryRun(live.fallback, "circuit_breaker_fallback", tuple(steps), version.version)


def _select(live: LivePolicy, context: Mapping[str, object]) -> tuple[str, list[str]]:
    named = context.get("provider_id")
    if isinstance(named, str) and named in live.providers:
        return named, [f"the context names {named}"]
    if not live.providers:
        raise CallRefusedError(
            422, "invalid_policy", "the live version has no provider with a weight above 0"
        )
    shares = [end - start for start, end in zip((0.0, *live.weights), live.weights, strict=False)]
    share, provider = max(zip(shares, live.providers, strict=True), key=lambda each: each[0])
    return provider, [f"{provider} has the largest weight, {share:.0%} of requests"]


def _would_allow(view: CircuitView, block: Mapping[str, object], now_ms: int) -> bool:
    if view.state == "closed":
        return True
    settings = resolve(block)
    if view.state == "open":
        return now_ms - view.state_changed_at >= settings.timeout_ms and settings.half_open_max_calls > 0
    return view.half_open_calls < settings.half_open_max_calls
