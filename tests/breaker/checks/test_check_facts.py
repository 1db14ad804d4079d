"""The traffic facts of a trace, against a slow count and against themselves however the trace is cut."""

from __future__ import annotations

import array
import bisect
import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbops.breaker.checks import TrafficFacts
from cbops.breaker.checks.facts import STEP_MS, traffic_facts
from cbops.model.traffic import Circuit, TrafficChunk

MINUTE = 60_000
CIRCUITS = (
    Circuit(tenant="t1", provider="openai"),
    Circuit(tenant="t1", provider="anthropic"),
    Circuit(instance="b", tenant="t1", provider="openai"),
    Circuit(provider="openai"),
)
Row = tuple[int, int, str, int]


def chunk(rows: list[Row], *, begins: bool = False, circuits: tuple[Circuit, ...] = CIRCUITS) -> TrafficChunk:
    return TrafficChunk(
        arrival=np.array([at for at, _, _, _ in rows], dtype=np.int64),
        latency=np.array([latency for _, latency, _, _ in rows], dtype=np.int64),
        outcome=np.array([ord(letter) for _, _, letter, _ in rows], dtype=np.uint8),
        circuit=np.array([circuit for _, _, _, circuit in rows], dtype=np.int32),
        circuits=circuits,
        begins=begins,
    )


def facts(rows: list[Row], tenant: str | None = None, provider: str | None = None) -> TrafficFacts:
    return traffic_facts([chunk(rows, begins=True)], tenant, provider)[0]


def every(minutes: float, hours: float, outcome: str = "s", circuit: int = 0, start: int = 0) -> list[Row]:
    gap = round(minutes * MINUTE)
    return [(start + at, 100, outcome, circuit) for at in range(0, round(hours * 60 * MINUTE) + 1, gap)]


def slow_hours(times: list[int], first: int, last: int) -> list[float]:
    """Requests per minute of every hour at five-minute steps, one by one."""
    times = sorted(times)
    begins = range(first, last - 60 * MINUTE + 1, STEP_MS)
    return [
        (bisect.bisect_left(times, at + 60 * MINUTE) - bisect.bisect_left(times, at)) / 60 for at in begins
    ]


def test_a_steady_trace_is_as_busy_as_it_is_quiet():
    found = facts(every(0.5, 3))
    assert found.mean_rpm == pytest.approx(2, abs=0.02)
    assert (found.busiest_rpm, found.quietest_rpm) == (2, 2)
    assert (found.ignored_share, found.lost_share, found.longest_latency_ms) == (0, 0, 100)


def test_a_night_without_requests_is_a_quietest_hour_of_none():
    found = facts([*every(1, 2), *every(0.5, 2, start=12 * 60 * MINUTE)])
    assert (found.busiest_rpm, found.quietest_rpm) == (2, 0)


def test_shares_are_of_all_requests_and_latency_of_recorded_results():
    found = facts([(0, 7, "s", 0), (1, 900, "i", 0), (2, 9, "f", 0), (3, 10**9, "l", 0)] * 8)
    assert (found.ignored_share, found.lost_share, found.longest_latency_ms) == (0.25, 0.25, 9)
    assert facts([(0, 900, "i", 0), (5, 1, "l", 0)]).longest_latency_ms is None


def test_a_few_requests_tell_no_share():
    assert facts([(0, 1, "i", 0)] * 29).ignored_share is None
    assert facts([(0, 1, "i", 0)] * 30).ignored_share == 1


def test_less_than_an_hour_knows_a_mean_and_no_hour():
    found = facts(every(1, 0.9))
    assert found.mean_rpm is not None
    assert (found.busiest_rpm, found.quietest_rpm) == (None, None)
    assert facts([(5, 1, "s", 0)]).mean_rpm is None


def test_without_a_request_everything_is_unknown():
    assert facts([]) == TrafficFacts()
    assert traffic_facts([], None, None) == (TrafficFacts(), 0)
    assert facts(every(1, 2), "t9", "openai") == TrafficFacts()
    assert facts(every(1, 2), "t9", "mistral") == TrafficFacts()


def test_only_the_tenant_and_the_provider_that_are_meant_count():
    rows = sorted([*every(1, 2), *every(0.25, 2, "f", 1)])
    assert facts(rows, "t1", "openai").busiest_rpm == 1
    assert facts(rows, "t1", "anthropic").busiest_rpm == 4
    assert facts(rows, None, "openai").ignored_share == 0


def test_the_span_is_that_of_the_whole_trace():
    # The circuit's requests end after an hour, the trace goes on for four.
    rows = sorted([*every(1, 1), *every(1, 4, circuit=1)])
    assert facts(rows, "t1", "openai").quietest_rpm == 0


def test_instances_share_no_circuit():
    rows = sorted([*every(1, 2), *every(0.5, 2, circuit=2)])
    found = facts(rows, "t1", "openai")
    assert (found.quietest_rpm, found.busiest_rpm) == (1, 2)
    assert found.mean_rpm == pytest.approx(1.5, abs=0.02)


def test_what_comes_again_sorted_counts_once():
    rows = every(1, 2)
    again = traffic_facts([chunk(rows[:50], begins=True), chunk(rows, begins=True)], None, None)
    assert again == (facts(rows), len(rows))


def test_a_trace_of_a_hundred_thousand_years_needs_no_memory_for_the_time_between():
    rows = [(0, 1, "s", 0), (10**16, 1, "s", 0)]
    found = facts(rows)
    assert (found.quietest_rpm, found.busiest_rpm) == (0, 1 / 60)


def test_columns_need_only_be_memory():
    rows = every(1, 2)
    plain = TrafficChunk(
        arrival=array.array("q", [at for at, _, _, _ in rows]),
        latency=array.array("q", [100] * len(rows)),
        outcome=b"s" * len(rows),
        circuit=array.array("i", [0] * len(rows)),
        circuits=CIRCUITS,
        begins=True,
    )
    assert traffic_facts([plain], None, None) == (facts(rows), len(rows))


ROWS = st.lists(
    st.tuples(
        st.integers(0, 6 * 60 * MINUTE), st.integers(0, 10**6), st.sampled_from("sfil"), st.integers(0, 3)
    ),
    max_size=60,
).map(sorted)
CUTS = st.lists(st.integers(0, 60), max_size=5)
NAMES = st.sampled_from([(None, None), ("t1", "openai"), ("t1", "anthropic"), ("t2", "openai")])


@given(rows=ROWS, cuts=CUTS, names=NAMES)
def test_however_the_trace_is_cut_the_facts_are_those_of_the_whole(rows, cuts, names):
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    pieces = [
        chunk(rows[begin:end], begins=number == 0)
        for number, (begin, end) in enumerate(itertools.pairwise(edges))
    ]
    assert traffic_facts(pieces, *names)[0] == facts(rows, *names)


@given(rows=ROWS)
def test_the_hours_are_those_of_a_slow_count(rows):
    found, count = traffic_facts([chunk(rows, begins=True)], "t1", "anthropic")
    mine = [at for at, _, _, circuit in rows if circuit == 1]
    assert count == len(mine)
    if mine:
        hours = slow_hours(mine, rows[0][0], rows[-1][0])
        assert found.quietest_rpm == (min(hours) if hours else None)
        assert found.busiest_rpm == (max(hours) if hours else None)
