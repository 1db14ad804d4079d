"""Answers of `dashboard …`."""

from __future__ import annotations

from cbops.model.answers.alerts import DialectFrom
from cbops.model.base import Frozen
from cbops.model.dashboard import PanelKind, ThresholdFrom
from cbops.model.observation import Dialect


class QueryListed(Frozen):
    """`expr` is PromQL with Grafana's variables. `instant`: asked once, at the end of the range."""

    id: str
    expr: str
    legend: str
    instant: bool


class PanelListed(Frozen):
    """One panel and what it asks."""

    id: int
    title: str
    kind: PanelKind
    queries: tuple[QueryListed, ...]


class DashboardRenderAnswer(Frozen):
    """`path` null: the file went to stdout (with JSON, into `text`). `tenant` and `provider` null: all.

    `threshold` is the line in the panel of error rates, and `threshold_from` what said so. `changed` false: the file
    already said the same.
    """

    rollout: str | None
    path: str | None
    changed: bool
    bytes: int
    uid: str
    title: str
    dialect: Dialect
    dialect_from: DialectFrom
    tenant: str | None
    provider: str | None
    threshold: float
    threshold_from: ThresholdFrom
    window_seconds: int
    panels: tuple[PanelListed, ...]
    text: str | None = None
