"""Routers as Prometheus sees them, played tick by tick into a test file for promtool, which then judges the rules."""

from __future__ import annotations

import json
import os
import subprocess
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from cbops.measure.rules import rule_group
from cbops.model.config import MetricsConfig
from cbops.model.rules import RuleScope, RuleSettings
from cbops.render.rule_file import rule_file

# One thread and no collection of garbage: a world is small, and there are many.
QUICK = {**os.environ, "GOMAXPROCS": "1", "GOGC": "off"}
TICK = 15  # seconds between two scrapes
MINUTE = 60 // TICK
OPENED = "RouterCircuitBreakerOpened"
STAYED_OPEN = "RouterCircuitBreakerStayedOpen"
FAILURE_RATE = "RouterCircuitBreakerHighFailureRate"
MULTIPLE = "RouterCircuitBreakerMultipleProvidersOpen"
PROBES = "RouterCircuitBreakerHalfOpenProbesFailed"
SEVERITIES = {
    OPENED: "warning",
    STAYED_OPEN: "warning",
    FAILURE_RATE: "critical",
    MULTIPLE: "critical",
    PROBES: "warning",
}
EVENTS = "router_circuit_breaker_events_total"
TRANSITIONS = "router_circuit_breaker_state_transitions_total"
STATE = "router_circuit_breaker_state"
GAUGE = {"closed": 0, "open": 1, "half_open": 2}

Key = tuple[str, tuple[tuple[str, str], ...]]


@dataclass
class Instance:
    """One router: its counters, and what was scraped of them, tick by tick (null: nothing)."""

    name: str
    world: World
    counters: Counter[Key] = field(default_factory=Counter)
    scraped: dict[Key, list[int | None]] = field(default_factory=dict)
    states: dict[tuple[str, str], str] = field(default_factory=dict)
    reachable: bool = True
    ups: list[int | None] = field(default_factory=list)

    def move(self, tenant: str, provider: str, *states: str) -> None:
        """The circuit moves through these states."""
        for state in states:
            before = self.states.get((tenant, provider), "closed")
            self.states[tenant, provider] = state
            labels = {"tenant_id": tenant, "provider_id": provider}
            edge = {"from": before, "to": state} if self.world.dialect == "router" else {"state": state}
            self.counters[self._key(TRANSITIONS, labels | edge | self.world.trace())] += 1
            self.counters[self._key(STATE, labels | {"state": state})] = GAUGE[state]

    def results(self, tenant: str, provider: str, **counts: int) -> None:
        """So many results of each kind: success, failure, fail_fast."""
        for kind, count in counts.items():
            labels = {"tenant_id": tenant, "provider_id": provider, "event_type": kind}
            self.counters[self._key(EVENTS, labels | self.world.trace())] += count

    def recover(self, tenant: str, provider: str) -> None:
        """An operator closes the circuit by hand, which no counter shows."""
        self.states[tenant, provider] = "closed"

    def restart(self) -> None:
        """Counters at zero, circuits closed."""
        self.counters.clear()
        self.states.clear()

    def scrape(self, tick: int) -> None:
        """Take the sample of a tick."""
        self.ups += [None] * (tick - len(self.ups)) + [int(self.reachable)]
        if not self.reachable:
            return
        for key, value in self.counters.items():
            found = self.scraped.setdefault(key, [])
            found += [None] * (tick - len(found)) + [value]

    def _key(self, name: str, labels: Mapping[str, str]) -> Key:
        return name, tuple(sorted({**labels, **self.world.extra}.items()))


@cache
def rendered(settings: str, evaluation: int) -> str:
    """The rule file as cbops writes it, but for its interval of evaluation."""
    read = RuleSettings.model_validate_json(settings)
    return rule_file(rule_group(read).model_copy(update={"interval": f"{evaluation}s"}), read)


@dataclass
class Expected:
    """At a tick: who fires an alert, by (tenant, provider) or (tenant,)."""

    tick: int
    alert: str
    who: frozenset[tuple[str, ...]]


class World:
    """Router instances, one Prometheus, and what its alerts must say at which tick."""

    def __init__(
        self,
        dialect: str = "router",
        *,
        traces: bool = False,
        instances: Iterable[str] = ("r1:9001",),
        scope: RuleScope | None = None,
        metrics: MetricsConfig | None = None,
        extra: Mapping[str, str] | None = None,
        evaluation: int = TICK,
    ) -> None:
        self.dialect, self.traces = dialect, traces
        self.extra = dict(extra or {})
        self.settings = RuleSettings(
            dialect=dialect,  # type: ignore[arg-type]
            scope=scope or RuleScope(),
            metrics=metrics or MetricsConfig(),
        )
        self.instances = {name: Instance(name, self) for name in instances}
        self.tick = -1
        self.evaluation = evaluation
        self.expected: list[Expected] = []
        self.values: list[tuple[int, str, float | None]] = []
        self.texts: list[dict[str, Any]] = []
        self._traces = 0

    @property
    def router(self) -> Instance:
        """The first of them."""
        return next(iter(self.instances.values()))

    def trace(self) -> dict[str, str]:
        """A label of one request's own, where the world has them."""
        if not self.traces:
            return {}
        self._traces += 1
        return {"trace_id": f"{self._traces:08x}"}

    def scrape(self, ticks: int = 1) -> None:
        """That many scrapes, with nothing happening between."""
        for _ in range(ticks):
            self.tick += 1
            for instance in self.instances.values():
                instance.scrape(self.tick)

    def minutes(self, count: float) -> None:
        """Scrapes for so long."""
        self.scrape(round(count * MINUTE))

    def fires(self, alert: str, *who: tuple[str, ...] | str) -> None:
        """Now exactly these fire; none given: it is silent."""
        found = frozenset((one,) if isinstance(one, str) else one for one in who)
        self.expected.append(Expected(self.tick, alert, found))

    def silent(self, *alerts: str) -> None:
        """Now none of these fires; none given: no alert at all."""
        for alert in alerts or SEVERITIES:
            self.fires(alert)

    def shows(self, query: str, value: float | None) -> None:
        """Now the query's only sample has this value; null: it has none."""
        self.values.append((self.tick, query, value))

    def says(self, alert: str, who: tuple[str, ...] | str, summary: str, description: str) -> None:
        """Now this alone fires the alert, with these texts and the rule's own runbook."""
        (rule,) = [one for one in rule_group(self.settings).alerts if one.alert == alert]
        names = zip(("tenant_id", "provider_id"), (who,) if isinstance(who, str) else who, strict=False)
        texts = {"summary": summary, "description": description, "runbook": rule.runbook}
        labels = {self.settings.metrics.labels.get(label, label): value for label, value in names}
        expected = {"exp_labels": {"severity": rule.severity, **labels}, "exp_annotations": texts}
        at = f"{self.tick * TICK}s"
        self.texts.append({"alertname": alert, "eval_time": at, "exp_alerts": [expected]})

    def judge(self, folder: Path) -> None:
        """Let promtool judge; AssertionError with what it said."""
        rules = rendered(self.settings.model_dump_json(), self.evaluation)
        (folder / "rules.yml").write_text(rules, encoding="utf-8")
        test = folder / "test.yml"
        test.write_text(json.dumps(self.document()), encoding="utf-8")  # JSON is YAML, and faster written
        done = subprocess.run(
            ["promtool", "test", "rules", str(test)], capture_output=True, text=True, check=False, env=QUICK
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def document(self) -> dict[str, Any]:
        """The test file."""
        one = {
            "interval": f"{TICK}s",
            "input_series": [series for each in self.instances.values() for series in self._series(each)],
            "alert_rule_test": self.texts,
            "promql_expr_test": [
                *map(self._test, self.expected),
                *(self._shown(*one) for one in self.values),
            ],
        }
        return {"rule_files": ["rules.yml"], "evaluation_interval": f"{self.evaluation}s", "tests": [one]}

    def _series(self, instance: Instance) -> Iterable[dict[str, str]]:
        target = {"job": "router", "instance": instance.name}
        yield {"series": self._named("up", target), "values": _written(instance.ups, self.tick)}
        for (name, labels), values in instance.scraped.items():
            yield {
                "series": self._named(name, {**dict(labels), **target}),
                "values": _written(values, self.tick),
            }

    def _named(self, name: str, labels: Mapping[str, str]) -> str:
        config = self.settings.metrics
        theirs = {config.labels.get(label, label): value for label, value in labels.items()}
        return config.names.get(name, name) + _braces(theirs)

    def _test(self, expected: Expected) -> dict[str, Any]:
        alert = expected.alert
        plain = ("tenant_id", "provider_id")
        samples = []
        for who in sorted(expected.who):
            labels = {"alertname": alert, "alertstate": "firing", "severity": SEVERITIES[alert]}
            mine = dict(zip(plain, who, strict=False))
            config = self.settings.metrics.labels
            labels |= {config.get(label, label): value for label, value in mine.items()}
            samples.append({"labels": "ALERTS" + _braces(labels), "value": 1})
        return {
            "expr": f'ALERTS{{alertname="{alert}",alertstate="firing"}}',
            "eval_time": f"{expected.tick * TICK}s",
            "exp_samples": samples,
        }

    def _shown(self, tick: int, query: str, value: float | None) -> dict[str, Any]:
        samples = [] if value is None else [{"labels": "{}", "value": value}]
        return {"expr": f"sum({query})", "eval_time": f"{tick * TICK}s", "exp_samples": samples}


def _braces(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f"{name}={json.dumps(value)}" for name, value in sorted(labels.items())) + "}"


def _written(values: list[int | None], last: int) -> str:
    """The samples in promtool's notation; the first that is missing after one is the end of the series for now."""
    padded = [*values, *[None] * (last + 1 - len(values))]
    words, there = [], False
    for value in padded:
        words.append(str(value) if value is not None else "stale" if there else "_")
        there = value is not None
    return " ".join(words)
