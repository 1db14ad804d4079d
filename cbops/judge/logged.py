"""Transitions that the router's logs tell against those that its counters show.

Source: criterion 5 of the rollout. A counter tells a transition to within one scrape interval, so each logged one must
lie in an interval that counted it, and each counted one must be logged, over the time that the logs cover.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from cbops.judge.case import Case
from cbops.judge.check import Check
from cbops.model.base import from_ms, iso, to_ms
from cbops.model.observation import Observation
from cbops.model.telemetry import LogFacts, LoggedTransition

# A log's clock and the server's may be this far apart (ms).
CLOCKS_MS = 2_000
_CALLED = re.compile(r"force|reset|manual|operator|admin", re.IGNORECASE)
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Logged:
    """What all readings tell together: of a time that two of them cover, the later reading counts."""

    covered: tuple[Span, ...]
    transitions: tuple[LoggedTransition, ...]
    routers: int  # different routers that the lines name; 0: they name none


def merged(readings: Sequence[LogFacts]) -> Logged:
    """`readings` in the order in which they were made."""
    covered: list[Span] = []
    found: list[LoggedTransition] = []
    for facts in reversed(readings):
        if facts.start is None or facts.end is None:
            continue
        found += [one for one in facts.transitions if not _inside(to_ms(one.at), covered)]
        parts = [(to_ms(one.start), to_ms(one.end)) for one in facts.covered]
        covered += parts or [(to_ms(facts.start), to_ms(facts.end))]
    names = {one.instance for one in found if one.instance is not None}
    return Logged(tuple(sorted(covered)), tuple(sorted(found, key=lambda one: one.at)), len(names))


def _inside(at: int, spans: Iterable[Span], slack: int = 0) -> bool:
    return any(first - slack <= at <= last + slack for first, last in spans)


@dataclass(slots=True)
class _Counted:
    """Transitions to one state that one scrape interval showed; `certain`: the logs cover all of it."""

    day: Observation
    after: int
    at: int
    left: int
    certain: bool


@dataclass(slots=True)
class _Cell:
    """One provider, day and state."""

    logged: int = 0
    counted: int = 0
    uncounted: list[int] = field(default_factory=list)
    unlogged: int = 0
    explained: Counter[str] = field(default_factory=Counter)


Key = tuple[int, str, str]  # day, provider, target


def logged_checks(case: Case, readings: Sequence[LogFacts]) -> list[Check]:
    """One check a provider, day and state that either side knows of; one for all where neither knows any."""
    logs = merged(readings)
    days = [
        day
        for day in case.observed.days
        if any(a < to_ms(day.window.end) and to_ms(day.window.start) < b for a, b in logs.covered)
    ]
    if not days:
        if not readings:
            return []
        text = "the logs cover none of the days that were observed"
        return [Check("logs", "unknown", text, {"readings": len(readings)}, ())]
    cells: dict[Key, _Cell] = {}
    for provider, target in sorted(_circuits(days, logs)):
        _match(days, logs, (provider, target), cells)
    numbers = tuple(day.window.day for day in days)
    if not cells:
        text = f"the logs and the counters of {len(days)} days show no transition"
        return [Check("logs", "agree", text, {"logged": 0, "counted": 0}, numbers)]
    return [_check(key, cell) for key, cell in sorted(cells.items())]


def _circuits(days: Iterable[Observation], logs: Logged) -> set[tuple[str, str]]:
    counted = {(one.provider, one.target) for day in days for one in day.transitions}
    return counted | {(one.provider, one.target) for one in logs.transitions}


def _interval(day: Observation) -> int:
    return round((day.scrape.interval_seconds or 60) * 1000)


def _match(
    days: Sequence[Observation], logs: Logged, circuit: tuple[str, str], cells: dict[Key, _Cell]
) -> None:
    provider, target = circuit
    counted = _counted(days, logs, circuit)
    for one in counted:
        cells.setdefault((one.day.window.day, provider, target), _Cell()).counted += one.left
    ends = [one.at for one in counted]
    twice = {told for told, number in Counter(logs.transitions).items() if number > 1}
    for told in logs.transitions:
        if (told.provider, told.target) != circuit:
            continue
        at = to_ms(told.at)
        near = islice(counted, bisect_left(ends, at - CLOCKS_MS), None)
        shown = next((one for one in near if one.left or one.after > at + CLOCKS_MS), None)
        if shown is not None and shown.after - CLOCKS_MS > at:
            shown = None
        if shown is not None:
            shown.left -= 1
            cells[shown.day.window.day, provider, target].logged += 1
            continue
        day = _day_of(days, at)
        if day is not None:
            cell = cells.setdefault((day.window.day, provider, target), _Cell())
            cell.logged += 1
            if told in twice:
                cell.explained["a line that is there twice"] += 1
            else:
                _uncounted(cell, day, told, at)
    for one in counted:
        if one.left:
            _unlogged(cells[one.day.window.day, provider, target], one, logs, days)


def _counted(days: Sequence[Observation], logs: Logged, circuit: tuple[str, str]) -> list[_Counted]:
    """By the end of their interval; only those of which the logs cover something."""
    found = []
    for day in days:
        for one in day.transitions:
            if (one.provider, one.target) != circuit:
                continue
            at = to_ms(one.at)
            after = at - _interval(day) if one.after is None else to_ms(one.after)
            if any(a < at and after < b for a, b in logs.covered):
                certain = any(a + CLOCKS_MS <= after and at <= b - CLOCKS_MS for a, b in logs.covered)
                found.append(_Counted(day, after, at, one.count, certain))
    return sorted(found, key=lambda one: one.at)


def _day_of(days: Sequence[Observation], at: int) -> Observation | None:
    """The day that should have counted it; null near an edge, where a scrape of another day shows it."""
    for day in days:
        edge = _interval(day) + CLOCKS_MS
        first, last = to_ms(day.window.start), to_ms(day.window.end)
        if first < at <= last:
            begins = first + edge if not _adjacent(days, first) else first
            ends = last - edge if not _adjacent(days, last) else last
            return day if begins < at <= ends else None
    return None


def _adjacent(days: Sequence[Observation], edge: int) -> bool:
    edges = [to_ms(each) for day in days for each in (day.window.start, day.window.end)]
    return edges.count(edge) > 1


def _uncounted(cell: _Cell, day: Observation, told: LoggedTransition, at: int) -> None:
    """Logged and in no counter: why, where that is known."""
    slack = _interval(day) + CLOCKS_MS
    restarts = [(to_ms(one.after), to_ms(one.at)) for one in day.restarts]
    gaps = [(to_ms(one.start), to_ms(one.end)) for one in day.scrape.gaps]
    if _inside(at, restarts, slack):
        cell.explained["a restart loses what was counted since the last scrape"] += 1
    elif _inside(at, gaps, CLOCKS_MS):
        cell.explained["nothing was scraped then"] += 1
    elif told.reason is not None and _CALLED.search(told.reason):
        cell.explained["an operator's call moves a circuit without a transition metric"] += 1
    else:
        cell.uncounted.append(at)


def _unlogged(cell: _Cell, one: _Counted, logs: Logged, days: Sequence[Observation]) -> None:
    """Counted and in no log."""
    if not one.certain:
        cell.counted -= one.left  # what the logs don't cover is not theirs to tell
        return
    routers = {t.instance for day in days for t in day.transitions}
    restarts = [(to_ms(each.after), to_ms(each.at)) for each in one.day.restarts]
    if 0 < logs.routers < len(routers):
        cell.explained[f"logs of {logs.routers} of {len(routers)} routers were read"] += one.left
    elif not logs.routers and len(routers) > 1:
        cell.explained[f"the logs don't name their router, and {len(routers)} were counted"] += one.left
    elif _inside(one.at, restarts, _interval(one.day)):
        cell.explained["a router that stops may lose its last lines"] += one.left
    else:
        cell.unlogged += one.left


def _check(key: Key, cell: _Cell) -> Check:
    day, provider, target = key
    numbers = {
        "logged": cell.logged,
        "counted": cell.counted,
        "logged_not_counted": len(cell.uncounted),
        "counted_not_logged": cell.unlogged,
        "explained": cell.explained.total(),
    }
    text = f"day {day}, {provider}: {cell.logged} transitions to {target} logged, {cell.counted} counted"
    if cell.uncounted or cell.unlogged:
        if cell.uncounted:
            text += (
                f"; logged and not counted: {len(cell.uncounted)}, the first at {_clock(cell.uncounted[0])}"
            )
        if cell.unlogged:
            text += f"; counted and not logged: {cell.unlogged}"
        return Check("logs", "contradiction", text, numbers, (day,))
    if cell.explained:
        text += f"; {' and '.join(sorted(cell.explained))}, which explains the difference"
        return Check("logs", "explained", text, numbers, (day,))
    return Check("logs", "agree", text, numbers, (day,))


def _clock(ms: int) -> str:
    return iso(from_ms(ms))
