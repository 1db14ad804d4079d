"""How much of a window was seen: coverage, gaps and restarts.

Source: 'A gap in scraping … is not a zero' and 'Restarts' in the domain description.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from cbops.measure.targets import ScrapeTarget, Targets
from cbops.model.base import from_ms
from cbops.model.observation import Gap, Restart, ScrapeHealth
from cbops.model.spans import united

# Two scrapes farther apart than this many usual intervals have a gap between them.
LONG = 1.5
# From fewer scrapes of the window than this, their usual distance isn't told: gaps may lie between them.
MANY = 10
# Prometheus forgets a series five minutes after its last sample, so nobody scrapes it less often.
LONGEST_MS = 300_000


def scrape_health(targets: Targets, start: int, end: int) -> ScrapeHealth:
    """Coverage of (start, end] over all instances; an instance counts for as long as it existed."""
    intervals = [interval for one in targets.all if (interval := interval_of(one, start, end))]
    interval = median(intervals) if intervals else None
    if interval is None:
        seen = sum(len(one.scrapes(start, end)) for one in targets.all)
        whole = (Gap(start=from_ms(start), end=from_ms(end)),) if not seen else ()
        return ScrapeHealth(
            interval_seconds=None, expected=seen, seen=seen, coverage=float(bool(seen)), gaps=whole
        )
    expected = seen = 0
    holes: list[tuple[int, int]] = []
    for one in targets.all:
        first, last = _span(one, targets, (start, end), interval)
        expected += round((last - first) / interval)
        seen += len(one.scrapes(start, end))
        holes += _holes(one, first, last, interval)
    return ScrapeHealth(
        interval_seconds=interval / 1000,
        expected=expected,
        seen=seen,
        coverage=min(1.0, seen / expected) if expected else float(bool(seen)),
        gaps=tuple(Gap(start=from_ms(first), end=from_ms(last)) for first, last in united(holes)),
    )


def interval_of(target: ScrapeTarget, start: int, end: int) -> float | None:
    """The usual distance of two scrapes in the window; null when nothing tells it.

    A window that was hardly scraped has the distance of the time around it where that is shorter, and
    never more than servers can do with: the one scrape that ends a gap of a whole day doesn't cover it.
    """
    distances = [later - earlier for earlier, later in pairwise(target.scrapes(start, end))]
    if len(distances) >= MANY:
        return float(median(distances))
    if not target.scrapes(start, end):
        return None
    told = [median(distances)] if distances else []
    told += [target.interval] if 0 < target.interval <= end - start else []
    told += [LONGEST_MS] if end - start >= MANY * LONGEST_MS else []
    return float(min(told)) if told else None


def _span(
    target: ScrapeTarget, targets: Targets, window: tuple[int, int], interval: float
) -> tuple[int, int]:
    """The part of the window in which the instance existed.

    The only instance is expected all the time. One of several may come and go: it is expected from its
    first scrape to its last, and to the window's edge when it was seen within an interval of it.
    """
    start, end = window
    scrapes = target.scrapes(start, end)
    if len(targets.all) == 1 or not scrapes:
        return (start, end) if len(targets.all) == 1 else (start, start)
    born_before = target.before(scrapes[0]) is not None
    first = start if born_before else scrapes[0] - round(interval)
    last = end if end - scrapes[-1] <= LONG * interval else scrapes[-1]
    return max(first, start), last


def _holes(target: ScrapeTarget, first: int, last: int, interval: float) -> list[tuple[int, int]]:
    scrapes: Sequence[int] = target.scrapes(first, last)
    edge = target.before(scrapes[0] if scrapes else last)
    begin = first if edge is None else max(edge, first - round(LONG * interval))
    points = [begin, *scrapes, last]
    holes = [(a, b) for a, b in pairwise(points) if b - a > LONG * interval]
    return [(max(a, first), b) for a, b in holes]


def restarts_in(targets: Targets, start: int, end: int) -> tuple[Restart, ...]:
    """The restarts that a scrape in (start, end] showed; ascending."""
    found = [
        Restart(instance=one.instance, after=from_ms(after), at=from_ms(at))
        for one in targets.all
        for after, at in one.restarts
        if start < at <= end
    ]
    return tuple(sorted(found, key=lambda one: (one.at, one.instance)))
