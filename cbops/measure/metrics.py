"""Which of the router's metrics the data of a day holds, and in which dialect each of them is.

Source: the table of metrics in the domain description. Each metric is looked at on its own: a router, a gateway
and rules that rewrite may each contribute some of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

from cbops.measure.names import (
    EVENTS,
    LATENCY,
    LATENCY_COUNT,
    STATE,
    TENANT_NAMES,
    TIMEOUT_REMAINING,
    TRANSITIONS,
    TRIGGER_REASON,
    server_name,
    whole,
)
from cbops.measure.targets import extra_labels, key_of
from cbops.model.config import MetricsConfig
from cbops.model.observation import Dialect
from cbops.model.series import Series
from cbops.model.telemetry import MetricDialect, MetricFound

_METRICS = tuple(dict.fromkeys(map(whole, TENANT_NAMES)))


def dialect_of_labels(metric: str, labels: Mapping[str, str]) -> Dialect | None:  # noqa: PLR0911 - a row of the table each
    """The dialect of which the labels are proof; null where they are the same in both.

    That a router counts no `fail_fast` proves nothing: nothing may have been denied.
    """
    if metric == TRANSITIONS:
        if "to" in labels:
            return "router"
        return "documented" if "state" in labels else None
    if metric == TIMEOUT_REMAINING:
        return "documented" if "state" in labels else "router"
    if metric == EVENTS:
        return "router" if labels.get("event_type") == "fail_fast" else None
    if metric == STATE:
        return "router" if "state" in labels else None
    if metric == TRIGGER_REASON:
        return "router" if "reason" in labels else None
    return None


def metric_dialect(series: Iterable[Series], metric: str) -> MetricDialect | None:
    """What the series of one metric (its documented name) are, all together."""
    return spoken_in(metric, (one.labels for one in series if one.name == metric))


def spoken_in(metric: str, series: Iterable[Mapping[str, str]]) -> MetricDialect | None:
    """The dialect of one metric, by the labels of its series; null where it is the same in both, or nothing tells."""
    told = {dialect_of_labels(metric, labels) for labels in series} - {None}
    if len(told) > 1:
        return "both"
    return next(iter(told), None)


def metrics_found(
    series: Sequence[Series], config: MetricsConfig, start: int, end: int
) -> tuple[MetricFound, ...]:
    """The metrics with samples in (start, end], in the order of their names; a histogram is one metric.

    `series` are raw and in documented names. A label that every counter of a router carries with one value
    belongs to the router, and is no extra one.
    """
    groups: dict[str, list[tuple[Series, int]]] = {metric: [] for metric in _METRICS}
    for one in series:
        metric = whole(one.name)
        size = bisect_right(one.times, end) - bisect_right(one.times, start)
        if size and metric in groups:
            groups[metric].append((one, size))
    extra = _extra_labels(series)
    return tuple(
        MetricFound(
            metric=metric,
            server_name=_server_name(config, metric),
            series=len(found),
            samples=sum(size for _, size in found),
            dialect=metric_dialect((one for one, _ in found), metric),
            extra_labels=tuple(sorted({label for one, _ in found for label in one.labels if label in extra})),
        )
        for metric, found in sorted(groups.items())
        if found
    )


def _extra_labels(series: Sequence[Series]) -> set[str]:
    groups: dict[tuple[str, str], list[Series]] = {}
    for one in series:
        groups.setdefault(key_of(one.labels), []).append(one)
    return {label for mine in groups.values() for label in extra_labels(mine)}


def _server_name(config: MetricsConfig, metric: str) -> str:
    """Of a histogram, the name of the whole, also where only its parts are remapped."""
    if metric == LATENCY and metric not in config.names:
        return server_name(config, LATENCY_COUNT).removesuffix("_count")
    return server_name(config, metric)
