"""Buckets of several days as one row of cells a (tenant, provider)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice, repeat
from typing import NamedTuple, TypeVar

from cbops.model.base import to_ms
from cbops.model.observation import Buckets, Observation
from cbops.model.spans import Span


class Cell(NamedTuple):
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


def _padded(values: Sequence[T | None], size: int) -> Iterable[T | None]:
    return islice(chain(values, repeat(None)), size)


def restart_spans(days: Iterable[Observation]) -> tuple[Span, ...]:
    """Between which scrapes (ms) a router started again: counters there are not to be relied on."""
    return tuple((to_ms(one.after), to_ms(one.at)) for day in days for one in day.restarts)


def extend(stretches: list[Span], start: int, end: int) -> None:
    """Put (start, end) behind the others; where it adjoins the last it makes that longer."""
    if stretches and stretches[-1][1] == start:
        stretches[-1] = (stretches[-1][0], end)
    else:
        stretches.append((start, end))


def cells_of(buckets: Buckets, restarts: Sequence[Span] = ()) -> Row:
    """Its buckets in order; those where success or failure is unknown, and those of a restart, are left
    out (a restart loses what happened since the last scrape).
    """
    begin, step = to_ms(buckets.start), buckets.step_seconds * 1000
    size = min(len(buckets.success), len(buckets.failure))
    columns = zip(
        range(begin, begin + size * step, step),
        buckets.success,
        buckets.failure,
        _padded(buckets.fail_fast, size),
        _padded(buckets.half_open, size),
        _padded(buckets.latency_count, size),
        _padded(buckets.latency_sum_ms, size),
        strict=False,  # success and failure may differ in length; the shorter counts
    )
    found = [
        Cell(start, start + step, success, failure, *rest)
        for start, success, failure, *rest in columns
        if success is not None and failure is not None
    ]
    if restarts:
        found = [c for c in found if not any(c.start < at and after < c.end for after, at in restarts)]
    return tuple(found)


@dataclass(frozen=True, slots=True)
class DayCells:
    """One day's cells: the canary's by provider, the other tenants' by tenant and provider."""

    canary: Rows
    controls: Mapping[str, Rows]

    def until(self, end: int) -> DayCells:
        """Those that end by then (ms)."""
        return DayCells(
            _ended(self.canary, end), {tenant: _ended(rows, end) for tenant, rows in self.controls.items()}
        )


def _ended(rows: Rows, end: int) -> Rows:
    return {provider: tuple(cell for cell in row if cell.end <= end) for provider, row in rows.items()}


def day_cells(day: Observation) -> DayCells:
    """Read a day once; everything else puts its rows together."""
    restarts = restart_spans((day,))
    controls: dict[str, dict[str, Row]] = {}
    for buckets in day.controls:
        controls.setdefault(buckets.tenant, {})[buckets.provider] = cells_of(buckets, restarts)
    return DayCells({b.provider: cells_of(b, restarts) for b in day.buckets}, controls)


def _joined(parts: Iterable[Rows]) -> dict[str, Row]:
    """Rows of several days, one after the other."""
    found: dict[str, list[Cell]] = {}
    for rows in parts:
        for provider, row in rows.items():
            found.setdefault(provider, []).extend(row)
    return {provider: tuple(cells) for provider, cells in found.items()}


def canary_rows(days: Iterable[DayCells]) -> dict[str, Row]:
    """The canary's cells by provider; the days must ascend."""
    return _joined(day.canary for day in days)


def control_rows(days: Sequence[DayCells]) -> dict[str, dict[str, Row]]:
    """The other tenants' cells: tenant → provider → cells; the days must ascend."""
    tenants = dict.fromkeys(tenant for day in days for tenant in day.controls)
    return {tenant: _joined(day.controls.get(tenant, {}) for day in days) for tenant in sorted(tenants)}


def within(row: Row, start: int, end: int) -> Row:
    """The cells that overlap [start, end]."""
    return tuple(cell for cell in row if cell.overlaps(start, end))


@dataclass(frozen=True, slots=True)
class Period:
    """Some days, and the cells in them."""

    days: tuple[Observation, ...]
    canary: Mapping[str, Row]
    controls: Mapping[str, Mapping[str, Row]]
