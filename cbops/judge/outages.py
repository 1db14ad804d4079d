"""When a provider was failing, from evidence that doesn't come through the canary's breaker."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cbops.breaker.statistics import wilson
from cbops.judge.cells import Cell, Period, Row
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


def tally(cells: tuple[Cell, ...], start: int, end: int) -> Tally:
    """Add up the cells."""
    failures = success = 0
    for cell in cells:
        failures, success = failures + cell.failure, success + cell.success
    return Tally(start, end, failures, failures + success)


ByBucket = Mapping[int, tuple[Cell, ...]]  # by the bucket's start, ascending


@dataclass(frozen=True, slots=True)
class Provider:
    """What is known of a provider's health, before and since enabling.

    The usual rates are those outside plain failures; above its threshold a rate counts as failing.
    `own` outages are what the canary's own calls show: a last resort.
    """

    controls: ByBucket
    own: ByBucket
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


def tallies(by_bucket: ByBucket) -> tuple[Tally, ...]:
    """One a bucket, over everybody in it."""
    return tuple(tally(cells, start, cells[0].end) for start, cells in by_bucket.items())


def usual_rate(buckets: Iterable[Tally]) -> float:
    """The failure rate over all buckets in which the provider didn't plainly fail; 0 without any."""
    failures = results = 0
    for bucket in buckets:
        if bucket.failures <= FAILING_RATE * bucket.results:
            failures, results = failures + bucket.failures, results + bucket.results
    return failures / results if results else 0.0


def failing_threshold(usual: float) -> float:
    """Above this rate a provider counts as failing."""
    return max(FAILING_RATE, FAILING_TIMES_USUAL * usual)


def _outages(buckets: Iterable[Tally], threshold: float, source: str) -> tuple[Outage, ...]:
    failing = (Outage(b.start, b.end, source) for b in buckets if b.failing(threshold))
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


def _by_bucket(rows: Iterable[Row]) -> dict[int, tuple[Cell, ...]]:
    found: dict[int, list[Cell]] = {}
    for row in rows:
        for cell in row:
            found.setdefault(cell.start, []).append(cell)
    return {start: tuple(found[start]) for start in sorted(found)}


def study_provider(provider: str, periods: Sequence[Period], incidents: Iterable[IncidentAdded]) -> Provider:
    """Put together what the controls, the canary and the declared incidents say of a provider."""
    controls = _by_bucket(rows.get(provider, ()) for p in periods for rows in p.controls.values())
    own = _by_bucket(p.canary.get(provider, ()) for p in periods)
    declared = [one for one in incidents if one.provider == provider]
    everyone, mine = tallies(controls), tallies(own)
    usual, own_usual = usual_rate(everyone), usual_rate(mine)
    return Provider(
        controls=controls,
        own=own,
        usual=usual,
        own_usual=own_usual,
        incidents=tuple(Outage(to_ms(one.start), to_ms(one.end), "incident") for one in declared),
        control_outages=_outages(everyone, failing_threshold(usual), "controls"),
        own_outages=_outages(mine, failing_threshold(own_usual), "canary"),
    )
