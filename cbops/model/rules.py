"""A Prometheus rule file as data, and the settings that it is made from."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen
from cbops.model.config import MetricsConfig
from cbops.model.observation import Dialect

Severity = Literal["warning", "critical"]


class TenantLabel(Frozen):
    """A label, as the server calls it, that marks the series of tenants whose breaker is enabled."""

    name: str
    value: str


class RuleScope(Frozen):
    """Whose circuits the rules look at; with neither, every tenant's.

    Labels of one name are alternatives; different names must all hold, and so must the tenants.
    """

    tenants: tuple[str, ...] = ()
    labels: tuple[TenantLabel, ...] = ()


class RuleSettings(Frozen):
    """Everything that a rule file depends on. Of `metrics` only names, labels and job matter.

    `with_watch`: a guard must run for these tenants, so rules about its sign of life are among them.
    """

    dialect: Dialect
    scope: RuleScope = RuleScope()
    metrics: MetricsConfig = MetricsConfig()
    with_watch: bool = False


class RecordingRule(Frozen):
    """A series that the server computes; `expr` is PromQL, of several lines."""

    record: str
    expr: str


class AlertRule(Frozen):
    """`hold`: how long `expr` must be true before it fires (`for`). The texts may hold the server's templates."""

    alert: str
    expr: str
    hold: str
    severity: Severity
    summary: str
    description: str
    runbook: str


class RuleGroup(Frozen):
    """Rules that are evaluated in their order, each seeing what those before it recorded, every `interval`."""

    name: str
    interval: str
    recordings: tuple[RecordingRule, ...]
    alerts: tuple[AlertRule, ...]
