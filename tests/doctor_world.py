"""A healthy place for `doctor`: hours of scrapes that end now, a practice router, and what can be broken of them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from flow_world import KEY, POLICY, PROVIDER, TENANT
from prometheus_server import blocks_from

from cbops.measure.rules import rule_group
from cbops.model.config import MetricsConfig
from cbops.model.rules import RuleScope, RuleSettings
from cbops.render.rule_file import rule_file

if TYPE_CHECKING:
    from conftest import Cli, Result

EVENTS = "router_circuit_breaker_events_total"
TRANSITIONS = "router_circuit_breaker_state_transitions_total"
DECISIONS = "router_policy_decisions_total"
LATENCY = "router_result_latency_ms"
ERROR_RATE = "router_circuit_breaker_error_rate"
STEP = 15


@dataclass
class Scrapes:
    """What a Prometheus has scraped of one router, up to `age` seconds before now; `change` may alter a series' labels."""

    dialect: str = "router"
    hours: float = 2
    step: int = STEP
    age: float = 0
    tenant: str = TENANT
    names: Mapping[str, str] = field(default_factory=dict)
    without: tuple[str, ...] = ()
    traces: int = 0  # events of so many requests, each with a series of its own
    replicas: tuple[str, ...] = ()
    down_for: float = 0  # the last so many seconds, scrapes failed
    gap: tuple[float, float] | None = None  # seconds before the end, from and to

    def write(self, tsdb: Path) -> Path:
        """As blocks of a Prometheus."""
        tsdb.parent.mkdir(parents=True, exist_ok=True)
        tsdb.mkdir(exist_ok=True)
        text = tsdb.parent / "world.om"
        text.write_text("\n".join([*self._lines(), "# EOF", ""]), encoding="utf-8")
        blocks_from(text, tsdb)
        return tsdb

    def _lines(self) -> Iterator[str]:
        end = int(time.time() - self.age)
        times = [
            at
            for at in range(end - round(self.hours * 3600), end + 1, self.step)
            if not self._missed(end - at)
        ]
        for name, (kind, series) in self._families().items():
            if name in self.without:
                continue
            theirs = self.names.get(name, name)
            yield f"# TYPE {theirs.removesuffix('_total')} {kind}"
            for suffix, labels, rises in series:
                for copy in self._copies(labels):
                    shown = ",".join(f"{key}={json.dumps(value)}" for key, value in copy.items())
                    for number, at in enumerate(times):
                        value = self._value(name, rises, number, end - at)
                        if value is not None:
                            yield f"{theirs}{suffix}{{{shown}}} {value} {at}"

    def _missed(self, before_end: int) -> bool:
        return self.gap is not None and self.gap[1] <= before_end < self.gap[0]

    def _value(self, name: str, rises: float, number: int, before_end: int) -> float | None:
        failing = before_end < self.down_for
        if name == "up":
            return 0 if failing else 1
        return None if failing else rises * number if rises >= 0 else -rises

    def _copies(self, labels: Mapping[str, str]) -> Iterator[dict[str, str]]:
        for replica in self.replicas or ("",):
            yield {**labels, **({"prometheus_replica": replica} if replica else {})}

    def _families(self) -> dict[str, tuple[str, list[tuple[str, dict[str, str], float]]]]:
        """Each family: its type, and (suffix, labels, how much each scrape adds; negative: constant) of each series."""
        target = {"job": "router", "instance": "router:9001"}
        circuit = {"tenant_id": self.tenant, "provider_id": PROVIDER, **target}
        policy = {"tenant_id": self.tenant, "policy_id": POLICY, "reason": "weighted", **target}
        events = [("", {**circuit, "event_type": kind}, by) for kind, by in (("success", 5), ("failure", 1))]
        events += [
            ("", {**circuit, "event_type": "success", "trace_id": f"{number:032x}"}, -1)
            for number in range(self.traces)
        ]
        moves = (("closed", "open"), ("open", "half_open"), ("half_open", "closed"))
        edges = [{"from": a, "to": b} if self.dialect == "router" else {"state": b} for a, b in moves]
        buckets = [("_bucket", {**circuit, "le": le}, 6.0) for le in ("100.0", "250.0", "+Inf")]
        return {
            "up": ("gauge", [("", target, 1)]),
            EVENTS: ("counter", events),
            TRANSITIONS: ("counter", [("", {**circuit, **edge}, 1) for edge in edges]),
            DECISIONS: ("counter", [("", policy, 6)]),
            LATENCY: ("histogram", [*buckets, ("_sum", circuit, 900), ("_count", circuit, 6)]),
            ERROR_RATE: ("gauge", [("", circuit, -0.16)]),
        }


def rules(
    dialect: str = "router", *, without: str = "", metrics: MetricsConfig | None = None, interval: str = "1s"
) -> str:
    """The rule file as 'alerts render' writes it for the canary, evaluated often; `without` leaves one alert out."""
    settings = RuleSettings(
        dialect=dialect,  # type: ignore[arg-type]
        scope=RuleScope(tenants=(TENANT,)),
        metrics=metrics or MetricsConfig(),
    )
    group = rule_group(settings)
    kept = tuple(rule for rule in group.alerts if rule.alert != without)
    return rule_file(group.model_copy(update={"alerts": kept, "interval": interval}), settings)


@dataclass
class Site:
    """A work folder for `doctor`."""

    cli: Cli
    admin: str

    def configure(self, metrics: Mapping[str, Any], **more: Any) -> None:
        """cbops.yaml and tenants.yaml."""
        config = {"version": 1, "router": {"admin_url": self.admin}, "metrics": dict(metrics), **more}
        self.cli.environ["CBOPS_ADMIN_TOKEN"] = KEY
        (self.cli.folder / "cbops.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        listed = {"tenants": [{"id": TENANT, "policies": [POLICY], "owner": {"name": "platform"}}]}
        (self.cli.folder / "tenants.yaml").write_text(yaml.safe_dump(listed), encoding="utf-8")

    def doctor(self, *words: object, tenant: str = TENANT) -> Found:
        """By the real time."""
        return Found(self.cli.json("doctor", "--tenant", tenant, "--days", 1, *words))


@dataclass
class Found:
    """What a doctor said."""

    result: Result

    @property
    def status(self) -> int:
        return self.result.status

    @property
    def checks(self) -> list[dict[str, Any]]:
        return self.result.data["checks"]

    def of(self, level: str) -> set[str]:
        """The ids of the checks with that level."""
        return {one["id"] for one in self.checks if one["level"] == level}

    def one(self, check: str, level: str | None = None) -> dict[str, Any]:
        """The one check of that id (and level)."""
        found = [one for one in self.checks if one["id"] == check and level in (None, one["level"])]
        assert len(found) == 1, found or self.checks
        return found[0]
