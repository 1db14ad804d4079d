"""What a practice router plays: tenants, providers and what happens to them, as frozen data.

All times are offsets from the scenario's start, so that a scenario can also be played from another instant.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from cbops.errors import InputError
from cbops.model.base import JsonObject
from cbops.model.near import did_you_mean
from cbops.model.tenant import Owner, Target, Tenant, TenantsFile


@dataclass(frozen=True, slots=True)
class HourRate:
    """Another rate in one hour of the day (0 to 23, UTC), in requests per minute."""

    hour: int
    rpm: float


@dataclass(frozen=True, slots=True)
class DayCurve:
    """Requests per minute over a day (UTC): a sine around `rpm` that peaks in the early afternoon.

    `swing` is the amplitude as a share of `rpm` (0 to 1); `hours` replace the sine where they are given.
    """

    rpm: float
    swing: float = 0.4
    hours: tuple[HourRate, ...] = ()


@dataclass(frozen=True, slots=True)
class PolicySpec:
    """A policy and its traffic; the weights of `providers` need not add up to 100."""

    id: str
    traffic: DayCurve
    providers: tuple[tuple[str, int], ...]
    fallback: str | None = None

    def document(self) -> JsonObject:
        """The policy document as it stands before anybody changes it: no circuit_breaker block."""
        document: JsonObject = {
            "version": "1.0",
            "providers": [{"name": name, "weight": weight} for name, weight in self.providers],
        }
        if self.fallback is not None:
            statuses = ["circuit_breaker_open", "timeout", "5xx"]
            document["fallbacks"] = [{"when": {"status": statuses}, "to": self.fallback}]
        return document


@dataclass(frozen=True, slots=True)
class TenantSpec:
    """A tenant as tenants.yaml describes it, with its policies."""

    tenant: Tenant
    policies: tuple[PolicySpec, ...]


@dataclass(frozen=True, slots=True)
class ProviderSpec:
    """A provider on a good day: the share of requests that fail, and the median latency."""

    name: str
    failure: float
    latency_ms: float


@dataclass(frozen=True, slots=True)
class Outage:
    """A provider that fails, for every tenant or (with `tenant`) as one tenant sees it.

    `latency` multiplies the provider's; `declared`: the provider said so, so an operator can record it.
    """

    provider: str
    start: timedelta
    end: timedelta
    failure: float
    latency: float = 1.0
    tenant: str | None = None
    declared: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """One failing request: the tenant's first to that provider at or after `at`."""

    tenant: str
    provider: str
    at: timedelta


@dataclass(frozen=True, slots=True)
class Regression:
    """What gets worse for the canary while its breaker is enabled."""

    failure: float = 0.0  # added to the probability
    latency: float = 1.0  # factor


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world to practise on; `enable_at` is when the story wants the canary's breaker enabled.

    The simulator itself enables nothing: that is done over its admin API.
    """

    name: str
    title: str
    canary: Target
    tenants: tuple[TenantSpec, ...]
    providers: tuple[ProviderSpec, ...]
    start: datetime = datetime(2025, 1, 24, tzinfo=UTC)
    enable_at: timedelta = timedelta(days=3, hours=9)
    days: int = 10
    outages: tuple[Outage, ...] = ()
    faults: tuple[Fault, ...] = ()
    regression: Regression = Regression()
    restarts: tuple[timedelta, ...] = ()
    ignored: float = 0.003  # share of results that the breaker doesn't record (4xx, cancelled)
    scrape_seconds: int = 60
    seed: int = 1

    @property
    def enabled_at(self) -> datetime:
        """The instant at which the story wants the breaker enabled."""
        return self.start + self.enable_at

    @property
    def end(self) -> datetime:
        """Where the story ends: the midnight after its last day."""
        return self.start + timedelta(days=self.days)

    def tenants_file(self) -> TenantsFile:
        """What tenants.yaml says about these tenants."""
        return TenantsFile(tenants=tuple(spec.tenant for spec in self.tenants))


_CANARY = "tenant_canary"
_BOTH = (("openai", 70), ("anthropic", 30))
_OPENAI = (("openai", 100),)


def _tenant(
    name: str, owner: str, *policies: PolicySpec, critical: bool = False, responsive: bool = True
) -> TenantSpec:
    contact = f"{owner}@{name.replace('_', '-')}.example"
    return TenantSpec(
        Tenant(
            id=name,
            critical=critical,
            owner=Owner(name=owner, contact=contact, responsive=responsive),
            policies=tuple(policy.id for policy in policies),
        ),
        policies,
    )


def _tenants(canary: DayCurve) -> tuple[TenantSpec, ...]:
    """The canary and four others that share its providers: about 110 requests a minute in all."""
    # Its mean is low, but the hour of its nightly reindexing is not.
    rush = DayCurve(rpm=24, hours=(HourRate(22, 118),))
    return (
        _tenant(_CANARY, "platform", PolicySpec("canary_policy", canary, _OPENAI, "anthropic")),
        _tenant(
            "tenant_search",
            "search",
            PolicySpec("default", rush, _BOTH, "anthropic"),
            PolicySpec("suggest", DayCurve(rpm=8), (("anthropic", 100),), "openai"),
        ),
        _tenant(
            "tenant_billing",
            "billing",
            PolicySpec("default", DayCurve(rpm=38), _OPENAI, "anthropic"),
            critical=True,
        ),
        _tenant(
            "tenant_archive",
            "records",
            PolicySpec("default", DayCurve(rpm=16), _BOTH, "anthropic"),
            responsive=False,
        ),
        _tenant("tenant_pilot", "labs", PolicySpec("default", DayCurve(rpm=0), _OPENAI, "anthropic")),
    )


_PROVIDERS = (ProviderSpec("openai", 0.001, 220), ProviderSpec("anthropic", 0.001, 260))
_DAY_3_OUTAGE = Outage(
    "openai",
    timedelta(days=5, hours=14),
    timedelta(days=5, hours=14, minutes=40),
    failure=0.9,
    latency=3.0,
    declared=True,
)

SOUND = Scenario(
    name="sound",
    title="A sound week: the provider fails once, the circuit opens and closes again",
    canary=Target(tenant=_CANARY, policy="canary_policy", provider="openai"),
    tenants=_tenants(DayCurve(rpm=20)),
    providers=_PROVIDERS,
    outages=(_DAY_3_OUTAGE,),
)

# Busy by day, nearly silent by night: then one failure is half of all that the window holds.
_QUIET_NIGHT = DayCurve(rpm=24, hours=tuple(HourRate(hour, 0.4) for hour in range(5)))

SINGLE_FAILURE = replace(
    SOUND,
    name="single-failure",
    title="Single failures in quiet hours open the circuit of a healthy provider",
    tenants=_tenants(_QUIET_NIGHT),
    providers=(ProviderSpec("openai", 0.0003, 220), ProviderSpec("anthropic", 0.0003, 260)),
    outages=(),
    faults=(
        Fault(_CANARY, "openai", timedelta(days=6, hours=2, minutes=20)),
        Fault(_CANARY, "openai", timedelta(days=6, hours=3, minutes=40)),
    ),
)

LATENCY_REGRESSION = replace(
    SOUND,
    name="latency-regression",
    title="The canary gets slower once its breaker is enabled",
    regression=Regression(latency=1.35),
)

RESTART = replace(
    SOUND,
    name="restart",
    title="A sound week in which the router restarts on day 4",
    restarts=(timedelta(days=6, hours=5, minutes=17, seconds=20),),
)

SCENARIOS = {scenario.name: scenario for scenario in (SOUND, SINGLE_FAILURE, LATENCY_REGRESSION, RESTART)}


def scenario(name: str) -> Scenario:
    """The scenario of that name; InputError names those that there are."""
    found = SCENARIOS.get(name)
    if found is None:
        raise InputError(
            f"there is no scenario '{name}'",
            hint=f"{did_you_mean(name, SCENARIOS)}There are {', '.join(SCENARIOS)}.",
        )
    return found
