"""Metrics that a day ought to have and hasn't, and series that may be them under another name.

Nothing is ever read under a name that the configuration doesn't give: what is found here becomes a finding that
says which entry of `metrics.names` would read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from cbops.measure.counting import count, select
from cbops.measure.names import (
    DECISIONS,
    ERROR_RATE,
    EVENTS,
    FALLBACK_REASON,
    LATENCY,
    LATENCY_COUNT,
    STATE,
    TIMEOUT_TRANSITIONS,
    TRANSITIONS,
    TRIGGER_REASON,
    documented_words,
    moved_away,
    server_name,
)
from cbops.measure.targets import Targets
from cbops.model.config import MetricsConfig
from cbops.model.observation import Finding
from cbops.model.promql import NAME
from cbops.model.series import Fetched, Matcher, Series, SeriesQuery

_STEP = 3600
_PREFIX = "(.+[_:])?"
# Other spellings of each metric: without the router's prefix or with more of one, with the unit or suffix of
# another exporter. A histogram in seconds is none: it would be read as milliseconds.
_SPELLINGS = {
    EVENTS: f"{_PREFIX}circuit_breaker_events(_total|_count)*",
    TRANSITIONS: f"{_PREFIX}circuit_breaker_(state_)?transitions(_total|_count)*",
    DECISIONS: f"{_PREFIX}policy_decisions(_total|_count)*",
    ERROR_RATE: f"{_PREFIX}circuit_breaker_error_rate(_ratio)?",
    LATENCY_COUNT: f"{_PREFIX}result_latency(_ms|_milliseconds)+_count",
}
_LABELS = {
    EVENTS: frozenset(("provider_id", "event_type")),
    TRANSITIONS: frozenset(("provider_id",)),
    DECISIONS: frozenset(("policy_id",)),
    ERROR_RATE: frozenset(("provider_id",)),
    LATENCY_COUNT: frozenset(("provider_id",)),
}
# The router sets or counts these with a transition, so they show that there was one.
_MOVED = frozenset((STATE, TRIGGER_REASON, TIMEOUT_TRANSITIONS))
# What only a circuit that isn't closed counts: a denied call, and a decision for the fallback.
_DENYING = frozenset((("event_type", "fail_fast"), ("reason", FALLBACK_REASON)))


def absent_metrics(series: Iterable[Series]) -> tuple[str, ...]:
    """Which required metrics have no series of the tenant although they should; `series` in documented names.

    A counter is born with its first increment, so transitions are only missed where something else shows that
    a circuit moved, and the error rate only where there are results.
    """
    names: set[str] = set()
    moved = False
    for one in series:
        names.add(one.name)
        moved = moved or one.name in _MOVED or not _DENYING.isdisjoint(one.labels.items())
    wanted = [EVENTS, DECISIONS, LATENCY_COUNT]
    wanted += [ERROR_RATE] if EVENTS in names else []
    wanted += [TRANSITIONS] if moved else []
    return tuple(name for name in wanted if name not in names)


def moved_findings(series: Sequence[Series], targets: Targets, start: int, end: int) -> list[Finding]:
    """At most one: no series of transitions, although something else shows that a circuit moved in (start, end].

    An operator's call opens no circuit, so neither it nor a state that lasts from before is taken for a move.
    """
    if any(one.name == TRANSITIONS for one in series):
        return []
    counters = {
        "fallback_decisions": select(series, DECISIONS, {"reason": FALLBACK_REASON}),
        "fail_fast": select(series, EVENTS, {"event_type": "fail_fast"}),
        "timeout_transitions": select(series, TIMEOUT_TRANSITIONS),
    }
    born = [
        one
        for one in (*select(series, STATE, {"state": "open"}), *select(series, TRIGGER_REASON))
        if one.times and start < one.times[0] <= end and targets.of(one).before(one.times[0]) is not None
    ]
    numbers = {name: count(found, targets, start, end) or 0 for name, found in counters.items()}
    numbers["gauges_set"] = len(born)
    if not any(numbers.values()):
        return []
    told = ", ".join(f"{number} {name.replace('_', ' ')}" for name, number in numbers.items() if number)
    return [
        Finding(
            code="transitions_absent",
            message=f"A circuit wasn't closed ({told}), but {TRANSITIONS} has no series of this tenant: check the "
            "name of the metric (metrics.names).",
            numbers={"metric": TRANSITIONS, **numbers},
        )
    ]


def alike_query(config: MetricsConfig, tenant: str, absent: Iterable[str]) -> SeriesQuery:
    """The tenant's series with names like those of the absent metrics; a sample each hour tells that they are there.

    Asked for all metrics with another spelling where several are absent: the whole set may be prefixed.
    """
    patterns = [_SPELLINGS[name] for name in absent]
    if len(patterns) > 1:
        patterns = list(_SPELLINGS.values())
    label = config.labels.get("tenant_id", "tenant_id")
    return SeriesQuery(
        purpose="series with a name like an absent metric's",
        names=(),
        matchers=(Matcher(NAME, "=~", "|".join(patterns)), Matcher(label, "=", tenant)),
        step_seconds=_STEP,
    )


def name_findings(
    config: MetricsConfig, tenant: Fetched, alike: Fetched | None, absent: Iterable[str]
) -> list[Finding]:
    """Series that are there under a name that isn't read, each with the entry that would read them."""
    read = {server_name(config, name) for name in (*_SPELLINGS, *(one.name for one in tenant.series))}
    stray = set(moved_away(config))
    found: dict[tuple[str, str], int] = {}
    for one in tenant.series:
        if one.name in stray and (metric := _metric_of(config, one)) is not None:
            found[metric, one.name] = found.get((metric, one.name), 0) + 1
    missing = set(absent)
    if missing & {EVENTS, DECISIONS}:
        missing.add(TRANSITIONS)
    for one in () if alike is None else alike.series:
        metric = _metric_of(config, one)
        if metric in missing and one.name not in read | stray:
            found[metric, one.name] = found.get((metric, one.name), 0) + 1
    return [_finding(config, metric, name, number) for (metric, name), number in sorted(found.items())]


def _metric_of(config: MetricsConfig, series: Series) -> str | None:
    """The metric that a series of the server's may be: spelt like it, and with its labels."""
    labels = _documented_labels(config, series.labels)
    for metric, pattern in _SPELLINGS.items():
        if re.fullmatch(pattern, series.name) and labels >= _LABELS[metric]:
            if metric == TRANSITIONS and not labels & {"to", "state"}:
                continue
            return metric
    return None


def _documented_labels(config: MetricsConfig, labels: Mapping[str, str]) -> set[str]:
    ours = documented_words(config)
    return {ours.get(label, label) for label in labels}


def _finding(config: MetricsConfig, metric: str, name: str, number: int) -> Finding:
    whole = metric == LATENCY_COUNT
    ours = LATENCY if whole else metric
    theirs = name.removesuffix("_count") if whole else name
    read = server_name(config, metric)
    read = read.removesuffix("_count") if whole else read
    entry = (
        f"remove the entry {ours} of metrics.names"
        if theirs == ours
        else f"set metrics.names: {{{ours}: {theirs}}}"
    )
    return Finding(
        code="metric_under_another_name",
        message=f"{ours} is read as {read}, but {number} series of this tenant {'is' if number == 1 else 'are'} "
        f"called {theirs}: if they are this metric, {entry}.",
        numbers={"metric": ours, "series": number},
    )
