"""When a provider's circuits may not have been closed, each router instance on its own.

Source: 'Instances' and 'Restarts' in the domain description.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from cbops.judge.case import Case
from cbops.model.base import to_ms
from cbops.model.observation import CircuitDay, Observation, Transition
from cbops.model.spans import Span, united

# No move before is known: the span begins with what is known at all.
EVER = 0


def not_closed(case: Case, provider: str) -> list[Span]:
    """When some circuit of the provider may not have been closed (ms), generously at both ends.

    In order, and apart from each other. Where several routers have a circuit, the last to close ends the span.
    """
    found: list[Span] = [
        (to_ms(e.opened_after or e.opened), case.until if e.closed is None else to_ms(e.closed))
        for e in case.not_closed
        if e.provider == provider
    ]
    for day in case.observed.days:
        mine = [circuit for circuit in day.circuits if circuit.provider == provider]
        found += _walked(day, mine) if mine else _by_transitions(day, provider)
    return united(found)


def maybe_not_closed(case: Case, provider: str) -> list[Span]:
    """When some circuit of the provider may not have been closed by a move that no metric shows (ms)."""
    found: list[Span] = []
    for day in case.observed.days:
        for circuit in day.circuits:
            if circuit.provider == provider:
                found += [(EVER if m.after is None else to_ms(m.after), to_ms(m.at)) for m in circuit.unseen]
        if not day.circuits and day.state_at_start.get(provider, "closed") == "closed":
            found += [(to_ms(day.window.start), to_ms(m.at)) for m in _begun_elsewhere(day, provider)]
    return united(found)


def touches(spans: Sequence[Span], start: int, end: int) -> bool:
    """Whether any of the spans, which are in order and apart, has a moment in (start, end)."""
    index = bisect_left(spans, start, key=_last)
    while index < len(spans) and spans[index][0] < end:
        if spans[index][1] > start:
            return True
        index += 1
    return False


def _last(span: Span) -> int:
    return span[1]


def runs_of_days(days: Sequence[Observation]) -> list[list[Observation]]:
    """Days without another between them that wasn't collected."""
    runs: list[list[Observation]] = [[day] for day in days[:1]]
    for before, day in pairwise(days):
        if day.window.start > before.window.end:
            runs.append([])
        runs[-1].append(day)
    return runs


def _walked(day: Observation, circuits: Iterable[CircuitDay]) -> Iterator[Span]:
    start, end = to_ms(day.window.start), to_ms(day.window.end)
    for circuit in circuits:
        for span in circuit.not_closed:
            yield (
                start if span.start is None else to_ms(span.start),
                end if span.end is None else to_ms(span.end),
            )


def _by_transitions(day: Observation, provider: str) -> Iterator[Span]:
    """From the transitions alone, for a day that was measured without its circuits."""
    start, end = to_ms(day.window.start), to_ms(day.window.end)
    standing = day.state_at_start.get(provider, "closed") != "closed"
    firsts: list[int] = []
    for moves in _by_instance(day, provider).values():
        since = start if standing and moves[0].source != "closed" else None
        closes = [to_ms(move.at) for move in moves if move.target == "closed"]
        firsts += closes[:1]
        for move in moves:
            if move.target != "closed":
                since = to_ms(move.after or move.at) if since is None else since
            elif since is not None:
                yield since, to_ms(move.at)
                since = None
        if since is not None:
            yield since, end
    if standing:
        yield start, max(firsts, default=end)


def _begun_elsewhere(day: Observation, provider: str) -> Iterator[Transition]:
    """First moves of circuits that were closed when the day began, out of another state."""
    for moves in _by_instance(day, provider).values():
        if moves[0].source not in (None, "closed"):
            yield moves[0]


def _by_instance(day: Observation, provider: str) -> dict[str, list[Transition]]:
    found: dict[str, list[Transition]] = {}
    for move in day.transitions:
        if move.provider == provider:
            found.setdefault(move.instance, []).append(move)
    for moves in found.values():
        # a circuit that closes and opens within one scrape interval is told by the later close
        moves.sort(key=lambda move: (move.at, move.target == "closed"))
    return found
