"""What the router's metrics, rules and logs were found to be, beside what they count."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from cbops.model.base import Frozen, Instant
from cbops.model.firing import FiringAlert as FiringAlert

# `both`: series of both dialects answered (an upgrade on that day, or two routers).
MetricDialect = Literal["router", "documented", "both"]


class MetricFound(Frozen):
    """One metric as it was found in the data of a day; `metric` is its documented name.

    `dialect` null: this metric is the same in both, or nothing tells. `extra_labels` are those that the domain
    description doesn't name (a trace id), which split the series and mean nothing.
    """

    metric: str
    server_name: str
    series: int
    samples: int
    dialect: MetricDialect | None = None
    extra_labels: tuple[str, ...] = ()


class GaugeComparison(Frozen):
    """One gauge of the router held against the counters, for one circuit over one day.

    `status`: `agree`; `known` is what the router is known to do (`cause` says which); `contradiction` is what
    nothing explains; `unknown` is nothing to compare. `numbers` holds both sides.
    """

    gauge: Literal["state", "error_rate", "window", "trigger_reason", "timeout"]
    provider: str
    instance: str
    status: Literal["agree", "known", "contradiction", "unknown"]
    cause: str | None = None  # sticking, birth, restart, gap, moves_only_at_transitions, …
    text: str
    numbers: dict[str, float | int | str | None] = {}


class LoadedRule(Frozen):
    """An alert rule that the metrics server lists as loaded."""

    name: str
    group: str
    file: str = ""
    expression: str
    for_seconds: float = 0
    keep_firing_seconds: float = 0
    labels: dict[str, str] = {}
    health: str = "unknown"  # ok, err, unknown: the server's word
    last_error: str | None = None
    last_evaluation: Instant | None = None  # null: never
    interval_seconds: float | None = None
    tenant_label: str = "tenant_id"  # what the server calls it


class AlertmanagerFacts(Frozen):
    """What Alertmanager says of itself; `cluster` is its word: ready, settling, disabled (it runs alone)."""

    version: str
    cluster: str
    peers: int = 0
    started: Instant


class LoggedTransition(Frozen):
    """A transition that a router's log tells; `source` null: the line names only the target."""

    at: Instant
    provider: str
    instance: str | None = None
    source: Literal["closed", "open", "half_open"] | None = None
    target: Literal["closed", "open", "half_open"]
    reason: str | None = None


class LogSpan(Frozen):
    """A time that log files cover, from their first line with a time to the last."""

    start: Instant = Field(alias="from")
    end: Instant = Field(alias="to")


class LogFacts(Frozen):
    """What the router's logs tell of one tenant: (start, end] is the time from their first line to the last.

    `covered` are the parts of it that the files cover, as one between two others may be missing (none: all of it).

    `lines` were read, `unread` of them tell nothing: no JSON object, or a transition without a time. Transitions of
    other tenants are only counted (`others`).
    """

    files: tuple[str, ...]
    lines: int
    unread: int = 0
    others: int = 0
    start: Instant | None = Field(default=None, alias="from")
    end: Instant | None = Field(default=None, alias="to")
    covered: tuple[LogSpan, ...] = ()
    transitions: tuple[LoggedTransition, ...] = ()
