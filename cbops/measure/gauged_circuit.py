"""What the router's gauges are held against: one circuit's counters, in the samples of a day."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from cbops.measure.circuits import Walk, state_from_totals
from cbops.measure.counting import Rise, rises
from cbops.measure.names import EVENTS, TRANSITIONS
from cbops.measure.targets import ScrapeTarget, Targets, extra_labels, key_of
from cbops.measure.transitions import edge_of, first_totals, timelines
from cbops.model.base import from_ms, iso
from cbops.model.observation import State
from cbops.model.series import Series
from cbops.model.spans import united
from cbops.model.telemetry import GaugeComparison

# A scrape reads a page line by line: one between two of them may show a move in one series and not yet in another.
RACE = 2
OPERATOR = "an operator's call, which no transition metric shows, explains it"

Gauge = Literal["state", "error_rate", "window", "trigger_reason", "timeout"]
Status = Literal["agree", "known", "contradiction", "unknown"]
Numbers = Mapping[str, float | int | str | None]


@dataclass(frozen=True, slots=True)
class Known:
    """What a circuit is known to have been at a scrape: `states` are all that it went through since the one before."""

    at: int
    states: frozenset[State]
    state: State


@dataclass(frozen=True, slots=True)
class Lone:
    """Series that a scrape shows without those that belong with them; `times` are those scrapes."""

    text: str
    numbers: Numbers
    times: Sequence[int]
    series: Sequence[Series]
    others: Sequence[Series]


@dataclass(frozen=True, slots=True)
class Circuit:
    """One provider's circuit on one router: its series, and the window (start, end] in milliseconds."""

    provider: str
    target: ScrapeTarget
    series: tuple[Series, ...]
    split: frozenset[str]  # labels that split its series and mean nothing (a trace id)
    exported: frozenset[str]  # the metrics that this router exports for the tenant
    start: int
    end: int
    walked: tuple[Known, ...]
    unseen: int  # moves without a transition metric: operators' calls, a crash of the breaker process
    counted: dict[int, list[Rise]] = field(default_factory=dict, compare=False, repr=False)  # by series

    def of(self, name: str, **labels: str) -> tuple[Series, ...]:
        """Its series of that name with these label values."""
        return tuple(
            one
            for one in self.series
            if one.name == name and all(one.labels.get(key) == value for key, value in labels.items())
        )

    def moves(self, target: State | None = None, source: State | None = None) -> tuple[Series, ...]:
        """The counters of transitions to that state, or from it; null: any."""
        return tuple(
            one
            for one in self.of(TRANSITIONS)
            if (edge := edge_of(one.labels)) is not None
            and target in (None, edge[1])
            and source in (None, edge[0])
        )

    def risen(self, series: Iterable[Series]) -> dict[int, float]:
        """By how much these counters rose, by the scrape that showed it."""
        found: dict[int, float] = {}
        for one in series:
            if id(one) not in self.counted:
                # Several comparisons ask for the same counters, and a trace id makes thousands of them.
                self.counted[id(one)] = rises(one, self.target, self.start, self.end)
            for _, at, by in self.counted[id(one)]:
                found[at] = found.get(at, 0.0) + by
        return found

    def rise(self, series: Iterable[Series]) -> int:
        """The same in all."""
        return round(sum(self.risen(series).values()))

    def results(self) -> int:
        """Successes and failures that were counted."""
        return self.rise((*self.of(EVENTS, event_type="success"), *self.of(EVENTS, event_type="failure")))

    def shown(self, series: Iterable[Series]) -> set[int]:
        """The scrapes of the window in which any of these series holds more than 0."""
        found: set[int] = set()
        spans: list[tuple[int, int]] = []
        for one in series:
            first, last = bisect_right(one.times, self.start), bisect_right(one.times, self.end)
            times, values = one.times[first:last], one.values[first:last]
            if not times:
                continue
            if min(values) > 0 and self.target.all_seen(times):
                # A trace id makes thousands that all go on to the end: their scrapes are looked up together.
                spans.append((times[0], times[-1]))
            else:
                found.update(at for at, value in zip(times, values, strict=True) if value > 0)
        for begin, end in united(spans):
            found.update(self.target.scrapes(begin - 1, end))
        return found

    def alone(self, these: Iterable[Series], those: Sequence[Series]) -> list[int]:
        """The scrapes that show these series without any of those; fewer than a race leaves are none."""
        left = self.shown(these)
        for one in those:
            if left:
                left -= self.shown((one,))
        slack = self.target.interval / 2
        found = sorted(at for at in left if not any(_near(one, at, slack) for one in those))
        return found if len(found) > RACE else []

    def state_at(self, at: int) -> State:
        """The state that the counters tell."""
        index = bisect_right([known.at for known in self.walked], at)
        return self.walked[index - 1].state if index else "closed"

    def compared(
        self, gauge: Gauge, status: Status, text: str, numbers: Numbers, cause: str | None = None
    ) -> GaugeComparison:
        """The comparison, in the words of the record."""
        return GaugeComparison(
            gauge=gauge,
            provider=self.provider,
            instance=self.target.instance,
            status=status,
            cause=cause,
            text=text,
            numbers=dict(numbers),
        )

    def unmatched(self, gauge: Gauge, lone: Lone, state: State | None = None) -> GaugeComparison:
        """Series that stand alone where others should stand with them: explained where it can be.

        `state` is the one that the circuit should have gone to.
        """
        numbers = {**lone.numbers, **span(lone.times)}
        why: tuple[str, str] | None = None
        if self.is_split(lone.others):
            why = "extra_labels", "a label of its own splits the series that is missing, which explains it"
        elif self.restarted_before(lone.series, lone.times[0]):
            why = "restart", "it was kept over a restart, which explains it"
        elif state is not None and (self.unseen or (self.moves(source=state) and not self.moves(state))):
            why = "operator", OPERATOR
        if why is None:
            return self.compared(gauge, "contradiction", lone.text, numbers)
        return self.compared(gauge, "known", f"{lone.text}; {why[1]}", numbers, why[0])

    def restarted_before(self, series: Iterable[Series], at: int) -> bool:
        """Whether the router restarted in the time that these series cover, not after that scrape."""
        return any(
            one.times and one.times[0] < restart <= at + self.target.interval
            for one in series
            for _, restart in self.target.restarts
        )

    def is_split(self, series: Iterable[Series]) -> bool:
        """Whether a label of its own splits them, so that an exporter may drop some at any time."""
        return any(self.split & one.labels.keys() for one in series)


def _near(series: Series, at: int, slack: float) -> bool:
    index = bisect_left(series.times, at - slack)
    return index < len(series.times) and series.times[index] <= at + slack and series.values[index] > 0


def circuits_of(series: Sequence[Series], targets: Targets, start: int, end: int) -> Iterator[Circuit]:
    """Every circuit that the series name, in the order of provider and router."""
    groups: dict[tuple[str, tuple[str, str]], list[Series]] = {}
    exported: dict[tuple[str, str], list[Series]] = {}
    for one in series:
        provider, key = one.labels.get("provider_id"), key_of(one.labels)
        if provider and one.times and one.times[-1] > start:
            groups.setdefault((provider, key), []).append(one)
            exported.setdefault(key, []).append(one)
    moved = [one for one in series if one.name == TRANSITIONS]
    steps, first = timelines(moved, targets, end), first_totals(moved, targets)
    for (provider, key), mine in sorted(groups.items(), key=lambda item: item[0]):
        target = targets.of(mine[0])
        name = (provider, *key)
        walk = Walk(provider, target.instance, state_from_totals(first.get(name, {})), start)
        known = [Known(min(target.times, default=start), frozenset((walk.state,)), walk.state)]
        for step in steps.get(name, ()):
            before = walk.state
            walk.take(step)
            ends = {state for edge in step.edges for state in edge if state is not None}
            known.append(Known(step.at, frozenset({before, walk.state} | ends), walk.state))
        yield Circuit(
            provider=provider,
            target=target,
            series=tuple(mine),
            split=extra_labels(exported[key]),
            exported=frozenset(one.name for one in exported[key]),
            start=start,
            end=end,
            walked=tuple(known),
            unseen=walk.unseen,
        )


def span(times: Sequence[int]) -> dict[str, float | int | str | None]:
    """How many scrapes, from when to when."""
    return {"scrapes": len(times), "from": iso(from_ms(times[0])), "to": iso(from_ms(times[-1]))}
