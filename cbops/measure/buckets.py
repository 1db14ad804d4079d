"""Counts per five minutes, for the statistics of the judgement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from cbops.measure.counting import rises, select
from cbops.measure.names import EVENTS, LATENCY_COUNT, LATENCY_SUM, TRANSITIONS
from cbops.measure.targets import Targets
from cbops.measure.transitions import edge_of
from cbops.model.base import from_ms
from cbops.model.observation import Buckets
from cbops.model.series import Series

STEP_SECONDS = 300
HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Grid:
    """Whole multiples of the step inside a window; `known` tells where anything was scraped."""

    start: int
    step: int
    known: tuple[bool, ...]

    @property
    def end(self) -> int:
        """The upper edge of the last bucket."""
        return self.start + self.step * len(self.known)


def grid(targets: Targets, start: int, end: int, step_seconds: int = STEP_SECONDS) -> Grid:
    """The grid of a window; what is left of the window at its edges is in no bucket."""
    step = step_seconds * 1000
    first = -(-start // step) * step
    size = max(0, (end - first) // step)
    known = [False] * size
    for target in targets.all:
        for time in target.scrapes(first, first + size * step):
            known[(time - first - 1) // step] = True
    return Grid(first, step, tuple(known))


def buckets_of(
    series: Sequence[Series],
    targets: Targets,
    on: Grid,
    tenant: str,
    provider: str,
    *,
    latency: bool,
    stepped: bool = False,
) -> Buckets:
    """One (tenant, provider); an increase that a gap hid lies in the bucket of the next scrape.

    `latency` false: the metric is not exported, so its figures are unknown. `stepped`: the samples were
    asked for in steps.
    """
    mine = [
        one
        for one in series
        if one.labels.get("tenant_id") == tenant and one.labels.get("provider_id") == provider
    ]

    def events(kind: str) -> tuple[int | None, ...]:
        return _whole(column(select(mine, EVENTS, {"event_type": kind}), targets, on, stepped=stepped))

    half_open = [one for one in mine if one.name == TRANSITIONS and _is_half_open(one.labels)]
    unknown = (None,) * len(on.known)
    return Buckets(
        tenant=tenant,
        provider=provider,
        start=from_ms(on.start),
        step_seconds=on.step // 1000,
        success=events("success"),
        failure=events("failure"),
        fail_fast=events("fail_fast"),
        half_open=_whole(column(half_open, targets, on, stepped=stepped)),
        latency_count=_whole(column(select(mine, LATENCY_COUNT), targets, on, stepped=stepped))
        if latency
        else unknown,
        latency_sum_ms=column(select(mine, LATENCY_SUM), targets, on, stepped=stepped)
        if latency
        else unknown,
    )


def _is_half_open(labels: Mapping[str, str]) -> bool:
    edge = edge_of(labels)
    return edge is not None and edge[1] == "half_open"


def column(
    series: Iterable[Series], targets: Targets, on: Grid, *, stepped: bool = False
) -> tuple[float | None, ...]:
    """The increase per bucket; null where nothing was scraped."""
    sums = [0.0 if known else None for known in on.known]
    for one in series:
        for _, at, by in rises(one, targets.of(one), on.start, on.end, stepped=stepped):
            index = (at - on.start - 1) // on.step
            sums[index] = (sums[index] or 0.0) + by
    return tuple(sums)


def _whole(values: Iterable[float | None]) -> tuple[int | None, ...]:
    return tuple(None if value is None else round(value) for value in values)
