"""What the breaker does now and did: states, opens, fail-fasts, transitions, episodes."""

from __future__ import annotations

from cbops.measure.names import TRANSITIONS
from cbops.measure.panels.counting import INTERVAL, RANGE, STEP, block, counted, over, stepped, there
from cbops.measure.panels.states import state
from cbops.measure.panels.words import CIRCUIT, Words
from cbops.model.dashboard import BoardPanel, BoardQuery


def state_now(words: Words) -> BoardPanel:
    """One field per circuit."""
    return BoardPanel(
        id=1,
        title="State now",
        description=(
            "The state of each circuit at the end of the range, worked out from the transitions. The router's state gauge "
            "is not read: it is never set back. Of several router instances the worst counts. 'Open, passing': opened by "
            "its transitions, but requests succeed and nothing is denied, so the breaker is not asked or was closed by hand. "
            "Look for: red without a known failure of the provider."
        ),
        kind="stat",
        unit="state",
        queries=(BoardQuery(id="state_now", expr=state(words), legend=words.legend(*CIRCUIT), instant=True),),
        width=12,
        height=5,
    )


def state_over_time(words: Words) -> BoardPanel:
    """One row per circuit."""
    return BoardPanel(
        id=2,
        title="State over time",
        description=(
            "The same through the range, as each scrape showed it. A white gap: nothing was scraped, so nothing is known. "
            "Look for: circuits that flap between open and half-open, and opens with no half-open after them although there "
            "is traffic (then the breaker is not asked)."
        ),
        kind="timeline",
        unit="state",
        queries=(BoardQuery(id="state_over_time", expr=state(words), legend=words.legend(*CIRCUIT)),),
        width=24,
        height=7,
    )


def _total(words: Words, number: int, title: str, told: str, query: str, selector: str) -> BoardPanel:  # noqa: PLR0917 - a row each
    """A whole number per circuit."""
    counts = BoardQuery(
        id=query, expr=counted(words, selector, RANGE), legend=words.legend(*CIRCUIT), instant=True
    )
    return BoardPanel(
        id=number,
        title=title,
        description=told,
        kind="stat",
        unit="count",
        queries=(counts,),
        width=6,
        height=5,
    )


def opens_total(words: Words) -> BoardPanel:
    """A whole number per circuit."""
    told = (
        "Transitions to open, each one counted: also the first of a new series, which increase() and rate() never see, "
        "and those after a restart. 0 is a count, for a circuit that had results. Look for: any open that no incident "
        "explains (cbops episode classify)."
    )
    return _total(words, 3, "Opens in the range", told, "opens_total", words.to("open"))


def denials_total(words: Words) -> BoardPanel:
    """A whole number per circuit."""
    told = "Requests that an open or half-open circuit denied." + words.uncounted
    return _total(words, 4, "Fail-fasts in the range", told, "fail_fasts_total", words.event("fail_fast"))


def _bars(words: Words, number: int, title: str, told: str, query: str, selector: str) -> BoardPanel:  # noqa: PLR0917 - as above
    """Bars whose sum is the total."""
    counts = BoardQuery(id=query, expr=counted(words, selector, INTERVAL), legend=words.legend(*CIRCUIT))
    return BoardPanel(
        id=number,
        title=title,
        description=told,
        kind="bars",
        unit="count",
        queries=(counts,),
        width=12,
        height=8,
        stacked=True,
    )


def opens(words: Words) -> BoardPanel:
    """Bars whose sum is the total."""
    told = (
        "Transitions to open in each bar's interval; the bars add up to the total. Look for: bars outside of incidents, "
        "and a circuit that opens again after each probe."
    )
    return _bars(words, 5, "Opens", told, "opens", words.to("open"))


def denials(words: Words) -> BoardPanel:
    """Bars whose sum is the total."""
    told = (
        "Requests denied in each bar's interval. They belong below an open or half-open state: a fail-fast of a closed "
        "circuit is a contradiction." + words.uncounted
    )
    return _bars(words, 6, "Fail-fasts", told, "fail_fasts", words.event("fail_fast"))


def transitions(words: Words) -> BoardPanel:
    """A row per kind of transition, with how often and when last."""
    edges = ("from", "to") if words.dialect == "router" else ("state",)
    by = words.everyone.labels(*CIRCUIT, *edges)
    moves = words.chosen.selector(TRANSITIONS)
    none = f"or on ({words.circuit}) {there(words, RANGE)}"
    risen = stepped(words, moves, by)
    last = f"max_over_time((\n  1000 * time() * (\n{block(risen)}\n> bool 0)\n)[{RANGE}:{STEP}] offset -1ms)"
    told = "" if words.dialect == "router" else " This dialect names only the state that a circuit went to."
    return BoardPanel(
        id=7,
        title="Transitions",
        description=(
            "How often each circuit moved in the range, and in which minute last. Opens and half-opens must interleave: each "
            "half-open follows an open and ends in an open or a close." + told
        ),
        kind="table",
        unit="count",
        queries=(
            BoardQuery(id="transitions", expr=f"{over(risen, RANGE)}\n{none}", legend="count", instant=True),
            BoardQuery(
                id="transitions_last", expr=f"{last}\n{none}", legend="last", instant=True, unit="instant"
            ),
        ),
        width=12,
        height=8,
    )
