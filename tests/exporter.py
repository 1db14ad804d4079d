"""A router's counters as scrapes showed them, written by hand: what was counted between which scrapes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Literal

from remote_write import Written

from cbops.model.base import to_ms

EVENTS = "router_circuit_breaker_events_total"
TRANSITIONS = "router_circuit_breaker_state_transitions_total"
STATE = "router_circuit_breaker_state"
REASON = "router_circuit_breaker_trigger_reason"
DECISIONS = "router_policy_decisions_total"
VALUES = {"closed": 0, "open": 1, "half_open": 2}

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Manner:
    """How routers label: the dialect, and whether each request has a `trace_id` of its own."""

    dialect: Literal["router", "documented"]
    traced: bool

    def __str__(self) -> str:
        return self.dialect + (" with trace_id" if self.traced else "")


MANNERS = [Manner(dialect, traced) for dialect in ("router", "documented") for traced in (False, True)]


@dataclass
class Exporter:
    """One instance of the router, for one tenant. `begin` is minute 0 of its scrapes."""

    manner: Manner
    tenant: str
    begin: datetime
    instance: str = "router-1:9001"
    provider: str = "openai"
    _values: dict[Labels, float] = field(default_factory=dict)
    _shown: frozenset[Labels] = frozenset()
    _written: dict[Labels, list[tuple[int, float | None]]] = field(default_factory=dict)
    _traces: count[int] = field(default_factory=count)

    # -- what happens ----------------------------------------------------------------------------

    def results(self, **counts: int) -> None:
        """Successes, failures and denied requests."""
        for kind, number in counts.items():
            self._count(EVENTS, number, provider_id=self.provider, event_type=kind)

    def decisions(self, number: int = 1, reason: str = "weighted") -> None:
        """Decisions, which carry no trace."""
        self._add(DECISIONS, number, policy_id="p", reason=reason)

    def move(self, source: str, target: str, reason: str | None = None) -> None:
        """A transition, with the gauges that the router sets at it."""
        edge = {"state": target} if self.manner.dialect == "documented" else {"from": source, "to": target}
        self._count(TRANSITIONS, 1, provider_id=self.provider, **edge)
        self._set(STATE, VALUES[target], provider_id=self.provider, state=target)
        if reason is not None:
            self._set(REASON, 1, provider_id=self.provider, reason=reason, **self._trace())

    def opens(self, reason: str = "error_rate_threshold_exceeded") -> None:
        self.move("closed", "open", reason)

    def probes(self) -> None:
        self.move("open", "half_open", "timeout_elapsed")

    def closes(self) -> None:
        self.move("half_open", "closed")

    def restart(self) -> None:
        """Every counter and gauge is gone until it is born again."""
        self._values.clear()

    # -- what is seen of it ----------------------------------------------------------------------

    def scrape(self, *minutes: float) -> None:
        """Scrapes at these minutes, all of them with what was counted so far."""
        for minute in minutes:
            self._keep(self._at(minute), self._values, up=1)

    def fail(self, *minutes: float) -> None:
        """Scrapes that got no answer."""
        for minute in minutes:
            self._keep(self._at(minute), {}, up=0)

    def written(self) -> Iterable[Written]:
        """All series, with the staleness markers that Prometheus would have written."""
        return [(dict(labels), points) for labels, points in self._written.items()]

    def _at(self, minute: float) -> int:
        return to_ms(self.begin + timedelta(minutes=minute))

    def _keep(self, at: int, values: dict[Labels, float], *, up: int) -> None:
        for labels in self._shown - values.keys():
            self._written[labels].append((at, None))
        self._shown = frozenset(values)
        health = self._labels("up", {})
        for labels, value in (*values.items(), (health, float(up))):
            self._written.setdefault(labels, []).append((at, value))

    def _count(self, name: str, number: int, **labels: str) -> None:
        if not self.manner.traced:
            self._add(name, number, **labels)
            return
        for _ in range(number):
            self._add(name, 1, **labels, **self._trace())

    def _trace(self) -> dict[str, str]:
        return {"trace_id": f"{next(self._traces):032x}"} if self.manner.traced else {}

    def _add(self, name: str, number: int, **labels: str) -> None:
        key = self._labels(name, {"tenant_id": self.tenant, **labels})
        self._values[key] = self._values.get(key, 0) + number

    def _set(self, name: str, value: float, **labels: str) -> None:
        self._values[self._labels(name, {"tenant_id": self.tenant, **labels})] = value

    def _labels(self, name: str, labels: dict[str, str]) -> Labels:
        return tuple({"__name__": name, "job": "router", "instance": self.instance, **labels}.items())
