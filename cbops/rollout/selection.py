"""Which tenant first: every candidate with each reason for and against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

from cbops.model.base import JsonObject
from cbops.model.observation import State
from cbops.model.plan import Candidate, Weighed
from cbops.model.policy import PolicyVersion, enables_breaker, fallback_targets, provider_weights
from cbops.model.tenant import Target, Tenant, TenantsFile

Verdict = Literal["for", "against", "unknown"]


class Traffic(Protocol):
    """Requests per minute of a tenant's policy; null is unknown."""

    @property
    def busiest_rpm(self) -> float | None:
        """In the busiest hour."""
        ...

    @property
    def mean_rpm(self) -> float | None:
        """Over the whole time looked at."""
        ...


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of one policy and provider."""

    target: Target
    document: JsonObject
    tenant: Tenant | None  # null: not in tenants.yaml
    traffic: Traffic | None
    circuit: State | None
    share: float  # of the policy's weights, 0 to 1


def weigh_candidates(
    policies: Mapping[tuple[str, str], PolicyVersion | None],
    tenants: TenantsFile,
    traffic: Mapping[tuple[str, str], Traffic | None],
    circuits: Mapping[tuple[str, str], State | None],
    max_rpm: float,
) -> tuple[Candidate, ...]:
    """One candidate per (tenant, policy, provider with traffic), best first; the order is deterministic.

    `policies` has the live version by (tenant, policy), null where none is live; such a policy, and
    one without a provider of a weight above 0, makes no candidate. `traffic` is by (tenant, policy),
    `circuits` by (tenant, provider); what is missing there is unknown.
    Source: the canary criteria in the domain description.
    """
    by_id = {tenant.id: tenant for tenant in tenants.tenants}
    found: list[Candidate] = []
    for (tenant, policy), live in policies.items():
        weights = provider_weights(live.document) if live is not None else {}
        total = sum(weight for weight in weights.values() if weight > 0)
        for provider, weight in weights.items():
            if live is None or weight <= 0:
                continue
            facts = _Facts(
                target=Target(tenant=tenant, policy=policy, provider=provider),
                document=live.document,
                tenant=by_id.get(tenant),
                traffic=traffic.get((tenant, policy)),
                circuit=circuits.get((tenant, provider)),
                share=weight / total,
            )
            found.append(_candidate(facts, max_rpm))
    return tuple(sorted(found, key=_rank))


def unmet(candidate: Candidate) -> tuple[Weighed, ...]:
    """The required reasons that aren't for the candidate: each needs an override."""
    return tuple(reason for reason in candidate.reasons if reason.required and reason.verdict != "for")


def _rank(candidate: Candidate) -> tuple[float, str, str, str]:
    target = candidate.target
    return -candidate.score, target.tenant, target.policy, target.provider


def _candidate(facts: _Facts, max_rpm: float) -> Candidate:
    reasons = (
        _traffic(facts, max_rpm),
        _criticality(facts),
        _owner(facts),
        _breaker(facts),
        _fallback(facts),
        _circuit(facts),
    )
    figures = facts.traffic
    return Candidate(
        target=facts.target,
        owner=facts.tenant.owner if facts.tenant else None,
        busiest_rpm=figures.busiest_rpm if figures else None,
        mean_rpm=figures.mean_rpm if figures else None,
        reasons=reasons,
        eligible=all(reason.verdict == "for" for reason in reasons if reason.required),
        score=_score(facts, reasons, max_rpm),
    )


# A required reason outweighs everything advisory together, and `against` is worse than `unknown`.
_REQUIRED: dict[Verdict, float] = {"for": 0, "unknown": -10, "against": -20}
_ADVISORY: dict[Verdict, float] = {"for": 3, "unknown": 1, "against": 0}


def _score(facts: _Facts, reasons: tuple[Weighed, ...], max_rpm: float) -> float:
    score = sum((_REQUIRED if reason.required else _ADVISORY)[reason.verdict] for reason in reasons)
    busiest = facts.traffic.busiest_rpm if facts.traffic else None
    if busiest is not None and busiest < max_rpm:
        # Among tenants under the limit, more requests show more in the same days.
        score += busiest / max_rpm
    return round(score + facts.share / 2, 6)


def _traffic(facts: _Facts, max_rpm: float) -> Weighed:
    figures = facts.traffic
    if figures is None or figures.busiest_rpm is None:
        return _weighed("traffic", "unknown", "no traffic was measured, which is not the same as low traffic")
    mean = "" if figures.mean_rpm is None else f" (mean {figures.mean_rpm:.1f})"
    told = f"busiest hour {figures.busiest_rpm:.1f} req/min{mean}"
    if figures.busiest_rpm >= max_rpm:
        return _weighed("traffic", "against", f"{told}, not under {max_rpm:g}")
    if figures.busiest_rpm <= 0:
        return _weighed("traffic", "for", f"{told}: under {max_rpm:g}, but there is nothing to observe")
    return _weighed("traffic", "for", f"{told}, under {max_rpm:g}")


def _criticality(facts: _Facts) -> Weighed:
    critical = facts.tenant.critical if facts.tenant else None
    if critical is None:
        return _weighed("criticality", "unknown", f"tenants.yaml doesn't say {_absent(facts, 'critical')}")
    if critical:
        return _weighed("criticality", "against", "the workload is critical")
    return _weighed("criticality", "for", "the workload is not critical")


def _owner(facts: _Facts) -> Weighed:
    owner = facts.tenant.owner if facts.tenant else None
    if owner is None:
        return _weighed("owner", "unknown", f"tenants.yaml doesn't say {_absent(facts, 'owner')}")
    if owner.responsive is None:
        return _weighed("owner", "unknown", f"tenants.yaml doesn't say whether {owner.name} is responsive")
    if not owner.responsive:
        return _weighed("owner", "against", f"the owner, {owner.name}, is not responsive")
    return _weighed("owner", "for", f"the owner, {owner.name}, is responsive")


def _absent(facts: _Facts, what: Literal["critical", "owner"]) -> str:
    question = "whether the workload is critical" if what == "critical" else "who the owner is"
    return question if facts.tenant else f"{question}: {facts.target.tenant} isn't in it"


def _breaker(facts: _Facts) -> Weighed:
    if enables_breaker(facts.document):
        return _weighed("breaker", "against", "the live policy enables the breaker already")
    return _weighed("breaker", "for", "the live policy does not enable the breaker yet")


def _fallback(facts: _Facts) -> Weighed:
    provider = facts.target.provider
    others = [target for target in fallback_targets(facts.document) if target != provider]
    if others:
        return _weighed(
            "fallback", "for", f"falls back to {', '.join(dict.fromkeys(others))}", required=False
        )
    reason = "no fallback to another provider: denied requests are still sent, so the breaker gains little"
    return _weighed("fallback", "against", reason, required=False)


def _circuit(facts: _Facts) -> Weighed:
    pair = f"the circuit to {facts.target.provider}"
    if facts.circuit is None:
        return _weighed("circuit", "unknown", f"the state of {pair} is unknown", required=False)
    if facts.circuit == "closed":
        return _weighed("circuit", "for", f"{pair} is closed", required=False)
    reason = (
        f"{pair} is {facts.circuit.replace('_', '-')} already: the first request after enabling probes it"
    )
    return _weighed("circuit", "against", reason, required=False)


def _weighed(
    criterion: Literal["traffic", "criticality", "owner", "fallback", "breaker", "circuit"],
    verdict: Verdict,
    reason: str,
    *,
    required: bool = True,
) -> Weighed:
    return Weighed(criterion=criterion, verdict=verdict, required=required, reason=reason)
