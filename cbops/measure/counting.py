"""Whole increases from samples: births and restarts counted, nothing extrapolated.

Source: 'Births', 'Extrapolation' and 'Restarts' in the metrics section of the domain description.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from cbops.measure.targets import ScrapeTarget, Targets, cadence
from cbops.model.series import Series


@dataclass(frozen=True, slots=True)
class Increment:
    """A counter rose by `by` in (after, at], milliseconds; `after` null: no scrape is known before."""

    after: int | None
    at: int
    by: float


def increments(
    series: Series, target: ScrapeTarget, start: int, end: int, *, stepped: bool = False
) -> list[Increment]:
    """The rises of one counter that samples with start < t <= end show.

    A first sample counts in full when its target had been scraped before; otherwise it is only a base.
    After a restart, or when the series had vanished, the new first sample counts in full, however large.
    `stepped`: the samples were asked for in steps, where a server repeats the last one for five minutes.
    """
    found: list[Increment] = []
    usual = cadence(series, target)
    previous: tuple[int, float] | None = None
    for at, value in zip(series.times, series.values, strict=True):
        if at > end:
            break
        if not isfinite(value):
            # The series was there and said nothing: its last value stands.
            previous = None if previous is None else (at, previous[1])
            continue
        if at > start:
            if previous is None:
                after = target.before(at)
                if after is not None and value > 0:
                    found.append(Increment(after, at, value))
            elif value != previous[1] or at - previous[0] > usual * 1.5 or target.restarts:
                rise = _rise(target, previous, (at, value), usual, stepped=stepped)
                if rise > 0:
                    found.append(Increment(_seen_before(target, previous[0], at), at, rise))
        previous = (at, value)
    return found


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


def _seen_before(target: ScrapeTarget, earlier: int, at: int) -> int:
    before = target.before(at)
    return earlier if before is None else max(earlier, before)


def select(
    series: Iterable[Series], name: str, labels: Mapping[str, str] | None = None
) -> tuple[Series, ...]:
    """The series of that name with these label values."""
    wanted = (labels or {}).items()
    return tuple(one for one in series if one.name == name and all(one.labels.get(k) == v for k, v in wanted))


def increase(series: Iterable[Series], targets: Targets, start: int, end: int) -> float:
    """The sum of the rises of all these counters over (start, end]."""
    return sum(rise.by for one in series for rise in increments(one, targets.of(one), start, end))


def count(series: Sequence[Series], targets: Targets, start: int, end: int) -> int | None:
    """The increase as a whole number; null when none of the targets was scraped in (start, end]."""
    if not targets.scraped(start, end):
        return None
    return round(increase(series, targets, start, end))
