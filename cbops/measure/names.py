"""What the router's series and labels are called, and the way to and from the server's names.

The configuration may remap both; everything in this package but this module speaks the documented names.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from cbops.model.config import MetricsConfig
from cbops.model.series import Fetched, Matcher, Series, SeriesQuery

EVENTS = "router_circuit_breaker_events_total"
TRANSITIONS = "router_circuit_breaker_state_transitions_total"
TRIGGER_REASON = "router_circuit_breaker_trigger_reason"
STATE = "router_circuit_breaker_state"
ERROR_RATE = "router_circuit_breaker_error_rate"
WINDOW_REQUESTS = "router_circuit_breaker_window_requests_total"
WINDOW_FAILURES = "router_circuit_breaker_window_failures_total"
TIMEOUT_TRANSITIONS = "router_circuit_breaker_timeout_transitions_total"
TIMEOUT_REMAINING = "router_circuit_breaker_timeout_remaining_ms"
DECISIONS = "router_policy_decisions_total"
LATENCY = "router_result_latency_ms"
LATENCY_BUCKET = f"{LATENCY}_bucket"
LATENCY_SUM = f"{LATENCY}_sum"
LATENCY_COUNT = f"{LATENCY}_count"
LATENCY_PARTS = frozenset((LATENCY_BUCKET, LATENCY_SUM, LATENCY_COUNT))
UP = "up"
ALERTS = "ALERTS"

# What tells restarts. The optional counters move only at transitions and tell nothing that these don't.
COUNTERS = frozenset({EVENTS, TRANSITIONS, DECISIONS, LATENCY_BUCKET, LATENCY_SUM, LATENCY_COUNT})
BREAKER_NAMES = (
    EVENTS,
    TRANSITIONS,
    STATE,
    TRIGGER_REASON,
    ERROR_RATE,
    WINDOW_REQUESTS,
    WINDOW_FAILURES,
    TIMEOUT_TRANSITIONS,
    TIMEOUT_REMAINING,
)
TENANT_NAMES = (*BREAKER_NAMES, DECISIONS, LATENCY_BUCKET, LATENCY_SUM, LATENCY_COUNT)

# The labels that the domain description knows, `le` of histograms and those of a target.
KNOWN_LABELS = frozenset(
    "tenant_id provider_id policy_id event_type state from to reason transition_type le job instance".split()  # noqa: SIM905 - a list of words
)

FALLBACK_REASON = "circuit_breaker_fallback"
Operator = Literal["=", "!=", "=~", "!~"]


def whole(metric: str) -> str:
    """The metric that a series belongs to, which is what metrics.names renames: a histogram's parts are one."""
    return LATENCY if metric in LATENCY_PARTS else metric


def documented_words(config: MetricsConfig) -> dict[str, str]:
    """The documented names of the labels that the server calls otherwise, by the server's."""
    return {theirs: ours for ours, theirs in config.labels.items()}


def server_name(config: MetricsConfig, name: str) -> str:
    """The server's name; a remapped histogram carries its three parts along."""
    if name in config.names:
        return config.names[name]
    for suffix in ("_bucket", "_sum", "_count"):
        family = name.removesuffix(suffix)
        if family != name and family in config.names:
            return config.names[family] + suffix
    return name


def server_query(
    config: MetricsConfig,
    purpose: str,
    names: Iterable[str],
    matchers: Iterable[Matcher] = (),
    step_seconds: int | None = None,
) -> SeriesQuery:
    """A query in documented names as the server understands it."""
    return SeriesQuery(
        purpose=purpose,
        names=tuple(dict.fromkeys(server_name(config, name) for name in names)),
        matchers=tuple(
            replace(matcher, label=config.labels.get(matcher.label, matcher.label)) for matcher in matchers
        ),
        step_seconds=step_seconds,
    )


def moved_away(config: MetricsConfig) -> tuple[str, ...]:
    """The documented names that the configuration reads under another name, and that name nothing else."""
    theirs = {server_name(config, name) for name in TENANT_NAMES}
    return tuple(name for name in TENANT_NAMES if name not in theirs)


def documented(config: MetricsConfig, fetched: Fetched | None) -> tuple[Series, ...]:
    """The answer's series in documented names and labels; nothing for no answer.

    Series under a documented name that is remapped to another are not read: they would count twice.
    """
    if fetched is None:
        return ()
    if not config.names and not config.labels and config.dialect != "documented":
        return fetched.series
    names = {server_name(config, name): name for name in (*TENANT_NAMES, UP, ALERTS)}
    labels = documented_words(config)
    stray = set(moved_away(config))
    return tuple(
        replace(
            series,
            name=names.get(series.name, series.name),
            labels=_read_as(config, {labels.get(key, key): value for key, value in series.labels.items()}),
        )
        for series in fetched.series
        if series.name not in stray
    )


def _read_as(config: MetricsConfig, labels: dict[str, str]) -> dict[str, str]:
    """Where a transition has the labels of both dialects, those of the configured one; each series stays one."""
    if config.dialect == "documented" and "state" in labels:
        labels.pop("to", None)
    return labels
