"""What the domain description says of the router's series, for telling a wrong rule from data that isn't there yet."""

from __future__ import annotations

from dataclasses import dataclass

from cbops.measure.names import (
    ALERTS,
    DECISIONS,
    EVENTS,
    FALLBACK_REASON,
    LATENCY_BUCKET,
    LATENCY_COUNT,
    LATENCY_SUM,
    STATE,
    TENANT_NAMES,
    TIMEOUT_REMAINING,
    TIMEOUT_TRANSITIONS,
    TRANSITIONS,
    TRIGGER_REASON,
    UP,
    WINDOW_FAILURES,
    WINDOW_REQUESTS,
    server_name,
)
from cbops.model.config import MetricsConfig
from cbops.model.observation import Dialect

LATENCIES = (LATENCY_BUCKET, LATENCY_SUM, LATENCY_COUNT)
ROUTER = TENANT_NAMES
# Not there before a circuit has moved.
BORN_LATE = frozenset(
    (
        TRANSITIONS,
        STATE,
        TRIGGER_REASON,
        WINDOW_REQUESTS,
        WINDOW_FAILURES,
        TIMEOUT_TRANSITIONS,
        TIMEOUT_REMAINING,
    )
)
# Metrics that only the router's own code has.
ONLY_ROUTER = frozenset((STATE, TRIGGER_REASON))

STATES = ("closed", "open", "half_open")
GAUGE = {"closed": 0, "open": 1, "half_open": 2}
EVENT_TYPES = ("success", "failure", "fail_fast")
REASONS = (
    "failure_threshold_exceeded",
    "error_rate_threshold_exceeded",
    "latency_threshold_exceeded",
    "half_open_failure",
    "timeout_elapsed",
    "success_threshold_met",
)
_VALUES = {
    (EVENTS, "event_type"): EVENT_TYPES,
    (TRANSITIONS, "from"): STATES,
    (TRANSITIONS, "to"): STATES,
    (TRANSITIONS, "state"): STATES,
    (STATE, "state"): STATES,
    (TRIGGER_REASON, "reason"): REASONS,
    (DECISIONS, "reason"): (FALLBACK_REASON,),  # and whatever else a router gives
    (ALERTS, "alertstate"): ("firing", "pending"),
}
_OWN_LABELS: dict[Dialect, dict[str, tuple[str, ...]]] = {
    "router": {TRANSITIONS: ("from", "to")},
    "documented": {TRANSITIONS: ("state",), TIMEOUT_REMAINING: ("state",)},
}


@dataclass(frozen=True, slots=True)
class Known:
    """The same in the server's words; `dialect` null: nothing tells which is spoken."""

    config: MetricsConfig
    dialect: Dialect | None

    def documented(self, name: str) -> str:
        """The documented name of a metric of the server's; others keep theirs."""
        known = (*ROUTER, UP, ALERTS)
        return next((ours for ours in known if server_name(self.config, ours) == name), name)

    def label(self, name: str) -> str:
        """The documented name of a label of the server's."""
        return next((ours for ours, theirs in self.config.labels.items() if theirs == name), name)

    def theirs(self, label: str) -> str:
        """The server's name of a label."""
        return self.config.labels.get(label, label)

    def values(self, name: str, label: str) -> tuple[str, ...]:
        """Values that a label of a metric (the server's names) can have; empty where none are known."""
        return _VALUES.get((self.documented(name), self.label(label)), ())

    def of_other_dialect(self, name: str, label: str) -> Dialect | None:
        """The dialect in which the metric has that label, where it isn't the one that is spoken."""
        if self.dialect is None:
            return None
        other: Dialect = "documented" if self.dialect == "router" else "router"
        mine, theirs = (_OWN_LABELS[each].get(self.documented(name), ()) for each in (self.dialect, other))
        return other if self.label(label) in theirs and self.label(label) not in mine else None
