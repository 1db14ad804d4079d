"""Buckets of several days as one row of columns a (tenant, provider)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, compress
from typing import NamedTuple, TypeVar, cast

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


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row(Collection[Cell]):
    """Buckets of one (tenant, provider) in columns of one length; starts and ends ascend.

    Most of them are only ever added up, so a cell is made when somebody asks for it.
    """

    start: tuple[int, ...] = ()
    end: tuple[int, ...] = ()
    success: tuple[int, ...] = ()
    failure: tuple[int, ...] = ()
    fail_fast: tuple[int | None, ...] = ()
    half_open: tuple[int | None, ...] = ()
    latency_count: tuple[int | None, ...] = ()
    latency_sum: tuple[float | None, ...] = ()

    def __len__(self) -> int:
        return len(self.start)

    def __iter__(self) -> Iterator[Cell]:
        return map(
            Cell,
            self.start,
            self.end,
            self.success,
            self.failure,
            self.fail_fast,
            self.half_open,
            self.latency_count,
            self.latency_sum,
        )

    def __contains__(self, cell: object) -> bool:
        return any(cell == each for each in self)

    def begun(self, at: int) -> int:
        """How many buckets begin before that time (ms)."""
        return bisect_left(self.start, at)

    def within(self, start: int, end: int) -> Row:
        """The buckets that overlap [start, end]."""
        return self.part(bisect_right(self.end, start), self.begun(end))

    def until(self, end: int) -> Row:
        """Those that end by then (ms)."""
        return self.part(0, bisect_right(self.end, end))

    def part(self, first: int, behind: int) -> Row:
        """The buckets first … behind - 1."""
        if first == 0 and behind >= len(self):
            return self
        return Row(
            self.start[first:behind],
            self.end[first:behind],
            self.success[first:behind],
            self.failure[first:behind],
            self.fail_fast[first:behind],
            self.half_open[first:behind],
            self.latency_count[first:behind],
            self.latency_sum[first:behind],
        )

    def only(self, those: Sequence[bool]) -> Row:
        """The buckets that are marked."""
        return Row(
            tuple(compress(self.start, those)),
            tuple(compress(self.end, those)),
            tuple(compress(self.success, those)),
            tuple(compress(self.failure, those)),
            tuple(compress(self.fail_fast, those)),
            tuple(compress(self.half_open, those)),
            tuple(compress(self.latency_count, those)),
            tuple(compress(self.latency_sum, those)),
        )

    @staticmethod
    def joined(rows: Sequence[Row]) -> Row:
        """One after the other; they must ascend."""
        if len(rows) == 1:
            return rows[0]
        return Row(
            _chained(row.start for row in rows),
            _chained(row.end for row in rows),
            _chained(row.success for row in rows),
            _chained(row.failure for row in rows),
            _chained(row.fail_fast for row in rows),
            _chained(row.half_open for row in rows),
            _chained(row.latency_count for row in rows),
            _chained(row.latency_sum for row in rows),
        )


def _chained(columns: Iterable[tuple[T, ...]]) -> tuple[T, ...]:
    return tuple(chain.from_iterable(columns))


NO_ROW = Row()
Rows = Mapping[str, Row]  # by provider


def _padded(values: tuple[T | None, ...], size: int) -> tuple[T | None, ...]:
    return values[:size] if len(values) >= size else (*values, *[None] * (size - len(values)))


@lru_cache(64)  # the tenants of a day share them
def _times(begin: int, step: int, size: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    starts = tuple(range(begin, begin + size * step, step))
    return starts, (*starts[1:], begin + size * step)[:size]


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
    size = min(len(buckets.success), len(buckets.failure))  # they may differ; the shorter counts
    starts, ends = _times(begin, step, size)
    success, failure = buckets.success[:size], buckets.failure[:size]
    known = [True] * size
    if None in success or None in failure:
        known = [s is not None and f is not None for s, f in zip(success, failure, strict=True)]
        success, failure = (tuple(n or 0 for n in column) for column in (success, failure))
    for after, at in restarts:
        for index in range(bisect_right(ends, after), bisect_left(starts, at)):
            known[index] = False
    row = Row(
        starts,
        ends,
        cast("tuple[int, ...]", success),
        cast("tuple[int, ...]", failure),
        _padded(buckets.fail_fast, size),
        _padded(buckets.half_open, size),
        _padded(buckets.latency_count, size),
        _padded(buckets.latency_sum_ms, size),
    )
    return row if all(known) else row.only(known)


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
    return {provider: row.until(end) for provider, row in rows.items()}


def day_cells(day: Observation) -> DayCells:
    """Read a day once; everything else puts its rows together."""
    restarts = restart_spans((day,))
    controls: dict[str, dict[str, Row]] = {}
    for buckets in day.controls:
        controls.setdefault(buckets.tenant, {})[buckets.provider] = cells_of(buckets, restarts)
    return DayCells({b.provider: cells_of(b, restarts) for b in day.buckets}, controls)


def _joined(parts: Iterable[Rows]) -> dict[str, Row]:
    """Rows of several days, one after the other."""
    found: dict[str, list[Row]] = {}
    for rows in parts:
        for provider, row in rows.items():
            found.setdefault(provider, []).append(row)
    return {provider: Row.joined(rows) for provider, rows in found.items()}


def canary_rows(days: Iterable[DayCells]) -> dict[str, Row]:
    """The canary's cells by provider; the days must ascend."""
    return _joined(day.canary for day in days)


def control_rows(days: Sequence[DayCells]) -> dict[str, dict[str, Row]]:
    """The other tenants' cells: tenant → provider → cells; the days must ascend."""
    tenants = dict.fromkeys(tenant for day in days for tenant in day.controls)
    return {tenant: _joined(day.controls.get(tenant, {}) for day in days) for tenant in sorted(tenants)}


@dataclass(frozen=True, slots=True)
class Period:
    """Some days, and the cells in them."""

    days: tuple[Observation, ...]
    canary: Mapping[str, Row]
    controls: Mapping[str, Mapping[str, Row]]
