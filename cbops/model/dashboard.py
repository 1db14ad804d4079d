"""A dashboard as data: panels, their queries, variables and marks in time, and the settings that they are made from."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen, Instant
from cbops.model.config import MetricsConfig
from cbops.model.observation import Dialect

PanelKind = Literal["stat", "timeline", "lines", "bars", "table"]
# What a number is: a count is whole; `share` is 0 to 1; `instant` is milliseconds since the epoch, 0 for never.
Unit = Literal["count", "share", "seconds", "milliseconds", "state", "alert", "instant"]
ThresholdFrom = Literal["option", "rollout", "default"]


class PolicyChange(Frozen):
    """An instant at which the policy of a rollout changed, as its journal has it."""

    at: Instant
    text: str


class DashboardSettings(Frozen):
    """Everything that a dashboard depends on. Of `metrics` only names, labels and job matter.

    `tenant` and `provider` are what the variables begin with; null: all. `threshold` is a quotient; `window_seconds`
    and `timeout_ms` are the policy's (null: not known). `rollout` null: made outside of one.
    """

    dialect: Dialect
    metrics: MetricsConfig = MetricsConfig()
    rollout: str | None = None
    tenant: str | None = None
    provider: str | None = None
    threshold: float = 0.5
    window_seconds: int = 60
    timeout_ms: int | None = None
    changes: tuple[PolicyChange, ...] = ()


class BoardQuery(Frozen):
    """One query of a panel; `id` is unique on the dashboard and stays the same from one version to the next.

    `expr` is PromQL with Grafana's variables; `legend` Grafana's template (a table's column). `instant`: one value at
    the end of the range instead of a line through it. `unit` null: the panel's.
    """

    id: str
    expr: str
    legend: str
    instant: bool = False
    unit: Unit | None = None


class BoardPanel(Frozen):
    """One panel; `width` is in 24ths. `threshold` draws a line at that value."""

    id: int
    title: str
    description: str
    kind: PanelKind
    unit: Unit
    queries: tuple[BoardQuery, ...]
    width: int
    height: int
    threshold: float | None = None
    stacked: bool = False


class BoardVariable(Frozen):
    """A variable of the dashboard whose values are those of a label; `chosen` null: all, which stands as `all_value`."""

    name: str
    label: str
    query: str
    chosen: str | None
    all_value: str


class BoardMark(Frozen):
    """An annotation. `valued`: the series' value is the instant, in milliseconds since the epoch."""

    name: str
    expr: str
    title: str
    colour: Literal["red", "blue"]
    valued: bool = False


class Board(Frozen):
    """A dashboard."""

    title: str
    description: str
    panels: tuple[BoardPanel, ...]
    variables: tuple[BoardVariable, ...]
    marks: tuple[BoardMark, ...]


class PanelQuery(Frozen):
    """A query as a server understands it: no variable is left."""

    panel: str
    query: str
    expr: str
    instant: bool
    kind: PanelKind
