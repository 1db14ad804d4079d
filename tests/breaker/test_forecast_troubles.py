"""What openings have to do with outages, in columns and one by one."""

from __future__ import annotations

import numpy as np
import pytest
from forecasting import causes, fed, interleaved, opened_of, troubles_of
from hypothesis import given, settings
from hypothesis import strategies as st
from replaying import POLICIES
from slow_openings import Causes, Opening, Trouble, met
from slow_totals import totals_of

from cbops.breaker.forecast.arrays import instants
from cbops.breaker.forecast.opened import NEVER
from cbops.model.base import from_ms

TIME = st.integers(0, 10**6)
PAIR = st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (max(pair), min(pair)))
SPANS = st.tuples(st.sampled_from([0, 1, 400_000]), st.integers(0, 6)).map(lambda pair: pair[0] + pair[1])
TROUBLES = st.lists(
    st.builds(
        lambda begins, length, source, failures: Trouble(begins, begins + length, source, 9, failures),
        st.one_of(TIME, SPANS),
        st.one_of(st.integers(0, 10**5), SPANS),
        st.sampled_from(["incident", "trace"]),
        st.integers(0, 2),
    ),
    max_size=6,
).map(lambda troubles: sorted(troubles, key=lambda each: each.begins))
WINDOWS = st.sampled_from([0, 1, 0.5, 60_000, 250_000.75, 1e30])


def made(times, pairs):
    """Openings that begin behind the close of the one before; the last may stay open."""
    times = sorted(set(times))
    ends = [*times[1:], None]
    found = []
    for place, (at, end, around) in enumerate(zip(times, ends, pairs, strict=False)):
        closed = end if end is None or place % 2 else (at + end) // 2
        found.append(Opening(at, closed, 0, "r", *around, (0, 0, 0, 0)))
    return found


OPENINGS = st.builds(
    made,
    st.lists(st.one_of(TIME, SPANS), max_size=8),
    st.lists(st.tuples(PAIR, PAIR, PAIR), min_size=8, max_size=8),
)


@settings(max_examples=200, deadline=None)
@given(OPENINGS, TROUBLES, WINDOWS, st.sampled_from([0.005, 0.02, 0.2]))
def test_openings_are_judged_as_each_is_by_itself(openings, troubles, window_ms, usual):
    slow = Causes(troubles, window_ms, usual, str)
    assert causes(openings, troubles, window_ms, usual, str) == [slow.of(each) for each in openings]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(OPENINGS, TROUBLES), min_size=1, max_size=4), WINDOWS)
def test_every_outage_is_met_and_explains_as_it_would_alone(circuits, window_ms):
    opened = opened_of(*(openings for openings, _ in circuits))
    known = troubles_of(*(troubles for _, troubles in circuits))
    after, closed = known.met(opened, window_ms)
    slow = [met(each, openings, window_ms) for openings, troubles in circuits for each in troubles]
    assert after.tolist() == [NEVER if each is None else each for each, _ in slow]
    missed = after == NEVER
    assert (closed[missed] == NEVER).all()
    assert closed[~missed].tolist() == [
        NEVER if each is None else each for first, each in slow if first is not None
    ]
    places = np.cumsum([0, *(len(troubles) for _, troubles in circuits)]).tolist()
    alone = []
    for place, (openings, troubles) in zip(places, circuits, strict=False):
        found = troubles_of(troubles).explaining(opened_of(openings), window_ms)
        alone += [outage if outage < 0 else outage + place for outage in found.tolist()]
    assert known.explaining(opened, window_ms).tolist() == alone


@settings(max_examples=200, deadline=None)
@given(st.lists(TROUBLES, min_size=1, max_size=3), st.lists(st.tuples(TIME, st.integers(0, 2)), max_size=20))
def test_a_time_lies_in_an_outage_from_its_beginning_to_its_end(circuits, times):
    times = [(at, place) for at, place in times if place < len(circuits)]
    at, place = (np.array([pair[each] for pair in times], np.int64) for each in (0, 1))
    assert troubles_of(*circuits).hold(place, at).tolist() == [
        any(each.begins <= time <= each.ends for each in circuits[number]) for time, number in times
    ]


@settings(max_examples=100, deadline=None)
@given(policy=POLICIES, rows=interleaved())
def test_totals_are_those_of_the_circuits_added_up(policy, rows):
    for each in fed(rows, {"asked": policy, "none": None}).policies:
        assert each.totals == totals_of(each.circuits)


@settings(max_examples=100, deadline=None)
@given(policy=POLICIES, rows=interleaved())
def test_an_answer_that_nobody_checked_stands_every_check(policy, rows):
    forecast = fed(rows, {"asked": policy, "none": None})
    assert type(forecast).model_validate(forecast.model_dump()) == forecast
    assert type(forecast).model_validate_json(forecast.model_dump_json()) == forecast


@pytest.mark.parametrize("ms", [-62_135_596_800_000, -1, 0, 1_738_000_000_123, 253_402_300_799_999])
def test_instants_are_those_of_their_milliseconds(ms):
    assert instants(np.array([ms])) == [from_ms(ms)]
