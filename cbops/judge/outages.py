"""When a provider was failing, from evidence that doesn't come through the canary's breaker."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cbops.breaker.statistics import wilson
from cbops.judge.cells import Cell, Period, Row, Rows
from cbops.judge.numbers import rounded
from cbops.judge.settings import (
    FAILING_RATE,
    FAILING_TIMES_USUAL,
    HEALTH_ALPHA,
    MIN_FAILURES,
    OUTAGE_PAUSE_MS,
)
from cbops.model.base import from_ms, iso, to_ms
from cbops.model.events import IncidentAdded


@dataclass(frozen=True, slots=True)
class Tally:
    """Results of some tenants over one bucket or several."""

    start: int
    end: int
    failures: int
    results: int

    @property
    def bounds(self) -> tuple[float, float]:
        """The rate's one-sided confidence bounds."""
        return wilson(self.failures, self.results, HEALTH_ALPHA)

    def failing(self, threshold: float) -> bool:
        """Whether the rate was above the threshold, with confidence."""
        return self.failures >= MIN_FAILURES and self.bounds[0] > threshold

    def as_evidence(self) -> dict[str, Any]:
        """Counts, rate, bounds and times."""
        low, high = self.bounds
        return {
            "from": iso(from_ms(self.start)),
            "to": iso(from_ms(self.end)),
            "failures": self.failures,
            "results": self.results,
            "rate": rounded(self.failures / self.results) if self.results else None,
            "lower": rounded(low),
            "upper": rounded(high),
        }


@dataclass(frozen=True, slots=True)
class Outage:
    """A stretch in which a provider failed, in milliseconds, and what says so."""

    start: int
    end: int
    source: str  # "incident", "controls" or "canary"


def tally(cells: Iterable[Cell], start: int, end: int) -> Tally:
    """Add up the cells."""
    failures = success = 0
    for cell in cells:
        failures, success = failures + cell.failure, success + cell.success
    return Tally(start, end, failures, failures + success)


@dataclass(frozen=True, slots=True)
class Tallies:
    """Everybody's results bucket by bucket, in columns; starts ascend."""

    start: Sequence[int]
    end: Sequence[int]
    failures: Sequence[int]
    results: Sequence[int]

    @staticmethod
    def of(rows: Sequence[Row]) -> Tallies:
        """Over the buckets in which any of them was measured."""
        if not rows:
            return Tallies((), (), (), ())
        first = rows[0]
        if all(row.start == first.start for row in rows):
            failures = _added([row.failure for row in rows])
            success = _added([row.success for row in rows])
            return Tallies(first.start, first.end, failures, _added([failures, success]))
        return _one_by_one(rows)

    @property
    def usual_rate(self) -> float:
        """The failure rate over all buckets in which the provider didn't plainly fail; 0 without any."""
        pairs = zip(self.failures, self.results, strict=True)
        plain = [pair for pair in pairs if pair[0] and pair[0] > FAILING_RATE * pair[1]]
        failures = sum(self.failures) - sum(failed for failed, _ in plain)
        results = sum(self.results) - sum(made for _, made in plain)
        return failures / results if results else 0.0

    def failing(self, threshold: float) -> list[Tally]:
        """The buckets whose rate was above the threshold, with confidence."""
        pairs = enumerate(zip(self.failures, self.results, strict=True))
        many = (i for i, (bad, made) in pairs if bad >= MIN_FAILURES and bad > threshold * made)
        found = (Tally(self.start[i], self.end[i], self.failures[i], self.results[i]) for i in many)
        return [bucket for bucket in found if bucket.failing(threshold)]


def _added(columns: Sequence[Sequence[int]]) -> Sequence[int]:
    return columns[0] if len(columns) == 1 else list(map(sum, zip(*columns, strict=True)))


def _one_by_one(rows: Sequence[Row]) -> Tallies:
    """Where they weren't measured in the same buckets."""
    ends: dict[int, int] = {}
    failures: dict[int, int] = {}
    results: dict[int, int] = {}
    for row in rows:
        for start, end, success, failure in zip(row.start, row.end, row.success, row.failure, strict=True):
            ends.setdefault(start, end)
            failures[start] = failures.get(start, 0) + failure
            results[start] = results.get(start, 0) + failure + success
    starts = sorted(ends)
    return Tallies(starts, *([column[at] for at in starts] for column in (ends, failures, results)))


@dataclass(frozen=True, slots=True)
class Provider:
    """What is known of a provider's health, before and since enabling.

    The usual rates are those outside plain failures; above its threshold a rate counts as failing.
    `own` outages are what the canary's own calls show: a last resort.
    """

    controls: tuple[Row, ...]  # of tenants with any result on it
    usual: float
    own_usual: float
    incidents: tuple[Outage, ...]
    control_outages: tuple[Outage, ...]
    own_outages: tuple[Outage, ...]

    @property
    def threshold(self) -> float:
        """For the controls' rate."""
        return failing_threshold(self.usual)

    @property
    def own_threshold(self) -> float:
        """For the canary's own rate."""
        return failing_threshold(self.own_usual)

    @property
    def outages(self) -> tuple[Outage, ...]:
        """Declared and by the controls; the canary's own only where no control is on the provider."""
        return (*self.incidents, *(self.control_outages if self.controls else self.own_outages))


def failing_threshold(usual: float) -> float:
    """Above this rate a provider counts as failing."""
    return max(FAILING_RATE, FAILING_TIMES_USUAL * usual)


def _outages(found: Tallies, threshold: float, source: str) -> tuple[Outage, ...]:
    failing = (Outage(b.start, b.end, source) for b in found.failing(threshold))
    return joined(tuple(failing), OUTAGE_PAUSE_MS)


def joined(outages: tuple[Outage, ...], pause: int) -> tuple[Outage, ...]:
    """Stretches of one source that lie no further apart than `pause` become one."""
    found: list[Outage] = []
    for outage in sorted(outages, key=lambda each: each.start):
        if found and outage.start - found[-1].end <= pause:
            found[-1] = Outage(found[-1].start, max(found[-1].end, outage.end), outage.source)
        else:
            found.append(outage)
    return tuple(found)


def study_provider(provider: str, periods: Sequence[Period], incidents: Iterable[IncidentAdded]) -> Provider:
    """Put together what the controls, the canary and the declared incidents say of a provider."""
    tenants = dict.fromkeys(tenant for period in periods for tenant in period.controls)
    controls = [_row([p.controls.get(tenant, {}) for p in periods], provider) for tenant in tenants]
    known = tuple(row for row in controls if row)
    declared = [one for one in incidents if one.provider == provider]
    everyone, mine = Tallies.of(known), Tallies.of([_row([p.canary for p in periods], provider)])
    usual, own_usual = everyone.usual_rate, mine.usual_rate
    return Provider(
        controls=known,
        usual=usual,
        own_usual=own_usual,
        incidents=tuple(Outage(to_ms(one.start), to_ms(one.end), "incident") for one in declared),
        control_outages=_outages(everyone, failing_threshold(usual), "controls"),
        own_outages=_outages(mine, failing_threshold(own_usual), "canary"),
    )


def _row(periods: Iterable[Rows], provider: str) -> Row:
    """One tenant's, over all periods; they ascend."""
    return Row.joined([rows[provider] for rows in periods if provider in rows])
