"""What cbops.yaml says of the names of metrics and labels: an entry that nothing reads is an error, not ignored."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from cbops.clients.strict import REMEDY
from cbops.errors import ConfigError
from cbops.model.config import Config

_LATENCY = "router_result_latency_ms"
# As in the table of metrics in the domain description; cbops/measure/names.py gives them their meaning.
METRICS = (
    "ALERTS",
    "router_circuit_breaker_error_rate",
    "router_circuit_breaker_events_total",
    "router_circuit_breaker_state",
    "router_circuit_breaker_state_transitions_total",
    "router_circuit_breaker_timeout_remaining_ms",
    "router_circuit_breaker_timeout_transitions_total",
    "router_circuit_breaker_trigger_reason",
    "router_circuit_breaker_window_failures_total",
    "router_circuit_breaker_window_requests_total",
    "router_policy_decisions_total",
    _LATENCY,
    *(f"{_LATENCY}_{part}" for part in ("bucket", "count", "sum")),
    "up",
)
LABELS = (
    *("alertname", "alertstate", "event_type", "from", "instance", "job", "le", "policy_id", "provider_id", "reason"),
    *("severity", "state", "tenant_id", "to", "transition_type"),
)  # fmt: skip


def check_names(config: Config, path: Path) -> None:
    """ConfigError, with the key in it, for a name that cbops doesn't know, or two that are read as one."""
    _check("metrics.names", config.metrics.names, METRICS, path)
    _check("metrics.labels", config.metrics.labels, LABELS, path)


def _check(key: str, entries: Mapping[str, str], known: tuple[str, ...], path: Path) -> None:
    for name in entries:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise ConfigError(
                f"{path}: {key}.{name} is not known: the documented name comes first, then the server's",
                hint=f"Did you mean '{near[0]}'?" if near else f"Known there: {', '.join(known)}.",
            )
        if not entries[name]:
            raise ConfigError(f"{path}: {key}.{name} is empty", hint=REMEDY)
    for theirs, number in Counter(entries.values()).items():
        if number > 1:
            both = " and ".join(sorted(name for name, value in entries.items() if value == theirs))
            raise ConfigError(f"{path}: {key} reads {both} both as {theirs}", hint=REMEDY)
