"""What each kind of alert tells, as it was counted: opens, lasting opens, failures, several open, failed probes.

`sure` causes must fire. The others only may: they keep a firing from being without cause.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations, pairwise

from cbops.judge.case import Case
from cbops.judge.cells import NO_ROW, Cell
from cbops.judge.loaded import FAILURE_RATE, MULTIPLE, OPENED, PROBES, STAYED_OPEN, WINDOW_MS, Watch
from cbops.judge.not_closed import not_closed
from cbops.model.base import to_ms
from cbops.model.observation import Observation, Transition
from cbops.model.spans import Span, common, outside, united

FAILED_PROBES = 3
PROBES_MS = 600_000
RATE = 0.5
# So many buckets in a row, each with so many results and clearly above the rate, hold windows above it.
BUCKETS, RESULTS, CLEARLY = 3, 10, 0.6
# With so many successes, and at most this share of failures to them, no window of a bucket and its neighbour is above
# the rate, wherever in the buckets the failures lie: nearly all successes would have to lie outside it.
ENOUGH, FAR_BELOW = 20, 0.05


# A bucket with so many denials has them all over it.
OFTEN = 3
Failed = tuple[int, int, int]  # failed probes: after, at, how many


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
    for provider, spans in _may_be_open(case).items():
        for first, last in spans:
            yield Cause(what, provider, first, first, last, sure=False)


def _may_be_open(case: Case) -> dict[str, list[Span]]:
    names = sorted({*_providers(case), *(one.provider for one in case.standing)})
    return {name: not_closed(case, name) for name in names}


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
            excuse = _unheld(case, watch, one.provider, (seen, end))
            yield Cause("lasting opens", one.provider, seen, seen, end, sure=True, excuse=excuse)
    yield from _may(case, "lasting opens")


def _moves(case: Case, provider: str) -> list[Transition]:
    return [one for day in case.observed.days for one in day.transitions if one.provider == provider]


def _unheld(case: Case, watch: Watch, provider: str, span: Span) -> str | None:
    """What lets a rule see no lasting open: its dialect can't tell, or the circuit holds nothing back."""
    moves = _moves(case, provider)
    if any(
        one.source is None and one.target == "half_open" and span[0] <= to_ms(one.at) <= span[1]
        for one in moves
    ):
        return "a half-open can't be told from a close in the documented dialect"
    held = outside(span, _idle(case, watch, provider, span, moves))
    if max((last - first for first, last in held), default=0) > watch.late:
        return None
    return "requests succeeded and none was denied, so that nothing was held back"


def _idle(
    case: Case, watch: Watch, provider: str, span: Span, moves: Iterable[Transition] | None = None
) -> list[Span]:
    """When a rule may take the circuit for idle: for five minutes it may have denied and moved nothing, and some
    request may have succeeded.
    """
    begin = span[0] - WINDOW_MS
    row = tuple(case.observed.canary.get(provider, NO_ROW).within(begin, span[1]))
    if moves is None:
        moves = _moves(case, provider)
    busy = (to_ms(one.at) for one in moves if one.target != "closed")
    kept = WINDOW_MS - watch.group - watch.scrape
    active = [(at, at + kept) for at in busy if begin <= at <= span[1]]
    active += [(cell.start, cell.end) for cell in row if (cell.fail_fast or 0) >= OFTEN]
    succeeded = [(cell.start, cell.end + WINDOW_MS) for cell in row if cell.success]
    unknown = outside(span, [(cell.start, cell.end) for cell in row])
    maybe = common([*succeeded, *unknown], [span])
    return [part for one in maybe for part in outside(one, active)]


def _failing(case: Case, _watch: Watch) -> Iterator[Cause]:
    what = "failing times"
    for provider, row in case.observed.canary.items():
        for run in _runs(row, lambda cell: cell.results >= RESULTS and cell.failure > CLEARLY * cell.results):
            if len(run) >= BUCKETS:
                first, last = run[0], run[-1]
                yield Cause(what, provider, first.start, first.end, last.end, sure=True)
        for start, end in united((cell.start, cell.end) for cell in row if not _calm(cell)):
            yield Cause(what, provider, start, start, end, sure=False)
        for earlier, later in pairwise(row):
            if later.start > earlier.end:  # nobody knows what failed in between
                yield Cause(what, provider, earlier.end, earlier.end, later.start, sure=False)


def _calm(cell: Cell) -> bool:
    """Whether its failures can't be most of any window's results."""
    return not cell.failure or (cell.success >= ENOUGH and cell.failure <= FAR_BELOW * cell.success)


def _runs(row: Iterable[Cell], holds: Callable[[Cell], bool]) -> Iterator[list[Cell]]:
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
    surely = {name: united(_open_spans(case, name)) for name in _providers(case)}
    maybe = _may_be_open(case)
    for a, b in combinations(surely, 2):
        for first, last in common(surely[a], surely[b]):
            if last - first > watch.late:
                idle = [part for name in (a, b) for part in _idle(case, watch, name, (first, last))]
                held = max((y - x for x, y in outside((first, last), idle)), default=0)
                excuse = (
                    None if held > watch.late else "one of them denied none, so that it held nothing back"
                )
                yield Cause(what, None, first, first, last, sure=True, excuse=excuse)
    for a, b in combinations(maybe, 2):
        for first, last in common(maybe[a], maybe[b]):
            yield Cause(what, None, first, first, last, sure=False)


def _open_spans(case: Case, provider: str) -> list[Span]:
    """When transitions to open outnumber those from it, from scrape to scrape; one router's circuit alone.

    A restart closes it: any router's, as the state at a day's start names none.
    """
    spans: list[Span] = []
    for day in case.observed.days:
        moves = [one for one in day.transitions if one.provider == provider]
        if len({one.instance for one in moves}) > 1:
            continue
        opened = day.state_at_start.get(provider) == "open"
        since = to_ms(day.window.start)
        for at, net in _nets(day, moves):
            if opened and since < at:
                spans.append((since, at))
            opened, since = net is not None and opened + net > 0, at
        if opened:
            spans.append((since, to_ms(day.window.end)))
    return spans


def _nets(day: Observation, moves: Iterable[Transition]) -> list[tuple[int, int | None]]:
    """By time: how many more transitions to open than from it; null where a router may have started again."""
    nets: dict[int, int] = {}
    for one in moves:
        left = one.source == "open" or (one.source, one.target) == (None, "half_open")
        nets[to_ms(one.at)] = nets.get(to_ms(one.at), 0) + one.count * ((one.target == "open") - left)
    found: list[tuple[int, int | None]] = [*nets.items()]
    found += [(to_ms(one.after), None) for one in day.restarts]
    # What was counted by the scrape before a restart came before it.
    return sorted(found, key=lambda each: (each[0], each[1] is None))


def _probes(case: Case, watch: Watch) -> Iterator[Cause]:
    """Three or more failed probes in ten minutes, told only where the series name the source."""
    what = "times with three failed probes"
    moves = [one for day in case.observed.days for one in day.transitions]
    known = all(one.source is not None for one in moves)
    room = 2 * watch.group + watch.scrape
    failed: dict[str, list[Failed]] = {}
    for one in moves:
        if one.target == "open" and one.source in ("half_open", None):
            at = to_ms(one.at)
            after = at - PROBES_MS if one.after is None else to_ms(one.after)
            failed.setdefault(one.provider, []).append((after, at, one.count))
    for provider, each in sorted(failed.items()):
        each.sort()
        if known:
            yield from _surely_failed(what, provider, each, PROBES_MS - room)
        # A failure lies anywhere in its scrape interval.
        longest = max(at - after for after, at, _ in each)
        begins = [after for after, _, _ in each]
        maybe = _dense(each, begins, PROBES_MS + longest, FAILED_PROBES if known else 1)
        for first, last in united(maybe):
            yield Cause(what, provider, first, first, last, sure=False)


def _surely_failed(what: str, provider: str, failed: Sequence[Failed], within: int) -> Iterator[Cause]:
    """One a stretch in which each such time surely held three."""
    ends = list(accumulate((at for _, at, _ in failed), max))
    parts = _dense(failed, ends, within, FAILED_PROBES)
    seen = dict(reversed(parts))  # of those that begin together the first
    for first, last in united(parts):
        yield Cause(what, provider, first, seen[first], last, sure=True, rings=PROBES_MS)


def _dense(failed: Sequence[Failed], reach: Sequence[int], within: int, least: int) -> list[Span]:
    """From the beginning of each to the last of those that `reach` puts no later than `within` after it, where they
    are at least so many; in order.
    """
    found: list[Span] = []
    total = behind = last = 0
    for i, (first, _, number) in enumerate(failed):
        while behind < len(failed) and reach[behind] <= first + within:
            total, last = total + failed[behind][2], max(last, failed[behind][1])
            behind += 1
        if behind <= i:  # its own interval is longer than that
            behind, last = i + 1, max(last, failed[i][1])
            continue
        if total >= least:
            found.append((first, last))
        total -= number
    return found
