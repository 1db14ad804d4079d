"""The practice router's counters and gauges, and their Prometheus text, in the router dialect.

Labelled series are born with their first increment, as in the router. What changes with every request
lives in `Lane` and `Decisions` as plain numbers; the text before each number is built once.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from itertools import accumulate

BUCKETS_MS = (50, 100, 150, 200, 250, 300, 400, 600, 1000, 2000, 5000, 10000)
MAX_LATENCY_MS = 30_000
# The bucket of every whole latency: quicker than searching at each result.
BUCKET_OF = bytes(bisect_left(BUCKETS_MS, latency) for latency in range(MAX_LATENCY_MS + 1))

EVENTS = "router_circuit_breaker_events_total"
TRANSITIONS = "router_circuit_breaker_state_transitions_total"
STATE = "router_circuit_breaker_state"
TRIGGER_REASON = "router_circuit_breaker_trigger_reason"
ERROR_RATE = "router_circuit_breaker_error_rate"
WINDOW_REQUESTS = "router_circuit_breaker_window_requests_total"
WINDOW_FAILURES = "router_circuit_breaker_window_failures_total"
TIMEOUT_TRANSITIONS = "router_circuit_breaker_timeout_transitions_total"
TIMEOUT_REMAINING = "router_circuit_breaker_timeout_remaining_ms"
DECISIONS = "router_policy_decisions_total"
LATENCY = "router_result_latency_ms"

_FAMILIES = {
    EVENTS: ("counter", "Results and denied requests of a circuit."),
    TRANSITIONS: ("counter", "Transitions of a circuit."),
    STATE: ("gauge", "0 closed, 1 open, 2 half_open; one series per state, never set back."),
    TRIGGER_REASON: ("gauge", "Set to 1 at each opening and half-opening."),
    ERROR_RATE: ("gauge", "Share of failures in the window, as of the last result."),
    WINDOW_REQUESTS: ("counter", "Results in the window, added at each transition."),
    WINDOW_FAILURES: ("counter", "Failures in the window, added at each transition."),
    TIMEOUT_TRANSITIONS: ("counter", "Transitions because a timeout had passed."),
    TIMEOUT_REMAINING: ("gauge", "Time until an open circuit lets a probe through; stays at its last value."),
    DECISIONS: ("counter", "Decisions about where a request goes."),
    LATENCY: ("histogram", "Latency of results that came back."),
}
_HEADERS = {name: f"# HELP {name} {text}\n# TYPE {name} {kind}\n" for name, (kind, text) in _FAMILIES.items()}


def escape(value: str) -> str:
    """A label value as the Prometheus text format wants it."""
    return value.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def series_key(name: str, labels: Mapping[str, str]) -> str:
    """`name{label="value",…} `: all of a sample line but the number."""
    pairs = ",".join(f'{label}="{escape(value)}"' for label, value in labels.items())
    return f"{name}{{{pairs}}} "


class Lane:
    """One tenant's requests to one provider: how they fare now, and what was counted of them.

    `failure` is the probability of failing, `latency_ms` the median; `faults` are requests that must fail.
    """

    __slots__ = (
        "_bucket_keys",
        "_count_key",
        "_event_keys",
        "_rate_key",
        "_sum_key",
        "buckets",
        "fail_fast",
        "failed",
        "failure",
        "faults",
        "latency_ms",
        "latency_sum",
        "provider",
        "succeeded",
        "tenant",
    )

    def __init__(self, tenant: str, provider: str) -> None:
        self.tenant = tenant
        self.provider = provider
        self.failure = 0.0
        self.latency_ms = 0.0
        self.faults = 0
        labels = {"tenant_id": tenant, "provider_id": provider}
        self._event_keys = [
            series_key(EVENTS, {**labels, "event_type": kind}) for kind in ("success", "failure", "fail_fast")
        ]
        self._rate_key = series_key(ERROR_RATE, labels)
        bounds = (*map(str, BUCKETS_MS), "+Inf")
        self._bucket_keys = [series_key(f"{LATENCY}_bucket", {**labels, "le": bound}) for bound in bounds]
        self._sum_key = series_key(f"{LATENCY}_sum", labels)
        self._count_key = series_key(f"{LATENCY}_count", labels)
        self.restart()

    def restart(self) -> None:
        """Every counter to zero, which unbears its series."""
        self.succeeded = 0
        self.failed = 0
        self.fail_fast = 0
        self.latency_sum = 0
        self.buckets = [0] * (len(BUCKETS_MS) + 1)

    def event_lines(self) -> list[str]:
        """The lines of the events that have happened."""
        counts = (self.succeeded, self.failed, self.fail_fast)
        return [f"{key}{count}\n" for key, count in zip(self._event_keys, counts, strict=True) if count]

    def rate_line(self, error_rate: float) -> str:
        """The line of the error rate."""
        return f"{self._rate_key}{error_rate}\n"

    def latency_lines(self) -> list[str]:
        """The lines of the histogram, none before the first result."""
        running = list(accumulate(self.buckets))
        if not running[-1]:
            return []
        lines = [f"{key}{count}\n" for key, count in zip(self._bucket_keys, running, strict=True)]
        lines.append(f"{self._sum_key}{self.latency_sum}\n{self._count_key}{running[-1]}\n")
        return lines


class Decisions:
    """Decisions under one policy, counted by reason."""

    __slots__ = ("_fallback_key", "_weighted_key", "fallback", "weighted")

    def __init__(self, tenant: str, policy: str) -> None:
        labels = {"tenant_id": tenant, "policy_id": policy}
        self._weighted_key = series_key(DECISIONS, {**labels, "reason": "weighted"})
        self._fallback_key = series_key(DECISIONS, {**labels, "reason": "circuit_breaker_fallback"})
        self.restart()

    def restart(self) -> None:
        """Both counters to zero."""
        self.weighted = 0
        self.fallback = 0

    def lines(self) -> list[str]:
        """The lines of the reasons that have occurred."""
        counts = ((self._weighted_key, self.weighted), (self._fallback_key, self.fallback))
        return [f"{key}{count}\n" for key, count in counts if count]


class Registry:
    """Series that change only when a circuit moves."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, float]] = {}

    def add(self, name: str, amount: float = 1, /, **labels: str) -> None:
        """Count up; the series is born here."""
        values = self._values.setdefault(name, {})
        key = series_key(name, labels)
        values[key] = values.get(key, 0) + amount

    def set(self, name: str, value: float, /, **labels: str) -> None:
        """Set a gauge, which keeps that value until it is set again."""
        self._values.setdefault(name, {})[series_key(name, labels)] = value

    def lines(self, name: str) -> list[str]:
        """The lines of one family."""
        return [f"{key}{value}\n" for key, value in self._values.get(name, {}).items()]

    def restart(self) -> None:
        """All series are gone."""
        self._values.clear()


_RARE = (
    TRANSITIONS,
    STATE,
    TRIGGER_REASON,
    WINDOW_REQUESTS,
    WINDOW_FAILURES,
    TIMEOUT_TRANSITIONS,
    TIMEOUT_REMAINING,
)


def render(
    lanes: Iterable[Lane],
    decisions: Iterable[Decisions],
    registry: Registry,
    error_rates: Mapping[tuple[str, str], float],
) -> str:
    """The page: text format 0.0.4, families without a series left out.

    `error_rates` are those of circuits with at least one recorded result, by (tenant, provider).
    """
    lanes = tuple(lanes)
    families = {
        EVENTS: [line for lane in lanes for line in lane.event_lines()],
        ERROR_RATE: [
            lane.rate_line(error_rates[lane.tenant, lane.provider])
            for lane in lanes
            if (lane.tenant, lane.provider) in error_rates
        ],
        **{name: registry.lines(name) for name in _RARE},
        DECISIONS: [line for each in decisions for line in each.lines()],
        LATENCY: [line for lane in lanes for line in lane.latency_lines()],
    }
    return "".join(_HEADERS[name] + "".join(lines) for name, lines in families.items() if lines)
