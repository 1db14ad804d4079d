"""How a provider fares for a tenant at an instant: its good days, outages, faults and the canary's regression."""

from __future__ import annotations

from datetime import timedelta

from cbops.simulator.metrics import Lane
from cbops.simulator.scenarios import Outage, ProviderSpec, Scenario

# A provider that the scenario doesn't know: nobody answers there.
_NOWHERE = ProviderSpec("", failure=1.0, latency_ms=50)


class Conditions:
    """The scenario's, with its offsets counted from `start_ms`."""

    def __init__(self, scenario: Scenario, start_ms: int) -> None:
        self._scenario = scenario
        self._start_ms = start_ms
        self._outages = scenario.outages
        self._providers = {provider.name: provider for provider in scenario.providers}

    def add(self, outage: Outage, now_ms: int) -> None:
        """One more outage; those that are over are forgotten."""
        elapsed = timedelta(milliseconds=now_ms - self._start_ms)
        self._outages = (*(each for each in self._outages if each.end > elapsed), outage)

    def apply(self, lane: Lane, now_ms: int, *, canary_enabled: bool) -> None:
        """Set the lane's probability of failing and its median latency."""
        scenario = self._scenario
        provider = self._providers.get(lane.provider, _NOWHERE)
        lane.failure, lane.latency_ms = provider.failure, provider.latency_ms
        for outage in self._outages:
            hit = outage.provider == lane.provider and outage.tenant in (None, lane.tenant)
            if hit and self._running(outage, now_ms):
                lane.failure = max(lane.failure, outage.failure)
                lane.latency_ms *= outage.latency
        if canary_enabled and lane.tenant == scenario.canary.tenant:
            lane.failure += scenario.regression.failure
            lane.latency_ms *= scenario.regression.latency
        if lane.faults:
            lane.failure = 1.0

    def _running(self, outage: Outage, now_ms: int) -> bool:
        elapsed = now_ms - self._start_ms
        return outage.start.total_seconds() * 1000 <= elapsed < outage.end.total_seconds() * 1000
