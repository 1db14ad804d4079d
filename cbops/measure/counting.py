"""Whole increases from samples: births and restarts counted, nothing extrapolated.

Source: 'Births', 'Extrapolation' and 'Restarts' in the metrics section of the domain description.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from cbops.measure.targets import ScrapeTarget, Targets, cadence, distances
from cbops.model.series import Series


@dataclass(frozen=True, slots=True)
class Increment:
    """A counter rose by `by` in (after, at], milliseconds; `after` null: no scrape is known before."""

    after: int | None
    at: int
    by: float


# A rise of a counter: the sample before (null: it was born), the sample that showed it, and by how much.
Rise = tuple[int | None, int, float]


def increments(
    series: Series, target: ScrapeTarget, start: int, end: int, *, stepped: bool = False
) -> list[Increment]:
    """The rises of one counter that samples with start < t <= end show, and the scrape before each.

    A first sample counts in full when its target had been scraped before; otherwise it is only a base.
    After a restart, or when the series had vanished, the new first sample counts in full, however large.
    `stepped`: the samples were asked for in steps, where a server repeats the last one for five minutes.
    """
    found: list[Increment] = []
    for earlier, at, by in rises(series, target, start, end, stepped=stepped):
        after = target.before(at)
        if earlier is not None:
            after = earlier if after is None else max(earlier, after)
        found.append(Increment(after, at, by))
    return found


def rises(series: Series, target: ScrapeTarget, start: int, end: int, *, stepped: bool = False) -> list[Rise]:
    """The same without the scrape before, which most don't ask for."""
    usual = cadence(series, target)
    if _stands_still(series, target, usual):
        return _birth(series, target, start, end)
    return _rises(series, target, start, end, usual, stepped=stepped)


def _rises(
    series: Series, target: ScrapeTarget, start: int, end: int, usual: float, *, stepped: bool
) -> list[Rise]:
    found: list[Rise] = []
    hole, restarts = usual * 1.5, bool(target.restarts)
    finite = all(map(isfinite, series.values))
    earlier: int | None = None
    before = 0.0
    for at, value in zip(series.times, series.values, strict=True):
        if at > end:
            break
        if not finite and not isfinite(value):
            # The series was there and said nothing: its last value stands.
            earlier = None if earlier is None else at
            continue
        if at > start:
            if earlier is None:
                if value > 0 and target.before(at) is not None:
                    found.append((None, at, value))
            elif restarts or value < before or at - earlier > hole:
                by = _rise(target, (earlier, before), (at, value), usual, stepped=stepped)
                if by > 0:
                    found.append((earlier, at, by))
            elif value != before:
                found.append((earlier, at, value - before))
        earlier, before = at, value
    return found


def _stands_still(series: Series, target: ScrapeTarget, usual: float) -> bool:
    """Whether it has one value and was never gone, so that only its birth can count."""
    values = series.values
    if target.restarts or len(values) < 2 or not isfinite(values[0]) or values[-1] != values[0]:
        return False
    packed = values if isinstance(values, array) else array("d", values)
    if array("d", [values[0]]) * len(values) != packed:
        return False
    return target.all_seen(series.times) or max(distances(series.times)) <= usual * 1.5


def _birth(series: Series, target: ScrapeTarget, start: int, end: int) -> list[Rise]:
    at, value = series.times[0], series.values[0]
    born = start < at <= end and value > 0 and target.before(at) is not None
    return [(None, at, value)] if born else []


def _rise(
    target: ScrapeTarget,
    previous: tuple[int, float],
    current: tuple[int, float],
    usual: float,
    *,
    stepped: bool,
) -> float:
    (earlier, before), (at, value) = previous, current
    if value < before:
        return value
    if target.restarted(earlier, at):
        # In steps, a counter that is not born again yet is still shown with its last value before.
        return value - before if stepped else value
    if at - earlier > usual * 1.5 and target.missed(earlier, at, usual) is not None:
        return value
    return value - before


def select(
    series: Iterable[Series], name: str, labels: Mapping[str, str] | None = None
) -> tuple[Series, ...]:
    """The series of that name with these label values."""
    wanted = (labels or {}).items()
    return tuple(one for one in series if one.name == name and all(one.labels.get(k) == v for k, v in wanted))


def increase(series: Iterable[Series], targets: Targets, start: int, end: int) -> float:
    """The sum of the rises of all these counters over (start, end]."""
    return sum(by for one in series for _, _, by in rises(one, targets.of(one), start, end))


def count(series: Sequence[Series], targets: Targets, start: int, end: int) -> int | None:
    """The increase as a whole number; null when none of the targets was scraped in (start, end]."""
    if not targets.scraped(start, end):
        return None
    return round(increase(series, targets, start, end))
