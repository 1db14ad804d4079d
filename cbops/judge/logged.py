"""Transitions that the router's logs tell against those that its counters show.

Source: criterion 5 of the rollout. A counter tells a transition to within one scrape interval, so each logged one must
lie in an interval that counted it, and each counted one must be logged, over the time that the logs cover.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from cbops.judge.case import Case
from cbops.judge.check import Check
from cbops.judge.log_pairs import CLOCKS_MS, Counted, paired
from cbops.model.base import from_ms, iso, to_ms
from cbops.model.observation import Observation
from cbops.model.spans import Span
from cbops.model.telemetry import LogFacts, LoggedTransition

# A log whose clock is this far off at most, by the same time everywhere, tells the same.
MAX_AHEAD_MS = 60_000
_CALLED = re.compile(r"force|reset|manual|operator|admin", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Logged:
    """What all readings tell together: of a time that two of them cover, the later reading counts."""

    covered: tuple[Span, ...]
    transitions: tuple[LoggedTransition, ...]
    routers: int  # different routers that the lines name; 0: they name none
    ahead: int = 0  # by how much their clock is ahead of the server's (ms); `covered` is in the server's time

    def set_back(self, ahead: int) -> Logged:
        """The same, by a clock that is so much ahead."""
        covered = tuple((first - ahead, last - ahead) for first, last in self.covered)
        return replace(self, covered=covered, ahead=ahead)


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
class _Cell:
    """One provider, day and state."""

    logged: int = 0
    counted: int = 0
    uncounted: list[int] = field(default_factory=list)
    unlogged: int = 0
    unlogged_at: int = 0  # the scrape that showed the first of them
    explained: Counter[str] = field(default_factory=Counter)

    @property
    def wrong(self) -> bool:
        """Whether something is left that nothing explains."""
        return bool(self.uncounted or self.unlogged)


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
    cells = _compared(days, logs)
    numbers = tuple(day.window.day for day in days)
    if not cells:
        text = f"the logs and the counters of {len(days)} days show no transition"
        return [Check("logs", "agree", text, {"logged": 0, "counted": 0}, numbers)]
    ahead, cells = _by_another_clock(days, logs, cells)
    return [_check(key, cell, ahead) for key, cell in sorted(cells.items())]


def _compared(days: Sequence[Observation], logs: Logged) -> dict[Key, _Cell]:
    cells: dict[Key, _Cell] = {}
    for circuit in sorted(_circuits(days, logs)):
        _match(days, logs, circuit, cells)
    return cells


def _by_another_clock(
    days: Sequence[Observation], logs: Logged, cells: dict[Key, _Cell]
) -> tuple[int, dict[Key, _Cell]]:
    """The smallest constant difference of clocks with which nothing contradicts, and what is found with it; 0 and the
    same where none does.
    """
    if not any(cell.wrong for cell in cells.values()) or not _may_be_shifted(cells):
        return 0, cells
    for size in range(CLOCKS_MS // 2, MAX_AHEAD_MS + 1, CLOCKS_MS // 2):
        for ahead in (size, -size):
            found = _compared(days, logs.set_back(ahead))
            if not any(cell.wrong for cell in found.values()):
                return ahead, found
    return 0, cells


def _may_be_shifted(cells: Mapping[Key, _Cell]) -> bool:
    """Another clock moves transitions and takes none away: as many are too few as too many, but for explained ones."""
    odds: dict[tuple[str, str], tuple[int, int]] = {}
    for (_, provider, target), cell in cells.items():
        odd, room = odds.get((provider, target), (0, 0))
        odds[provider, target] = (
            odd + len(cell.uncounted) - cell.unlogged,
            room + cell.explained.total(),
        )
    return all(abs(odd) <= room for odd, room in odds.values())


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
    twice = {told for told, number in Counter(logs.transitions).items() if number > 1}
    mine = [one for one in logs.transitions if (one.provider, one.target) == circuit]
    for told, shown in paired(mine, counted, logs.ahead):
        if shown is not None:
            cells[shown.day.window.day, provider, target].logged += 1
            continue
        at = to_ms(told.at) - logs.ahead
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


def _counted(days: Sequence[Observation], logs: Logged, circuit: tuple[str, str]) -> list[Counted]:
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
                found.append(Counted(day, one.instance, after, at, one.count, certain))
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


def _unlogged(cell: _Cell, one: Counted, logs: Logged, days: Sequence[Observation]) -> None:
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
        cell.unlogged_at = cell.unlogged_at or one.at
        cell.unlogged += one.left


def _check(key: Key, cell: _Cell, ahead: int) -> Check:
    day, provider, target = key
    numbers = {
        "logged": cell.logged,
        "counted": cell.counted,
        "logged_not_counted": len(cell.uncounted),
        "counted_not_logged": cell.unlogged,
        "explained": cell.explained.total(),
    }
    text = f"day {day}, {provider}: {cell.logged} transitions to {target} logged, {cell.counted} counted"
    if cell.wrong:
        if cell.uncounted:
            text += (
                f"; logged and not counted: {len(cell.uncounted)}, the first at {_clock(min(cell.uncounted))}"
            )
        if cell.unlogged:
            text += (
                f"; counted and not logged: {cell.unlogged}, the first scraped at {_clock(cell.unlogged_at)}"
            )
        return Check("logs", "contradiction", text, numbers, (day,))
    if ahead and cell.logged:
        numbers["clock_ahead_seconds"] = ahead // 1000
        cell.explained[f"the logs' clock is {abs(ahead) // 1000} s {'ahead' if ahead > 0 else 'behind'}"] += 1
    if cell.explained:
        text += f"; {' and '.join(sorted(cell.explained))}, which explains the difference"
        return Check("logs", "explained", text, numbers, (day,))
    return Check("logs", "agree", text, numbers, (day,))


def _clock(ms: int) -> str:
    return iso(from_ms(ms))
