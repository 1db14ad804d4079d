"""Answers of `alerts …`."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen, Instant
from cbops.model.observation import Dialect
from cbops.model.rule_check import CheckedRule, RuleFinding
from cbops.model.rules import TenantLabel

DialectFrom = Literal["option", "configuration", "metrics", "default"]


class AlertsRenderAnswer(Frozen):
    """`path` null: the file went to stdout (with JSON, into `text`). No tenants and no labels: every tenant.

    `dialect_from`: what said so; `default` where nothing did. `changed` false: the file already said the same.
    """

    rollout: str | None
    path: str | None
    changed: bool
    bytes: int
    dialect: Dialect
    dialect_from: DialectFrom
    tenants: tuple[str, ...]
    tenant_labels: tuple[TenantLabel, ...]
    alerts: tuple[str, ...]
    records: tuple[str, ...]
    text: str | None = None


class AlertsCheckAnswer(Frozen):
    """What rule files select, held against what is there from `start` to `end`; the worst findings first.

    `dialect` null: nothing tells which is spoken. `unchecked` says what could not be asked; `requests` is how many
    were sent to the server.
    """

    files: tuple[str, ...]
    source: Literal["prometheus", "embedded"]
    start: Instant
    end: Instant
    dialect: Dialect | None
    requests: int
    rules: tuple[CheckedRule, ...]
    findings: tuple[RuleFinding, ...]
    unchecked: tuple[str, ...]
