"""Answers of `alerts …`."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen
from cbops.model.observation import Dialect
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
