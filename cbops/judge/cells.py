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


def cells_of(buckets: Buckets) -> Iterable[Cell]:
    """Its buckets in order; those where success or failure is unknown are left out."""
    begin, step = to_ms(buckets.start), buckets.step_seconds * 1000
    for index in range(min(len(buckets.success), len(buckets.failure))):
        success, failure = buckets.success[index], buckets.failure[index]
        if success is None or failure is None:
            continue
        yield Cell(
            start=begin + index * step,
            end=begin + (index + 1) * step,
            success=success,
            failure=failure,
            fail_fast=_at(buckets.fail_fast, index),
            half_open=_at(buckets.half_open, index),
            latency_count=_at(buckets.latency_count, index),
            latency_sum=_at(buckets.latency_sum_ms, index),
        )


def _rows(all_buckets: Iterable[Buckets]) -> dict[str, dict[str, Row]]:
    found: dict[str, dict[str, list[Cell]]] = {}
    for buckets in all_buckets:
        found.setdefault(buckets.tenant, {}).setdefault(buckets.provider, []).extend(cells_of(buckets))
    return {
        tenant: {p: tuple(sorted(cells, key=lambda cell: cell.start)) for p, cells in rows.items()}
        for tenant, rows in found.items()
    }


def canary_rows(days: Iterable[Observation]) -> dict[str, Row]:
    """The canary's cells by provider."""
    merged: dict[str, list[Cell]] = {}
    for rows in _rows(b for day in days for b in day.buckets).values():
        for provider, row in rows.items():
            merged.setdefault(provider, []).extend(row)
    return {p: tuple(sorted(cells, key=lambda cell: cell.start)) for p, cells in merged.items()}


def control_rows(days: Iterable[Observation]) -> dict[str, dict[str, Row]]:
    """The other tenants' cells: tenant → provider → cells."""
    return _rows(b for day in days for b in day.controls)


def within(row: Row, start: int, end: int) -> Row:
    """The cells that overlap [start, end]."""
    return tuple(cell for cell in row if cell.overlaps(start, end))


@dataclass(frozen=True, slots=True)
class Period:
    """Some days, and the cells in them."""

    days: tuple[Observation, ...]
    canary: Mapping[str, Row]
    controls: Mapping[str, Mapping[str, Row]]
