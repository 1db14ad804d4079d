"""The traffic: requests, results and circuits in the order in which they happen.

One heap of entries `(key, serial, …)`, where `key` is the time in milliseconds times four plus the kind,
so that at one millisecond the world changes first, then results come in, then requests arrive.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from heapq import heapify, heappop, heappush, heapreplace
from itertools import count
from statistics import NormalDist
from typing import Any, Literal

from cbops.breaker import Circuits
from cbops.model.observation import State
from cbops.simulator import metrics
from cbops.simulator.conditions import Conditions
from cbops.simulator.curve import next_arrival
from cbops.simulator.live import live_policy
from cbops.simulator.metrics import BUCKET_OF, MAX_LATENCY_MS, Lane, Registry
from cbops.simulator.scenarios import Outage, Scenario
from cbops.simulator.stream import Stream
from cbops.simulator.transition_log import TransitionLog

_CHANGE, _RESULT, _ARRIVAL = 0, 1, 2
_NEVER = (math.inf, 0)

_SPREAD = 0.45  # sigma of the logarithm of latencies
_STEPS = 4096
# Latency over its median, by quantile: a look-up in place of a logarithm for each request.
_QUANTILES = tuple(math.exp(_SPREAD * NormalDist().inv_cdf((step + 0.5) / _STEPS)) for step in range(_STEPS))

_STATE_VALUES: dict[State, int] = {"closed": 0, "open": 1, "half_open": 2}
Outcome = Literal["success", "failure", "ignored"]


class Engine:
    """Simulated requests up to any instant, and what they did to counters and circuits.

    Deterministic for a scenario and a seed. Not thread-safe: `Router` holds the lock. Times are
    milliseconds since the epoch.
    """

    def __init__(
        self,
        scenario: Scenario,
        *,
        seed: int,
        start_ms: int,
        now_ms: int,
        log: TransitionLog | None = None,
    ) -> None:
        """Traffic begins at `now_ms`; the scenario's offsets count from `start_ms`."""
        self.scenario = scenario
        self.now_ms = now_ms
        self.registry = Registry()
        self.circuits = Circuits(on_transition=self._moved)
        self.breakers_disabled = False
        self._before_restart = 0
        self._log = log
        self._start_ms = start_ms
        self._conditions = Conditions(scenario, start_ms)
        self._lanes: dict[tuple[str, str], Lane] = {}
        self._streams = {
            (spec.tenant.id, policy.id): Stream(spec.tenant.id, policy, seed)
            for spec in scenario.tenants
            for policy in spec.policies
        }
        self._serial = count()
        self._heap: list[Any] = [_NEVER]
        self._schedule()

    # -- control -------------------------------------------------------------------------------

    def set_live(self, tenant: str, policy: str, document: Mapping[str, object]) -> None:
        """Requests under that policy follow this document from now on; no traffic there, no effect."""
        stream = self._streams.get((tenant, policy))
        if stream is None:
            return
        live = live_policy(document)
        stream.live = live
        stream.lanes = {name: self._lane(tenant, name) for name in live.providers}
        stream.only = stream.lanes[live.providers[0]] if len(live.providers) == 1 else None
        stream.fallback = None if live.fallback is None else self._lane(tenant, live.fallback)
        self._refresh()

    def disable_breakers(self) -> None:
        """The global switch: no circuit is asked any more, until a restart."""
        self.breakers_disabled = True
        self._refresh()

    def fail(self, outage: Outage) -> None:
        """One more outage, from now on; its offsets count from the scenario's start."""
        self._conditions.add(outage, self.now_ms)
        self._at(outage.end, self._refresh)
        self._refresh()

    def restart(self) -> None:
        """Counters and circuits are gone, and so is the result of every request in flight."""
        self._before_restart = self.requests
        for lane in self._lanes.values():
            lane.restart()
        for stream in self._streams.values():
            stream.decisions.restart()
            stream.last_used = None
        self.registry.restart()
        self.circuits.restart()
        if self._log is not None:
            self._log.restarted(self.now_ms)
        self.breakers_disabled = False
        self._heap[:] = [entry for entry in self._heap if entry is _NEVER or entry[0] & 3 != _RESULT]
        heapify(self._heap)
        self._refresh()

    def advance(self, until_ms: int) -> None:
        """Play everything that happens up to and including that instant."""
        heap, limit = self._heap, until_ms * 4 + 3
        arrive, result = self._arrive, self._result
        while heap[0][0] <= limit:
            entry = heap[0]
            kind = entry[0] & 3
            if kind == _ARRIVAL:
                arrive(entry)
            elif kind == _RESULT:
                heappop(heap)
                result(entry)
            else:
                heappop(heap)
                self.now_ms = entry[0] >> 2
                entry[2]()
        self.now_ms = max(self.now_ms, until_ms)

    # -- what is known -------------------------------------------------------------------------

    def text(self) -> str:
        """The page for Prometheus."""
        rates = {
            key: view.error_rate
            for key, view in self.circuits.snapshot().items()
            if (lane := self._lanes.get(key)) is not None and (lane.succeeded or lane.failed)
        }
        decisions = (stream.decisions for stream in self._streams.values())
        return metrics.render(self._lanes.values(), decisions, self.registry, rates)

    @property
    def requests(self) -> int:
        """How many requests were played so far, restarts notwithstanding."""
        return self._before_restart + sum(
            stream.decisions.weighted + stream.decisions.fallback for stream in self._streams.values()
        )

    def usage(self, tenant: str, policy: str) -> tuple[int, int | None]:
        """(requests since the last restart, time of the last one) under that policy."""
        stream = self._streams.get((tenant, policy))
        if stream is None:
            return 0, None
        return stream.decisions.weighted + stream.decisions.fallback, stream.last_used

    # -- requests ------------------------------------------------------------------------------

    def _arrive(self, entry: tuple[int, int, Stream]) -> None:
        key, _, stream = entry
        at = key >> 2
        random = stream.random
        heapreplace(
            self._heap, (next_arrival(stream.pace, at, random()) * 4 + _ARRIVAL, next(self._serial), stream)
        )
        live = stream.live
        if live is None or not live.providers:
            return
        lane = stream.only or stream.lanes[live.choose(random())]
        stream.last_used = at
        if (
            live.breaker is None
            or self.breakers_disabled
            or self.circuits.allow(stream.tenant, lane.provider, live.breaker, at)
        ):
            stream.decisions.weighted += 1
        else:
            lane = self._denied(stream, lane, at)
        draw = random()
        latency = int(_QUANTILES[int(random() * _STEPS)] * lane.latency_ms) or 1
        latency = min(latency, MAX_LATENCY_MS)
        outcome = "success"
        if draw < lane.failure:
            outcome = "failure"
            if lane.faults:
                lane.faults -= 1
                self._refresh()
        elif draw > 1 - self.scenario.ignored:
            outcome = "ignored"
        heappush(self._heap, ((at + latency) * 4 + _RESULT, next(self._serial), lane, outcome, latency))

    def _denied(self, stream: Stream, lane: Lane, at: int) -> Lane:
        """Where a denied request goes: without a fallback to the same provider all the same."""
        lane.fail_fast += 1
        view = self.circuits.view(lane.tenant, lane.provider)
        if view is not None and view.state == "open":
            self._remaining(lane, view.state_changed_at + int(view.policy.timeout_ms) - at)
        if stream.fallback is None:
            stream.decisions.weighted += 1
            return lane
        stream.decisions.fallback += 1
        return stream.fallback

    def _result(self, entry: tuple[int, int, Lane, Outcome, int]) -> None:
        key, _, lane, outcome, latency = entry
        lane.buckets[BUCKET_OF[latency]] += 1
        lane.latency_sum += latency
        if outcome == "success":
            lane.succeeded += 1
        elif outcome == "failure":
            lane.failed += 1
        else:
            return
        self.circuits.record(lane.tenant, lane.provider, outcome, key >> 2)

    # -- circuits ------------------------------------------------------------------------------

    def _moved(  # noqa: PLR0917 - as the circuits call their listener
        self, tenant: str, provider: str, now_ms: int, source: State, target: State, reason: str
    ) -> None:
        if self._log is not None:
            self._log.transition(tenant, provider, now_ms, source, target, reason)
        labels = {"tenant_id": tenant, "provider_id": provider}
        registry = self.registry
        registry.add(metrics.TRANSITIONS, **labels, **{"from": source, "to": target})
        registry.set(metrics.STATE, _STATE_VALUES[target], **labels, state=target)
        if target != "closed":
            registry.set(metrics.TRIGGER_REASON, 1, **labels, reason=reason)
        if target == "half_open":
            registry.add(metrics.TIMEOUT_TRANSITIONS, **labels, transition_type="open_to_half_open")
        view = self.circuits.view(tenant, provider)
        if view is None:
            return
        events, failures = view.window
        if events:
            registry.add(metrics.WINDOW_REQUESTS, events, **labels)
        if failures:
            registry.add(metrics.WINDOW_FAILURES, failures, **labels)
        if target == "open":
            self._remaining(self._lane(tenant, provider), int(view.policy.timeout_ms))

    def _remaining(self, lane: Lane, remaining_ms: int) -> None:
        self.registry.set(
            metrics.TIMEOUT_REMAINING, max(0, remaining_ms), tenant_id=lane.tenant, provider_id=lane.provider
        )

    # -- the world -----------------------------------------------------------------------------

    def _schedule(self) -> None:
        scenario = self.scenario
        for outage in scenario.outages:
            for offset in (outage.start, outage.end):
                self._at(offset, self._refresh)
        for fault in scenario.faults:
            self._at(fault.at, partial(self._fault, fault.tenant, fault.provider))
        for offset in scenario.restarts:
            self._at(offset, self.restart)
        for stream in self._streams.values():
            if min(stream.pace) < math.inf:
                first = next_arrival(stream.pace, self.now_ms, stream.random())
                heappush(self._heap, (first * 4 + _ARRIVAL, next(self._serial), stream))

    def _at(self, offset: timedelta, act: Callable[[], None]) -> None:
        at = self._start_ms + int(offset.total_seconds() * 1000)
        if at > self.now_ms:
            heappush(self._heap, (at * 4 + _CHANGE, next(self._serial), act))

    def _fault(self, tenant: str, provider: str) -> None:
        self._lane(tenant, provider).faults += 1
        self._refresh()

    def _lane(self, tenant: str, provider: str) -> Lane:
        lane = self._lanes.get((tenant, provider))
        if lane is None:
            lane = self._lanes[tenant, provider] = Lane(tenant, provider)
            self._condition(lane)
        return lane

    def _refresh(self) -> None:
        """Work out again how every lane fares: after anything that it depends on has changed."""
        for lane in self._lanes.values():
            self._condition(lane)

    def _condition(self, lane: Lane) -> None:
        self._conditions.apply(lane, self.now_ms, canary_enabled=self._canary_enabled())

    def _canary_enabled(self) -> bool:
        canary = self.scenario.canary
        stream = self._streams.get((canary.tenant, canary.policy))
        live = None if stream is None else stream.live
        return live is not None and live.breaker is not None and not self.breakers_disabled
