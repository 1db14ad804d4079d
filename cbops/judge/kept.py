"""The buckets of a day that are compared, and what they add up to."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import compress

from cbops.judge.cells import Period, Row, extend
from cbops.judge.outages import Outage
from cbops.model.base import to_ms
from cbops.model.spans import Span

REASONS = ("warm-up", "provider failing", "circuit not closed")


@dataclass(frozen=True, slots=True)
class Sums:
    """Counts of one (tenant, provider) over the compared buckets of a day."""

    success: int = 0
    failure: int = 0
    fail_fast: int = 0
    latency_count: int = 0
    latency_sum: float = 0.0

    @property
    def results(self) -> int:
        """Successes and failures."""
        return self.success + self.failure

    @staticmethod
    def of(row: Row) -> Sums:
        """Of some buckets; a latency counts only where both its count and its sum are known."""
        counts, sums = row.latency_count, row.latency_sum
        if None in sums:
            known = [total is not None for total in sums]
            counts, sums = tuple(compress(counts, known)), tuple(compress(sums, known))
        return Sums(
            success=sum(row.success),
            failure=sum(row.failure),
            fail_fast=sum(filter(None, row.fail_fast)),
            latency_count=sum(filter(None, counts)),
            latency_sum=sum(filter(None, compress(sums, counts))),
        )


@dataclass(frozen=True, slots=True)
class DaySums:
    """One day's compared buckets: the canary's by provider, the controls' by tenant and provider."""

    day: int
    full: bool
    buckets: int
    canary: Mapping[str, Sums]
    controls: Mapping[str, Mapping[str, Sums]]
    kept: tuple[Span, ...] = ()  # the stretches (ms) that the compared buckets cover


Days = tuple[DaySums, ...]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """The times that aren't compared, by rule; the first rule that holds for a bucket is its reason."""

    warm_up: tuple[int, int]
    failing: Sequence[Outage]
    circuits: Sequence[Outage]

    def among(self, starts: Sequence[int], ends: Sequence[int]) -> dict[int, str]:
        """Why a bucket is left out, by its place; the others aren't named."""
        first, behind = (bisect_left(starts, at) for at in self.warm_up)
        found = dict.fromkeys(range(first, behind), "warm-up")
        for reason, spans in (("provider failing", self.failing), ("circuit not closed", self.circuits)):
            for span in spans:
                for place in range(bisect_right(ends, span.start), bisect_left(starts, span.end)):
                    found.setdefault(place, reason)
        return found


@dataclass(frozen=True, slots=True)
class Kept:
    """The buckets of a day in which the canary was measured, and those of them that are compared."""

    starts: Sequence[int]
    ends: Sequence[int]
    left_out: Mapping[int, str]

    @property
    def stretches(self) -> tuple[Span, ...]:
        """What the compared ones cover."""
        if not self.left_out and self.starts[1:] == self.ends[:-1]:
            return ((self.starts[0], self.ends[-1]),)
        found: list[Span] = []
        for place, (start, end) in enumerate(zip(self.starts, self.ends, strict=True)):
            if place not in self.left_out:
                extend(found, start, end)
        return tuple(found)

    def summed(self, rows: Mapping[str, Row]) -> dict[str, Sums]:
        """By provider; those without a compared bucket aren't there."""
        chosen = {provider: self._chosen(row) for provider, row in rows.items()}
        return {provider: Sums.of(row) for provider, row in chosen.items() if row}

    def _chosen(self, row: Row) -> Row:
        """Its compared buckets."""
        if row.start != self.starts:
            mine = {start for place, start in enumerate(self.starts) if place not in self.left_out}
            return row.only([start in mine for start in row.start])
        if self.left_out:
            return row.only([place not in self.left_out for place in range(len(row))])
        return row


def _union(rows: Iterable[Row]) -> tuple[Sequence[int], Sequence[int]]:
    """Starts and ends of every bucket in which any of them was measured."""
    first, *others = rows
    if all(row.start == first.start for row in others):
        return first.start, first.end
    ends = {start: end for row in (first, *others) for start, end in zip(row.start, row.end, strict=True)}
    starts = sorted(ends)
    return tuple(starts), tuple(ends[start] for start in starts)


def _cut(rows: Mapping[str, Row], start: int, end: int) -> dict[str, Row]:
    """The buckets that begin in that time."""
    cut = {provider: row.part(row.begun(start), row.begun(end)) for provider, row in rows.items()}
    return {provider: row for provider, row in cut.items() if row}


def day_sums(period: Period, left_out: LeftOut, counts: dict[str, int], last_ms: int | None = None) -> Days:
    """The kept buckets of the days of a period; controls count where the canary was measured too.

    What is left out is added to `counts`. `last_ms`: only so long before the end of each day.
    """
    found = []
    for day in period.days:
        start, end = to_ms(day.window.start), to_ms(day.window.end)
        if last_ms is not None:
            start = max(start, end - last_ms)
        canary = _cut(period.canary, start, end)
        if not canary:
            continue
        starts, ends = _union(canary.values())
        kept = Kept(starts, ends, left_out.among(starts, ends))
        for reason in kept.left_out.values():
            counts[reason] += 1
        number = len(starts) - len(kept.left_out)
        if number:
            summed = {tenant: kept.summed(_cut(rows, start, end)) for tenant, rows in period.controls.items()}
            controls = {tenant: sums for tenant, sums in summed.items() if sums}
            mine = kept.summed(canary)
            found.append(DaySums(day.window.day, day.window.full, number, mine, controls, kept.stretches))
    return tuple(found)
