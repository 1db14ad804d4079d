"""Policy checks in the flows: the traffic facts that can be had, each with where it comes from, and the words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from cbops.breaker.checks import TrafficFacts
from cbops.errors import AdminError, AdminMissingError, InputError, MetricsError, PolicyError
from cbops.flows.ports import AdminPort, SamplePort
from cbops.flows.steps.loading import policy_providers
from cbops.flows.steps.wording import plural
from cbops.measure import Traffic, circuit_query, circuit_traffic
from cbops.model.base import JsonObject
from cbops.model.checking import Fact, Level, PolicyFinding
from cbops.model.config import Config
from cbops.model.policy import BreakerPolicy, breaker_block, enables_breaker, parse_block
from cbops.rollout.planning import live_version

VOLUME = ("mean_rpm", "busiest_rpm", "quietest_rpm")
OF_A_TRACE = ("ignored_share", "lost_share", "longest_latency_ms")
NEIGHBOURS = "tenants_on_timeout"
FACTS = (*VOLUME, *OF_A_TRACE, NEIGHBOURS)

MOST_POLICIES = 50  # of other tenants, each of which costs a call
MOST_WARNINGS = 4
NOUNS: dict[Level, str] = {"error": "error", "warning": "warning", "info": "note"}


@dataclass(frozen=True, slots=True)
class Known:
    """Traffic facts, and of each where it comes from or why it is unknown."""

    facts: TrafficFacts = field(default_factory=TrafficFacts)
    told: Mapping[str, str] = field(default_factory=dict)

    def with_facts(self, told: Mapping[str, str], **values: float | None) -> Known:
        """The same with these values as well."""
        return replace(self, facts=self.facts.model_copy(update=values), told={**self.told, **told})

    def unknown(self, names: Iterable[str], reason: str) -> Known:
        """The same, with the reason why these are not known."""
        return replace(self, told={**self.told, **dict.fromkeys(names, reason)})

    def listed(self) -> tuple[Fact, ...]:
        """Every fact, known or not."""
        return tuple(
            Fact(name=name, value=getattr(self.facts, name), told=self.told.get(name, "not asked"))
            for name in FACTS
        )


@dataclass(frozen=True, slots=True)
class Metrics:
    """The metrics source (made when asked for), as of `now`."""

    samples: Callable[[], SamplePort]
    config: Config
    now: datetime


def volume(known: Known, metrics: Metrics, tenant: str, provider: str) -> Known:
    """The circuit's requests per minute by the metrics, over the days that candidates are weighed over."""
    config, now = metrics.config, metrics.now
    days = config.selection.traffic_days
    try:
        source = metrics.samples()
        fetched = source.fetch(circuit_query(config.metrics, tenant), now - timedelta(days=days), now)
    except (MetricsError, InputError) as error:
        return known.unknown(VOLUME, f"the metrics could not be asked: {error.message}")
    found = circuit_traffic(fetched, config.metrics, tenant, provider)
    if not found:
        reason = f"the metrics show no hour of results of {tenant} with {provider} in the last {days} days"
        return known.unknown(VOLUME, reason)
    return _counted(known, found, source.kind)


def _counted(known: Known, found: tuple[Traffic, ...], kind: str) -> Known:
    """Instances share no circuit: the busiest one's, the quietest one's, the mean of all."""
    quiet = [each.quietest_rpm for each in found if each.quietest_rpm is not None]
    where = "the embedded store" if kind == "embedded" else "Prometheus"
    told = f"counters of {max(each.hours for each in found):.3g} hours, from {where}"
    if len(found) > 1:
        told += f", of each of {len(found)} router instances"
    said = dict.fromkeys(VOLUME, told)
    if not quiet:
        said["quietest_rpm"] = "no hour was scraped well enough"
    return known.with_facts(
        said,
        mean_rpm=sum(each.mean_rpm for each in found) / len(found),
        busiest_rpm=max(each.busiest_rpm for each in found),
        quietest_rpm=min(quiet, default=None),
    )


def neighbours(known: Known, admin: AdminPort, tenant: str, provider: str, timeout_ms: float) -> Known:
    """How many tenants' enabled breakers on this provider have this timeout, this tenant included.

    One call for each policy of the other tenants; where there are too many, it stays unknown.
    """
    try:
        others = [each for each in admin.policies() if each.tenant != tenant]
        if len(others) > MOST_POLICIES:
            reason = f"other tenants have {len(others)} policies, and at most {MOST_POLICIES} are looked at"
            return known.unknown((NEIGHBOURS,), reason)
        sharing = {
            each.tenant for each in others if _shares(admin, each.tenant, each.policy, provider, timeout_ms)
        }
    except AdminError as error:
        return known.unknown((NEIGHBOURS,), f"the admin API could not be asked: {error.message}")
    told = f"the live policies of the other tenants: {len(others)} looked at"
    return known.with_facts({NEIGHBOURS: told}, tenants_on_timeout=1 + len(sharing))


def _shares(admin: AdminPort, tenant: str, policy: str, provider: str, timeout_ms: float) -> bool:
    try:
        live = live_version(admin.history(tenant, policy))
    except AdminMissingError:
        return False  # deleted since it was listed
    if live is None or not enables_breaker(live.document) or provider not in policy_providers(live.document):
        return False
    theirs = breaker_block(live.document).get("timeout_ms", BreakerPolicy().timeout_ms)
    return not isinstance(theirs, bool) and theirs == timeout_ms


def effective(block: Mapping[str, Any]) -> JsonObject:
    """The block with the router's value for each field that was left out; wrong values stay, unknown keys don't."""
    defaults = BreakerPolicy().model_dump(mode="json")
    try:
        return parse_block(block).model_dump(mode="json")
    except PolicyError:
        return {**defaults, **{key: value for key, value in block.items() if key in defaults}}


def of_level(findings: Iterable[PolicyFinding], *levels: Level) -> tuple[PolicyFinding, ...]:
    """The findings of these levels."""
    return tuple(each for each in findings if each.level in levels)


def counts(findings: tuple[PolicyFinding, ...]) -> str:
    """`1 error, 3 warnings, 2 notes`."""
    numbers = [(len(of_level(findings, level)), noun) for level, noun in NOUNS.items()]
    return ", ".join(plural(number, noun) for number, noun in numbers if number) or "nothing found"


def finding_lines(findings: Iterable[PolicyFinding]) -> tuple[str, ...]:
    """Each finding with its fix, for people."""
    return tuple(
        line
        for each in findings
        for line in (
            f"  {NOUNS[each.level]} {each.code}: {each.sentence}",
            f"    fix: {each.fix}",
        )
    )


def finding_warnings(findings: tuple[PolicyFinding, ...], check: str) -> tuple[str, ...]:
    """What a plan warns of: every error, the first of the warnings, and where the rest is (`check`: that command)."""
    told = of_level(findings, "error") + of_level(findings, "warning")[:MOST_WARNINGS]
    more = len(of_level(findings, "error", "warning")) - len(told)
    lines = tuple(f"{each.code}: {each.sentence}" for each in told)
    return (*lines, f"and {plural(more, 'more warning')} of the policy's checks: {check}") if more else lines
