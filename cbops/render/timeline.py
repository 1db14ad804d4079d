"""A replay as rows of characters: the error rate, and each policy's state, over time."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from cbops.model.base import to_ms
from cbops.model.forecast import Forecast, Timeline
from cbops.render import text
from cbops.render.figures import span
from cbops.render.times import Tick, Times, ticks

MAX_LABEL = 16
# Bounds of what is told apart: a provider fails some calls on any day, and that is not to look like an outage.
LEVELS = (0.01, 0.02, 0.05, 0.1, 0.25, 0.5)
LEAST = 20  # columns of time, however narrow the screen is


@dataclass(frozen=True, slots=True)
class Signs:
    """The characters of a picture. `rates` are eight: none failed, then one for each of `LEVELS`, and more."""

    quiet: str
    rates: str
    closed: str
    less: str
    more: str
    open: str
    mark: str

    def legend(self, circuit: str) -> tuple[str, str]:
        """What they mean; `circuit` is what the state is of."""
        levels = ", ".join(
            f"{sign} {level * 100:.0f}" for sign, level in zip(self.rates[1:], (*LEVELS, 1), strict=True)
        )
        states = f"{self.less} under half, {self.more} half or more, {self.open} always"
        return (
            f"error rate: {self.quiet} no results, {self.rates[0]} 0, up to {levels} %",
            f"{circuit} not closed: {self.closed} never, {states}",
        )


BLOCKS = Signs(quiet="·", rates="▁▂▃▄▅▆▇█", closed="·", less="░", more="▒", open="█", mark="╵")
ASCII = Signs(quiet=".", rates="_1234567", closed=".", less="-", more="=", open="#", mark="|")


def timeline_lines(forecast: Forecast, width: int, *, blocks: bool = True) -> tuple[str, ...]:
    """The picture with its axis and legend, no line longer than `width` characters where that is at least 40.

    `blocks` false: in ASCII. Empty for a forecast without a timeline.
    """
    timeline = forecast.timeline
    if timeline is None or not timeline.results:
        return ()
    signs, times = (BLOCKS, Times.of(forecast)) if blocks else (ASCII, Times.of(forecast))
    rows = _rows(forecast, timeline, signs)
    label = min(max(len(name) for name, _ in rows), MAX_LABEL)
    columns = max(width - label - 2, LEAST)
    parts = spread(len(timeline.results), columns)
    drawn = [f"{text.shorten(name, label):{label}}  {draw(parts)}" for name, draw in rows]
    begin = to_ms(timeline.begins)
    end = begin + timeline.step_ms * len(timeline.results)
    marked = ticks(begin, end, times, columns)
    places = [(tick.at_ms - begin) * columns // (end - begin) for tick in marked]
    indent = " " * (label + 2)
    axis = [f"{indent}{line}" for line in _axis(marked, places, columns, signs)]
    approximate = " (approximation)" if forecast.traffic.approximate else ""
    column = span(max((end - begin) // columns, 1))
    title = f"Timeline{approximate}: {times.about}, a column is {column}"
    return (title, *drawn, *axis, *(f"  {line}" for line in signs.legend(circuit_name(forecast))))


def circuit_name(forecast: Forecast) -> str:
    """What a state in the timeline is of: with several circuits that of the one that is closed least."""
    several = any(len(policy.circuits) > 1 for policy in forecast.policies)
    return "worst circuit" if several else "circuit"


def spread(steps: int, columns: int) -> tuple[range, ...]:
    """Which steps each column shows: all steps in order, at least one in a column."""
    starts = [column * steps // columns for column in range(columns + 1)]
    return tuple(range(first, max(after, first + 1)) for first, after in pairwise(starts))


class _Rates:
    """The row of the error rate: failures over results of each column."""

    def __init__(self, timeline: Timeline, signs: Signs) -> None:
        self._timeline, self._signs = timeline, signs

    def __call__(self, parts: Sequence[range]) -> str:
        return "".join(self._sign(part) for part in parts)

    def _sign(self, part: range) -> str:
        results = sum(self._timeline.results[step] for step in part)
        failures = sum(self._timeline.failures[step] for step in part)
        if not results:
            return self._signs.quiet
        if not failures:
            return self._signs.rates[0]
        return self._signs.rates[1 + bisect_left(LEVELS, failures / results)]


class _States:
    """The row of a policy: for how much of each column a circuit was not closed."""

    def __init__(self, shares: Sequence[float], signs: Signs) -> None:
        self._shares, self._signs = shares, signs

    def __call__(self, parts: Sequence[range]) -> str:
        return "".join(self._sign(part) for part in parts)

    def _sign(self, part: range) -> str:
        shares = [self._shares[step] for step in part]
        if not any(shares):
            return self._signs.closed
        if min(shares) >= 1:
            return self._signs.open
        return self._signs.more if 2 * sum(shares) >= len(shares) else self._signs.less


def _rows(forecast: Forecast, timeline: Timeline, signs: Signs) -> list[tuple[str, _Rates | _States]]:
    rows: list[tuple[str, _Rates | _States]] = [("error rate", _Rates(timeline, signs))]
    rows += [
        (policy.name, _States(timeline.open[policy.name], signs))
        for policy in forecast.policies
        if policy.block is not None and policy.name in timeline.open
    ]
    return rows


def _axis(marked: Sequence[Tick], places: Sequence[int], columns: int, signs: Signs) -> tuple[str, ...]:
    """A row of marks, and under it their labels; a label that would leave the picture moves to the left."""
    if not marked:
        return ()
    marks, labels = [" "] * columns, ""
    for tick, place in zip(marked, places, strict=True):
        marks[place] = signs.mark
        at = min(place, columns - len(tick.label))
        if at >= len(labels) + (1 if labels else 0):
            labels = labels.ljust(at) + tick.label
    return "".join(marks).rstrip(), labels
