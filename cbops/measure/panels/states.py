"""The state of circuits, in PromQL, from transitions: the gauge is never set back, so it isn't read.

Numbers are the router's own: 0 closed, 1 open, 2 half-open. 3 is this dashboard's: open by its transitions, but requests
succeed and nothing is denied or moves, so the breaker isn't asked (not enabled) or was closed without a transition (an
operator's call, a crash). Of several router instances the worst counts: open, half-open, passing, closed.
Source: 'The state gauge sticks', 'Instances' and 'All tenants have circuits' in the domain description.
"""

from __future__ import annotations

from cbops.measure.names import TRANSITIONS
from cbops.measure.panels.counting import STEP, block, now
from cbops.measure.panels.words import Words

IDLE = "5m"
BACK = "1d"  # how far back the last transition is looked for where only targets are counted


def state(words: Words, by: str | None = None) -> str:
    """0, 1, 2 or 3 for each chosen circuit that has results; by other labels, the worst of theirs."""
    c = by or words.circuit
    return f"""\
clamp_max(max by ({c}) (
{block(open_now(words))}
), 1)
or
2 * clamp_max(max by ({c}) (
{block(half_open_now(words))}
), 1)
or
3 * clamp_max(max by ({c}) (
{block(_opened(words))}
), 1)
or
0 * sum by ({c}) ({words.events})"""


def open_now(words: Words) -> str:
    """1 for each circuit of an instance that is open and holds requests back."""
    return f"({_opened(words)})\nunless ({_idle(words)})"


def half_open_now(words: Words) -> str:
    """1 for each circuit of an instance that is half-open."""
    if words.dialect == "router":
        left = words.moved({"from": "half_open"})
        return f"({_more(words, words.to('half_open'), left)})\nunless ({_idle(words)})"
    return _half_open_by_target(words)


def _opened(words: Words) -> str:
    """Moves to open less moves away from it; only half-open follows open."""
    left = words.moved({"from": "open"}) if words.dialect == "router" else words.to("half_open")
    return _more(words, words.to("open"), left)


def _more(words: Words, into: str, out: str) -> str:
    """Where more moves went in than out, in this process."""
    by = words.instance_circuit
    came = f"sum by ({by}) {now(words, into, words.seen)}"
    went = f"sum by ({by}) {now(words, out, words.seen)}"
    return f"{came} - ({went} or 0 * {came}) > 0"


def _idle(words: Words) -> str:
    """Requests succeed while nothing is denied and nothing moves."""
    moves = words.chosen.selector(TRANSITIONS)
    return (
        f"{_rose(words, words.event('success'))}"
        f" unless {_rose(words, words.event('fail_fast'))}"
        f" unless {_rose(words, moves)}"
    )


def _rose(words: Words, selector: str, ago: str = IDLE) -> str:
    by = words.instance_circuit
    total, before = f"sum by ({by}) ({selector})", f"sum by ({by}) ({selector} offset {ago})"
    return f"({total} - {before} > 0 or {total} unless {before})"


def _half_open_by_target(words: Words) -> str:
    """Not open, and the last move was to half-open. Within one scrape a close comes after it."""
    by = words.instance_circuit
    into = f"sum by ({by}) {now(words, words.to('half_open'), words.seen)}"
    half, closed = _last(words, "half_open"), _last(words, "closed")
    return f"""\
(0 * {into} + 1)
and on ({by}) ({half} > ({closed} or 0 * {half}))
unless on ({by}) ({_opened(words)})
unless on ({by}) ({_idle(words)})"""


def _last(words: Words, to: str) -> str:
    """When a circuit last moved to a state: the minute, in seconds since the epoch."""
    rose = _rose(words, words.to(to), STEP)
    return f"max_over_time((0 * {rose} + time())[{BACK}:{STEP}] offset -1ms)"
