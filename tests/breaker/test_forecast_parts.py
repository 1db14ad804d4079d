"""The pieces of a forecast: the split by circuit, histograms, causes, words."""

from __future__ import annotations

import numpy as np
import pytest
from forecasting import DAY, HOUR, MINUTE, causes, chunk_of, interleaved
from hypothesis import given, settings
from hypothesis import strategies as st
from replaying import needs_compiler
from slow_openings import Opening, Trouble

from cbops.breaker import compiled
from cbops.breaker.forecast import settings as numbers
from cbops.breaker.forecast.arrays import column, grown
from cbops.breaker.forecast.histogram import LADDER, Histogram
from cbops.breaker.forecast.judging import Around
from cbops.breaker.forecast.parts import split
from cbops.breaker.forecast.words import counted, listed, percent, span, teller
from cbops.breaker.ordering import insert_pairs, sort_part
from cbops.breaker.statistics import wilson
from cbops.judge import settings as judged
from cbops.model.traffic import TrafficChunk

MACHINES = pytest.mark.parametrize("machine", [None, pytest.param("compiled", marks=needs_compiler)])


def machine_of(name):
    return None if name is None else compiled.load()


@MACHINES
@settings(max_examples=150, deadline=None)
@given(rows=interleaved(), wanted=st.integers(-60, 9000))
def test_a_split_chunk_holds_each_circuits_requests_in_their_order(machine, rows, wanted):
    parts = split(chunk_of(rows), machine_of(machine))
    assert parts.codes.tolist() == sorted({row[3] for row in rows})
    for place, code in enumerate(parts.codes.tolist()):
        part = slice(int(parts.edges[place]), int(parts.edges[place + 1]))
        mine = [row for row in rows if row[3] == code]
        assert parts.arrival[part].tolist() == [row[0] for row in mine]
        assert parts.latency[part].tolist() == [row[1] for row in mine]
        assert bytes(parts.outcome[part]).decode() == "".join(row[2] for row in mine)
        time = wanted + (rows[0][0] if rows else 0)
        (found,) = parts.find(np.array([place]), np.array([time])).tolist()
        assert found - part.start == sum(row[0] < time for row in mine)


@MACHINES
def test_one_circuit_is_not_copied(machine):
    chunk = chunk_of([(1, 2, "s", 3), (4, 5, "f", 3)])
    parts = split(chunk, machine_of(machine))
    assert np.shares_memory(parts.arrival, chunk.arrival)
    assert np.shares_memory(parts.outcome, chunk.outcome)
    assert (parts.codes.tolist(), parts.edges.tolist()) == ([3], [0, 2])


def test_columns_of_the_standard_library_are_taken_too():
    rows = chunk_of([(1, 2, "s", 0)])
    chunk = TrafficChunk(rows.arrival.tolist(), rows.latency.tolist(), b"s", [0], rows.circuits)
    assert split(chunk, None).arrival.tolist() == [1]
    for letters in (b"sf", bytearray(b"sf"), memoryview(b"sf")):
        assert column(letters, np.uint8).tolist() == [115, 102]


def test_rows_grow_by_doubling_and_begin_with_zeros():
    assert grown(np.array([5, 6]), 3).tolist() == [5, 6, 0, 0]
    kept = np.array([5, 6])
    assert grown(kept, 2) is kept


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 6), st.integers(0, 99)), max_size=70), st.sampled_from([16, 64, 4096])
)
def test_sorting_a_part_keeps_equal_times_in_their_order(pairs, width):
    at, of = [time for time, _ in pairs], list(range(len(pairs)))
    if not at or insert_pairs(at[:], of[:], 0):
        return
    sort_part(at, of, [0] * len(at), [0] * len(at), [0] * width)
    assert list(zip(at, of, strict=True)) == sorted(
        zip([time for time, _ in pairs], range(len(pairs)), strict=True)
    )


TIMES = st.lists(st.integers(-50, 50 * DAY), max_size=40)


@settings(max_examples=200, deadline=None)
@given(st.lists(TIMES, max_size=4))
def test_a_histogram_counts_every_time_in_its_step_on_the_clock(batches):
    histogram, other = Histogram(), Histogram()
    for batch in batches:
        histogram.add(np.array(batch, np.int64))
        other.add_sorted(np.array(sorted(batch), np.int64))
    everything = [time for batch in batches for time in batch]
    assert (histogram.step, histogram.begin, histogram.counts.tolist()) == (
        other.step,
        other.begin,
        other.counts.tolist(),
    )
    assert len(histogram.counts) <= numbers.MOST_STEPS
    assert histogram.step in LADDER
    for place, count in enumerate(histogram.counts.tolist()):
        assert count == sum(time // histogram.step == histogram.begin + place for time in everything)
    assert histogram.counts.sum() == len(everything)


def test_a_histogram_counts_the_chosen_ones():
    histogram = Histogram()
    histogram.add_sorted(np.array([0, 10, 2000, 2001]), np.array([True, False, True, True]))
    assert histogram.counts.tolist() == [1, 0, 2]


def test_the_numbers_that_the_judge_has_too_are_the_same():
    shared = [
        "FAILING_RATE",
        "FAILING_TIMES_USUAL",
        "HEALTH_ALPHA",
        "MIN_FAILURES",
        "INCIDENT_SLACK_MS",
        "AFTER_OPENING_MS",
        "OUTAGE_PAUSE_MS",
    ]
    assert {name: getattr(numbers, name) for name in shared} == {
        name: getattr(judged, name) for name in shared
    }


def opening(window, before=(0, 0), after=(0, 0), at=HOUR):
    return Opening(at, None, 0, "error_rate_threshold_exceeded", window, before, after, (0, 0, 0, 0))


def cause(given, troubles=(), window_ms=60_000, usual=0.005):
    (found,) = causes([given], troubles, window_ms, usual, teller("relative", "UTC"))
    return found


def test_many_failures_around_an_opening_show_a_failing_provider_even_without_an_outage():
    found = cause(opening((6, 4), after=(10, 6)))
    assert (found.classification, found.source) == ("expected", "trace")
    assert found.sentence == (
        "The provider was failing: besides the failure that opened it, 9 of 15 results around it failed."
    )


@pytest.mark.parametrize("results", range(2, 80))
def test_health_is_said_exactly_when_the_upper_bound_is_below_the_failing_rate(results):
    found = cause(opening((results, 1)))
    healthy = wilson(0, results - 1, 0.05)[1] < 0.10
    assert (found.classification == "unexpected") == healthy
    assert healthy == (results >= 26)


def test_the_larger_of_the_window_and_the_nearest_requests_counts():
    columns = (np.array(column) for column in ([(3, 2), (90, 2), (0, 0)], [(32, 4), (32, 4), (0, 0)]))
    around = Around.of(*columns, np.array([(10, 1), (10, 1), (0, 0)]))
    assert (around.results.tolist(), around.failures.tolist()) == ([41, 99, 0], [4, 2, 0])


def test_a_provider_that_usually_fails_more_is_healthy_at_more():
    assert cause(opening((200, 20)), usual=0.005).classification == "unexplained"
    assert cause(opening((200, 20)), usual=0.09).classification == "unexpected"


def test_incidents_come_before_the_traces_own_outages_and_explain_within_their_slack():
    declared = Trouble(HOUR + MINUTE, HOUR + 2 * MINUTE, "incident", 10, 0)
    own = Trouble(HOUR - MINUTE, HOUR + MINUTE, "trace", 20, 15)
    assert cause(opening((2, 1)), [own, declared]).source == "incident"
    assert cause(opening((2, 1)), [own, declared]).sentence == (
        "A declared incident from +1:01:00 to +1:02:00 began 1 min later (0 of 10 calls failed in it)."
    )
    assert cause(opening((2, 1), at=HOUR - 1), [declared, own]).source == "trace"
    # Nothing failed in the incident, so nothing of it is in the window after its slack.
    assert cause(opening((2, 1), at=HOUR + 3 * MINUTE), [declared], 10**9).source == "incident"
    assert cause(opening((2, 1), at=HOUR + 3 * MINUTE + 1), [declared], 10**9).source == "none"


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (0, "0 ms"),
        (999, "999 ms"),
        (1000, "1 s"),
        (12_340, "12.3 s"),
        (60_000, "1 min"),
        (200_000, "3 min 20 s"),
        (HOUR, "1 h"),
        (2 * HOUR + 5 * MINUTE, "2 h 5 min"),
        (DAY, "1 day"),
        (7 * DAY + 3 * HOUR, "7 days 3 h"),
    ],
)
def test_spans_in_words(ms, words):
    assert span(ms) == words


def test_counts_rates_and_lists_in_words():
    assert (counted(1, "open"), counted(1973, "open"), counted(2, "probe is", "probes are")) == (
        "1 open",
        "1,973 opens",
        "2 probes are",
    )
    assert (percent(0.1), percent(0.0834)) == ("10 %", "8.3 %")
    assert [listed(parts) for parts in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]
    assert teller("wall", "UTC")(1_738_000_000_123) == "2025-01-27 17:46:40 UTC"
    assert teller("wall", "Asia/Kolkata")(1_738_000_000_123) == "2025-01-27 23:16:40 +05:30"
    assert teller("relative", "UTC")(105_250) == "+0:01:45.250"
    assert teller("relative", "UTC")(-1000) == "-0:00:01"
