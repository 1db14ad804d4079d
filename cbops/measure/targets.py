"""Router instances as scrape targets: when each was scraped, and when it restarted.

Source: 'Births', 'Restarts', 'Instances' and 'Zero or unknown' in the metrics section of the domain
description. Times are milliseconds since the epoch.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, islice, pairwise
from math import inf
from operator import ge, gt, sub
from typing import TypeVar

from cbops.measure.names import COUNTERS, KNOWN_LABELS
from cbops.model.series import Series
from cbops.model.spans import Span

TargetKey = tuple[str, str]  # job, instance; both "" for series that carry neither
Number = TypeVar("Number", int, float)


@dataclass(frozen=True, slots=True)
class ScrapeTarget:
    """One router instance.

    `times` are all scrapes that are known, ascending; `interval` is the usual distance between two of
    them (0 when unknown); `restarts` are the spans in which its counters went back to zero.
    """

    key: TargetKey
    instance: str
    times: Sequence[int]
    interval: float
    restarts: tuple[Span, ...] = ()

    def before(self, at: int) -> int | None:
        """The last scrape before that instant; one and the same scrape is never before itself."""
        index = bisect_left(self.times, at - self.interval / 2 if self.interval else at)
        return self.times[index - 1] if index else None

    def missed(self, earlier: int, later: int | None, cadence: float) -> int | None:
        """The first scrape clearly inside (earlier, later), null later: ever after.

        A series with samples at `earlier` and `later` and none there had vanished. Half a cadence of
        tolerance: series of one scrape need not carry the very same time.
        """
        slack = cadence / 2
        index = bisect_right(self.times, earlier + slack)
        if index == len(self.times):
            return None
        found = self.times[index]
        return found if later is None or found < later - slack else None

    def all_seen(self, times: Sequence[int]) -> bool:
        """Whether those (ascending, not empty) are all its scrapes from the first of them to the last."""
        first = bisect_left(self.times, times[0])
        mine = self.times[first : first + len(times)]
        # Two arrays are compared many times faster than what they hold.
        return mine == times if isinstance(mine, array) and isinstance(times, array) else [*mine] == [*times]

    def restarted(self, earlier: int, later: int) -> bool:
        """Whether a restart fell into (earlier, later]."""
        slack = self.interval / 2
        return any(earlier + slack < at <= later for _, at in self.restarts)

    def scrapes(self, start: int, end: int) -> Sequence[int]:
        """The scrapes in (start, end]."""
        return self.times[bisect_right(self.times, start) : bisect_right(self.times, end)]


def key_of(labels: Mapping[str, str]) -> TargetKey:
    """Which target a series was scraped from."""
    return labels.get("job", ""), labels.get("instance", "")


def cadence(series: Series, target: ScrapeTarget) -> float:
    """The usual distance between two samples of a series: its own where that is longer (rules, steps)."""
    if len(series.times) < 3 or any(map(partial(ge, target.interval), distances(series.times))):
        return target.interval
    return float(min(distances(series.times)))


def distances(times: Sequence[int]) -> Iterator[int]:
    """Between each sample and the next."""
    return map(sub, islice(times, 1, None), times)


class Targets:
    """The targets of one set of series; `of` finds the one that a series belongs to."""

    def __init__(self, found: Iterable[ScrapeTarget]) -> None:
        self._found = {target.key: target for target in found}

    @property
    def all(self) -> tuple[ScrapeTarget, ...]:
        """In the order of their keys."""
        return tuple(self._found[key] for key in sorted(self._found))

    def of(self, series: Series) -> ScrapeTarget:
        """Its target; one without any known scrape when there is none."""
        key = key_of(series.labels)
        return self._found.get(key) or ScrapeTarget(key, key[1], (), 0)

    def scraped(self, start: int, end: int) -> bool:
        """Whether any of them was scraped in (start, end]."""
        return any(target.scrapes(start, end) for target in self._found.values())


def find_targets(
    series: Sequence[Series], ups: Iterable[Series] = (), history: Iterable[Series] = (), start: int = 0
) -> Targets:
    """The targets of raw `series`, with what `up` and the stepped `history` before `start` say of them."""
    groups = _by_target(series)
    older = _by_target(history)
    seen_up = _up_times(ups)
    instances = {key: key[1] for key in groups}
    if ("", "") in groups and len(seen_up) == 1:
        # The series say nothing of their target, so the only target is meant.
        only = next(iter(seen_up))
        instances["", ""] = only[1]
        seen_up = {("", ""): seen_up[only]}
    keys = groups.keys() | {key for key in seen_up if _is_router(key, groups)}
    return Targets(
        _target(
            (key, instances.get(key, key[1])),
            groups.get(key, []),
            _up_of(key, seen_up),
            older.get(key, []),
            start,
        )
        for key in keys
    )


def _by_target(series: Iterable[Series]) -> dict[TargetKey, list[Series]]:
    groups: dict[TargetKey, list[Series]] = {}
    for one in series:
        groups.setdefault(key_of(one.labels), []).append(one)
    return groups


def _is_router(key: TargetKey, groups: Mapping[TargetKey, Sequence[Series]]) -> bool:
    """Whether an `up` belongs to a router: it shares a job with one, or there is nothing to compare."""
    labelled = [known for known in groups if known != ("", "")]
    if not labelled:
        return not groups
    return any(key[0] == job for job, _ in labelled) and key not in groups


def _up_times(ups: Iterable[Series]) -> dict[TargetKey, list[int]]:
    found: dict[TargetKey, list[int]] = {}
    for one in ups:
        times = found.setdefault(key_of(one.labels), [])
        times += [time for time, value in zip(one.times, one.values, strict=True) if value == 1]
    return found


def _up_of(key: TargetKey, ups: Mapping[TargetKey, list[int]]) -> list[int]:
    if key in ups or key == ("", ""):
        return ups.get(key, [])
    same = [times for (_, instance), times in ups.items() if instance == key[1]]
    return same[0] if len(same) == 1 else []


def _target(
    name: tuple[TargetKey, str], raw: Sequence[Series], up: Sequence[int], older: Sequence[Series], start: int
) -> ScrapeTarget:
    key, instance = name
    # Series of one scrape may share their times: each is looked at once.
    columns = list({id(times): times for times in (up, *(one.times for one in raw))}.values())
    seen = set[int]().union(*columns)
    interval = _interval(columns)
    # A step repeats a sample for minutes after the last scrape: it must not reach past the raw samples.
    cut = max((time for time in seen if time <= start), default=min(seen, default=start))
    stepped = {time for one in older for time in one.times if time < cut}
    bare = ScrapeTarget(key, instance, array("q", sorted(seen | stepped)), interval)
    return replace(bare, restarts=find_restarts(bare, with_history(raw, older)))


def with_history(raw: Iterable[Series], history: Iterable[Series]) -> tuple[Series, ...]:
    """The raw series, each continued backwards by what the stepped one says of the time before it."""
    older = {_identity(one): one for one in history}
    joined: list[Series] = []
    for one in raw:
        past = older.pop(_identity(one), None)
        if past is None or not one.times:
            joined.append(one)
            continue
        size = bisect_left(past.times, one.times[0])
        joined.append(
            replace(
                one,
                times=_joined(past.times[:size], one.times),
                values=_joined(past.values[:size], one.values),
            )
        )
    return (*joined, *older.values())


def _joined(past: Sequence[Number], later: Sequence[Number]) -> Sequence[Number]:
    """One after the other; packed where both are."""
    if isinstance(past, array) and isinstance(later, array) and past.typecode == later.typecode:
        packed: Sequence[Number] = past + later
        return packed
    return list(chain(past, later))


def _identity(series: Series) -> tuple[str, frozenset[tuple[str, str]]]:
    return series.name, frozenset(series.labels.items())


def _interval(columns: Iterable[Sequence[int]]) -> float:
    longest: Sequence[int] = max(columns, key=len, default=())
    # A low quantile, as gaps only ever make distances longer.
    ascending = sorted(distances(longest))
    return float(ascending[len(ascending) // 10]) if ascending else 0.0


def find_restarts(target: ScrapeTarget, series: Sequence[Series]) -> tuple[Span, ...]:
    """The spans in which the instance restarted: a counter fell, or one that stays vanished.

    A series split by a label of its own (a trace id) may be dropped by an exporter at any time, so its
    vanishing proves nothing about the process.
    """
    counters = [one for one in series if one.name in COUNTERS]
    extra = extra_labels(counters)
    found: set[int] = set()
    for one in counters:
        found |= set(_fallen(one, target))
        if extra.isdisjoint(one.labels):
            found |= set(_vanished(one, target))
    spans: list[Span] = []
    for at in sorted(found):
        if spans and at - spans[-1][1] <= target.interval / 2:
            continue
        after = target.before(at)
        spans.append((at if after is None else after, at))
    return tuple(spans)


def extra_labels(series: Sequence[Series]) -> frozenset[str]:
    """The labels of one target's series that nobody knows and that aren't the target's own: they split its series."""
    found = frozenset(key for one in series for key in one.labels) - KNOWN_LABELS
    return found - _constant_labels(series) if found else found


def _constant_labels(series: Sequence[Series]) -> set[str]:
    """Labels that every series of the target carries with one value: they belong to the target."""
    if len(series) < 2:
        return set()
    shared = set(series[0].labels.items())
    for one in series[1:]:
        shared &= set(one.labels.items())
    return {key for key, _ in shared}


def _fallen(series: Series, target: ScrapeTarget) -> Iterable[int]:
    if not any(map(gt, series.values, islice(series.values, 1, None))):
        return
    usual = cadence(series, target)
    samples = zip(series.times, series.values, strict=True)
    for (earlier, before), (later, after) in pairwise(samples):
        if after < before < inf and target.missed(earlier, later, usual) is None:
            yield later


def _vanished(series: Series, target: ScrapeTarget) -> Iterable[int]:
    usual = cadence(series, target)
    if (
        series.times
        and not target.all_seen(series.times)
        and max(distances(series.times), default=0) > usual * 1.5
    ):
        for earlier, later in pairwise(series.times):
            if later - earlier > usual * 1.5 and (gone := target.missed(earlier, later, usual)) is not None:
                yield gone
    if series.times and (gone := target.missed(series.times[-1], None, usual)) is not None:
        yield gone
