"""A label of its own for every increment splits the counters into series born with value 1, and changes nothing."""

from __future__ import annotations

from itertools import count

from hypothesis import given
from hypothesis import strategies as st
from measure_days import CANARY, OPENAI, ROUTER, measured
from measure_samples import DAY_S, DECISIONS, EVENTS, STATE, TRANSITIONS, TRIGGER, series, up

from cbops.model.observation import Observation
from cbops.model.series import Series

END = 7200
SCRAPES = range(-1200, END + 60, 60)
SAME = (
    "scrape restarts decisions fallback_decisions providers state_at_start transitions episodes carried buckets".split()  # noqa: SIM905
)


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[tuple[int, str, str]], list[int], int | None]:
    """Moves (scrape, from, to) of a circuit, the scrapes with a failure, and the scrape after a restart."""
    restart = draw(st.none() | st.sampled_from(SCRAPES[30:100]))
    moves, state, at = [], "closed", SCRAPES[0]
    for gap in draw(st.lists(st.integers(1, 12), max_size=18)):
        begin, at = at, at + 60 * gap
        if at > END:
            break
        if restart is not None and begin < restart <= at:
            state = "closed"
        target = {
            "closed": "open",
            "open": "half_open",
            "half_open": draw(st.sampled_from(("open", "closed"))),
        }[state]
        moves.append((at, state, target))
        state = target
    failures = draw(st.lists(st.sampled_from(SCRAPES[1:]), max_size=20))
    return moves, sorted(failures), restart


def lifetimes(at: int, restart: int | None) -> list[int]:
    """The scrapes from `at` on that the same process serves."""
    return [
        scrape
        for scrape in SCRAPES
        if scrape >= at and (restart is None or at >= restart or scrape < restart)
    ]


def counter(name: str, times: list[int], restart: int | None, *, split: bool, **labels: str) -> list[Series]:
    """A counter that rose at these scrapes: as one series, or each rise as one of its own."""
    if split:
        return [
            series(
                name,
                {DAY_S + scrape: 1 for scrape in lifetimes(at, restart)},
                **labels,
                trace_id=f"{number:032x}",
            )
            for number, at in zip(count(), times, strict=False)
        ]
    totals: dict[int, float] = {}
    for at in times:
        for scrape in lifetimes(at, restart):
            totals[DAY_S + scrape] = totals.get(DAY_S + scrape, 0) + 1
    return [series(name, totals, **labels)] if totals else []


def world(moves, failures, restart, *, split: bool) -> list[Series]:
    steady = {
        DAY_S + at: at + 2000 if restart is None or at < restart else at - restart + 5 for at in SCRAPES
    }
    found = [
        series(DECISIONS, steady, policy_id="p1", reason="weighted", **CANARY),
        series(EVENTS, steady, event_type="success", **OPENAI),
        up([DAY_S + at for at in SCRAPES], **ROUTER),
        *counter(EVENTS, failures, restart, split=split, event_type="failure", **OPENAI),
    ]
    for source, target in sorted({(source, target) for _, source, target in moves}):
        times = [at for at, *edge in moves if edge == [source, target]]
        labels = {**OPENAI, "from": source, "to": target}
        found += counter(TRANSITIONS, times, restart, split=split, **labels)
    for at, _, target in moves if split else ():
        # What the router sets beside it is split as well, and is no counter.
        scrapes = dict.fromkeys((DAY_S + scrape for scrape in lifetimes(at, restart)), 1)
        found.append(series(STATE, scrapes, state=target, trace_id=f"{at:032x}", **OPENAI))
        found.append(series(TRIGGER, scrapes, reason="timeout_elapsed", trace_id=f"{at:032x}", **OPENAI))
    return found


def told(observation: Observation) -> dict[str, object]:
    return {name: getattr(observation, name) for name in SAME}


@given(lives())
def test_thousands_of_newborn_series_change_no_count_no_state_and_no_restart(life):
    whole = measured(*world(*life, split=False), end=END)
    split = measured(*world(*life, split=True), end=END)

    assert told(split) == told(whole)
    assert all("trace_id" in one.extra_labels for one in split.metrics if one.metric == TRANSITIONS)
