"""Small worlds for the practice router, and what tests do with them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cbops.model.policy import CANARY_BLOCK, with_breaker
from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND, DayCurve, Outage, PolicySpec, ProviderSpec, Scenario, TenantSpec

KEY = "practice-key"
CANARY = ("tenant_canary", "canary_policy")


def world(
    *,
    rpm: float = 60,
    fallback: str | None = "anthropic",
    outages: tuple[Outage, ...] = (),
    failure: float = 0.0,
    **changes: object,
) -> Scenario:
    """The canary alone, at a steady rate, and providers that never fail unless told to."""
    canary = SOUND.tenants[0]
    policy = PolicySpec("canary_policy", DayCurve(rpm=rpm, swing=0), (("openai", 100),), fallback)
    base = replace(
        SOUND,
        tenants=(TenantSpec(canary.tenant, (policy,)),),
        providers=(ProviderSpec("openai", failure, 200), ProviderSpec("anthropic", 0.0, 250)),
        outages=outages,
        ignored=0.0,
    )
    return replace(base, **changes)


def outage(start_minutes: float, end_minutes: float, failure: float = 1.0, **more: object) -> Outage:
    return Outage("openai", timedelta(minutes=start_minutes), timedelta(minutes=end_minutes), failure, **more)


def enable(router: Router, **numbers: object) -> None:
    """Write the canary's policy with its breaker enabled."""
    stored = router.policy(*CANARY)
    router.put(*CANARY, with_breaker(stored.live.document, {**CANARY_BLOCK, **numbers}))


def advance(router: Router, **time: float) -> None:
    router.advance_to(router.now_ms + int(timedelta(**time).total_seconds() * 1000))


def value(page: str, name: str, **labels: str) -> float | None:
    """The sample of the one series whose labels include these; None when there is none."""
    found = [
        float(line.rsplit(" ", 1)[1])
        for line in page.splitlines()
        if line.startswith(f"{name}{{") and all(f'{key}="{text}"' in line for key, text in labels.items())
    ]
    assert len(found) <= 1, f"{name} {labels} is not one series"
    return found[0] if found else None
