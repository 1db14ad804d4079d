"""What each kind of alert tells, as it was counted: opens, lasting opens, failures, several open, failed probes.

`sure` causes must fire. The others only may: they keep a firing from being without cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from cbops.judge.case import Case
from cbops.judge.cells import Cell
from cbops.judge.checks import not_closed
from cbops.judge.loaded import FAILURE_RATE, MULTIPLE, OPENED, PROBES, STAYED_OPEN, Span, Watch, united
from cbops.model.base import to_ms

FAILED_PROBES = 3
PROBES_MS = 600_000
RATE = 0.5
# So many buckets in a row, each with so many results and clearly above the rate, hold windows above it.
BUCKETS, RESULTS, CLEARLY = 3, 10, 0.6
# Below this rate, with so many results, no five minutes can have been above.
FAR_BELOW, ENOUGH = 0.2, 20


@dataclass(frozen=True, slots=True)
class Cause:
    """A time in which an alert should fire; times in milliseconds.

    `seen` is when it was first counted, `rings` how long the alert's condition holds on after it ended.
    """

    what: str
    provider: str | None
    start: int
    seen: int
    end: int
    sure: bool
    rings: int = 0
    excuse: str | None = None

    @property
    def lasted(self) -> int:
        """From when it was seen to its end."""
        return self.end - self.seen


def causes_of(case: Case, watch: Watch) -> list[Cause]:
    """In order of time."""
    made = {
        OPENED: _opens,
        STAYED_OPEN: _lasting,
        FAILURE_RATE: _failing,
        MULTIPLE: _together,
        PROBES: _probes,
    }[watch.name]
    return sorted(made(case, watch), key=lambda one: (one.seen, one.provider or ""))


def _providers(case: Case) -> list[str]:
    return sorted({name for day in case.observed.days for name in day.providers})


def _may(case: Case, what: str) -> Iterator[Cause]:
    """Every time in which a circuit may not have been closed."""
    for provider in _providers(case):
        for first, last in not_closed(case, provider):
            yield Cause(what, provider, first, first, last, sure=False)
    for one in case.standing:
        end = case.until if one.closed is None else to_ms(one.closed)
        yield Cause(what, one.provider, to_ms(one.opened), to_ms(one.opened), end, sure=False)


def _opens(case: Case, watch: Watch) -> Iterator[Cause]:
    for one in case.episodes:
        end = case.until if one.closed is None else to_ms(one.closed)
        start = to_ms(one.opened_after or one.opened)
        yield Cause("opens", one.provider, start, to_ms(one.opened), end, sure=True, rings=watch.rings)
    yield from _may(case, "opens")


def _lasting(case: Case, watch: Watch) -> Iterator[Cause]:
    """Not closed for longer than the rule waits."""
    for one in case.episodes:
        end = case.until if one.closed is None else to_ms(one.closed)
        seen = to_ms(one.opened)
        if end - seen > watch.late:
            excuse = _unheld(case, one.provider, (seen, end))
            yield Cause("lasting opens", one.provider, seen, seen, end, sure=True, excuse=excuse)
    yield from _may(case, "lasting opens")


def _unheld(case: Case, provider: str, span: Span) -> str | None:
    """What lets a rule see no lasting open: nobody asks the circuit, or its dialect can't tell."""
    moves = [one for day in case.observed.days for one in day.transitions if one.provider == provider]
    if any(
        one.source is None and one.target == "half_open" and span[0] <= to_ms(one.at) <= span[1]
        for one in moves
    ):
        return "a half-open can't be told from a close in the documented dialect"
    cells = [cell for cell in case.observed.canary.get(provider, ()) if cell.overlaps(*span)]
    denied = any(cell.fail_fast or cell.half_open for cell in cells)
    if denied or not any(cell.success for cell in cells):
        return None
    return "requests succeeded all the while and none was denied, so that nothing was held back"


def _failing(case: Case, _watch: Watch) -> Iterator[Cause]:
    for provider, row in case.observed.canary.items():
        for run in _runs(row, lambda cell: cell.results >= RESULTS and cell.failure > CLEARLY * cell.results):
            if len(run) >= BUCKETS:
                first, last = run[0], run[-1]
                yield Cause("failing times", provider, first.start, first.end, last.end, sure=True)
        for cell in row:
            quiet = not cell.failure or (cell.results >= ENOUGH and cell.failure <= FAR_BELOW * cell.results)
            if not quiet:
                yield Cause("failing times", provider, cell.start, cell.start, cell.end, sure=False)


def _runs(row: Sequence[Cell], holds: Callable[[Cell], bool]) -> Iterator[list[Cell]]:
    run: list[Cell] = []
    for cell in row:
        if holds(cell) and (not run or run[-1].end == cell.start):
            run.append(cell)
            continue
        if run:
            yield run
        run = [cell] if holds(cell) else []
    if run:
        yield run


def _together(case: Case, watch: Watch) -> Iterator[Cause]:
    """Several providers open at once, by what the counters hold at each scrape."""
    what = "times with several providers open"
    surely = {name: _open_spans(case, name) for name in _providers(case)}
    maybe = {name: not_closed(case, name) for name in _providers(case)}
    for one in case.standing:
        end = case.until if one.closed is None else to_ms(one.closed)
        maybe.setdefault(one.provider, []).append((to_ms(one.opened), end))
    for a, b in combinations(surely, 2):
        for first, last in _both(surely[a], surely[b]):
            if last - first > watch.late:
                yield Cause(what, None, first, first, last, sure=True)
        for first, last in _both(maybe[a], maybe[b]):
            yield Cause(what, None, first, first, last, sure=False)


def _both(these: Iterable[Span], those: Iterable[Span]) -> Iterator[Span]:
    others = united(those)
    for first, last in united(these):
        for begin, end in others:
            if begin < last and first < end:
                yield max(first, begin), min(last, end)


def _open_spans(case: Case, provider: str) -> list[Span]:
    """When transitions to open outnumber those from it, from scrape to scrape; one router's circuit alone."""
    spans: list[Span] = []
    for day in case.observed.days:
        moves = [one for one in day.transitions if one.provider == provider]
        if len({one.instance for one in moves}) > 1:
            continue
        opened = day.state_at_start.get(provider) == "open"
        since = to_ms(day.window.start)
        for at in sorted({one.at for one in moves}):
            net = sum(
                one.count
                * (
                    (one.target == "open")
                    - (one.source == "open" or (one.source, one.target) == (None, "half_open"))
                )
                for one in moves
                if one.at == at
            )
            if opened:
                spans.append((since, to_ms(at)))
            opened, since = opened + net > 0, to_ms(at)
        if opened:
            spans.append((since, to_ms(day.window.end)))
    return spans


def _probes(case: Case, watch: Watch) -> Iterator[Cause]:
    """Three or more failed probes in ten minutes, told only where the series name the source."""
    what = "times with three failed probes"
    moves = [one for day in case.observed.days for one in day.transitions]
    known = all(one.source is not None for one in moves)
    room = 2 * watch.group + watch.scrape
    for provider in _providers(case):
        failed = [
            (at - PROBES_MS if one.after is None else to_ms(one.after), at, one.count)
            for one in moves
            if one.provider == provider
            and one.target == "open"
            and one.source in ("half_open", None)
            and (at := to_ms(one.at))
        ]
        for first, _, _ in failed if known else ():
            inner = [(at, n) for after, at, n in failed if after >= first and at <= first + PROBES_MS - room]
            if sum(n for _, n in inner) >= FAILED_PROBES:
                last = max(at for at, _ in inner)
                yield Cause(what, provider, first, last, last, sure=True, rings=PROBES_MS)
        for first, _, _ in failed:
            outer = [(at, n) for after, at, n in failed if at >= first and after <= first + PROBES_MS]
            if not known or sum(n for _, n in outer) >= FAILED_PROBES:
                last = max(at for at, _ in outer)
                yield Cause(what, provider, first, first, last, sure=False)
