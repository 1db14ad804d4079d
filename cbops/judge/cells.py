"""Buckets of several days as one row of cells a (tenant, provider)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from cbops.model.base import to_ms
from cbops.model.observation import Buckets, Observation


@dataclass(frozen=True, slots=True)
class Cell:
    """One bucket (start, end] in milliseconds since the epoch; null is unknown, never 0."""

    start: int
    end: int
    success: int
    failure: int
    fail_fast: int | None
    half_open: int | None
    latency_count: int | None
    latency_sum: float | None

    @property
    def results(self) -> int:
        """Successes and failures."""
        return self.success + self.failure

    def overlaps(self, start: int, end: int) -> bool:
        """Whether any of the bucket lies in [start, end]."""
        return self.start < end and start < self.end


Row = tuple[Cell, ...]
Rows = Mapping[str, Row]  # by provider


T = TypeVar("T")


def _at(values: Sequence[T | None], index: int) -> T | None:
    return values[index] if index < len(values) else None


Span = tuple[int, int]


def restart_spans(days: Iterable[Observation]) -> tuple[Span, ...]:
    """Between which scrapes (ms) a router started again: counters there are not to be relied on."""
    return tuple((to_ms(one.after), to_ms(one.at)) for day in days for one in day.restarts)


def cells_of(buckets: Buckets, restarts: Sequence[Span] = ()) -> Iterable[Cell]:
    """Its buckets in order; those where success or failure is unknown, and those of a restart, are left
    out (a restart loses what happened since the last scrape).
    """
    begin, step = to_ms(buckets.start), buckets.step_seconds * 1000
    for index in range(min(len(buckets.success), len(buckets.failure))):
        success, failure = buckets.success[index], buckets.failure[index]
        if success is None or failure is None:
            continue
        start, end = begin + index * step, begin + (index + 1) * step
        if any(start < at and after < end for after, at in restarts):
            continue
        yield Cell(
            start=start,
            end=end,
            success=success,
            failure=failure,
            fail_fast=_at(buckets.fail_fast, index),
            half_open=_at(buckets.half_open, index),
            latency_count=_at(buckets.latency_count, index),
            latency_sum=_at(buckets.latency_sum_ms, index),
        )


def _rows(all_buckets: Iterable[Buckets], restarts: Sequence[Span]) -> dict[str, dict[str, Row]]:
    found: dict[str, dict[str, list[Cell]]] = {}
    for buckets in all_buckets:
        found.setdefault(buckets.tenant, {}).setdefault(buckets.provider, []).extend(
            cells_of(buckets, restarts)
        )
    return {
        tenant: {p: tuple(sorted(cells, key=lambda cell: cell.start)) for p, cells in rows.items()}
        for tenant, rows in found.items()
    }


def canary_rows(days: Sequence[Observation]) -> dict[str, Row]:
    """The canary's cells by provider."""
    merged: dict[str, list[Cell]] = {}
    for rows in _rows((b for day in days for b in day.buckets), restart_spans(days)).values():
        for provider, row in rows.items():
            merged.setdefault(provider, []).extend(row)
    return {p: tuple(sorted(cells, key=lambda cell: cell.start)) for p, cells in merged.items()}


def control_rows(days: Sequence[Observation]) -> dict[str, dict[str, Row]]:
    """The other tenants' cells: tenant → provider → cells."""
    return _rows((b for day in days for b in day.controls), restart_spans(days))


def within(row: Row, start: int, end: int) -> Row:
    """The cells that overlap [start, end]."""
    return tuple(cell for cell in row if cell.overlaps(start, end))


@dataclass(frozen=True, slots=True)
class Period:
    """Some days, and the cells in them."""

    days: tuple[Observation, ...]
    canary: Mapping[str, Row]
    controls: Mapping[str, Mapping[str, Row]]
