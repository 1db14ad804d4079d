"""The traffic facts of recorded requests. Loads NumPy, so only a command that reads a trace imports this."""

from __future__ import annotations

from cbops.breaker.checks import TrafficFacts
from cbops.breaker.checks.facts import traffic_facts
from cbops.flows.ports import TrafficPort
from cbops.model.traffic import TrafficSummary


def trace_facts(
    traffic: TrafficPort, tenant: str | None, provider: str | None
) -> tuple[TrafficFacts, int, TrafficSummary]:
    """What the requests of that tenant to that provider say (null: any), how many they are, and what was read."""
    facts, requests = traffic_facts(traffic.chunks(), tenant, provider)
    return facts, requests, traffic.summary
