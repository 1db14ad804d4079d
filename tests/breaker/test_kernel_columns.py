"""Columns that are shared, copied or refused, and the order of results."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replaying import ENGINES, needs_compiler

from cbops.breaker import Trace, compiled, replay
from cbops.breaker.ordering import insert_pairs, list_results, sort_pairs
from cbops.errors import InputError

OUTCOMES = b"sfil"


def test_columns_of_the_standard_library_are_not_copied():
    arrival, latency = array("q", [1, 2, 3, 4]), array("q", [0, 0, 9, 9])
    trace = Trace.from_columns(arrival, latency, OUTCOMES)
    assert (trace.arrival, trace.latency, trace.outcome) == (arrival, latency, OUTCOMES)
    assert trace.arrival is arrival
    assert trace.outcome is OUTCOMES


def test_columns_of_numpy_are_not_copied_and_cannot_be_written_through_the_trace():
    numpy = pytest.importorskip("numpy")
    arrival, outcome = numpy.array([1, 2, 3, 4]), numpy.frombuffer(OUTCOMES, numpy.uint8).copy()
    trace = Trace.from_columns(arrival, arrival, outcome)
    assert numpy.shares_memory(numpy.asarray(trace.arrival), arrival)
    assert numpy.shares_memory(numpy.asarray(trace.outcome), outcome)
    with pytest.raises(TypeError, match="read-only"):
        trace.arrival[0] = 7
    assert trace == Trace.from_columns([1, 2, 3, 4], (1, 2, 3, 4), "sfil")


@pytest.mark.parametrize(
    "kind", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "uint64", ">i8", ">i4"]
)
def test_other_integers_of_numpy_keep_their_values(kind):
    numpy = pytest.importorskip("numpy")
    column = numpy.array([1, 50, 100, 127], kind)
    trace = Trace.from_columns(column, column, OUTCOMES)
    assert list(trace.arrival) == list(trace.latency) == [1, 50, 100, 127]


def test_every_second_value_of_a_column_is_copied():
    numpy = pytest.importorskip("numpy")
    trace = Trace.from_columns(numpy.arange(8)[::2], numpy.arange(8)[1::2], OUTCOMES)
    assert (list(trace.arrival), list(trace.latency)) == ([0, 2, 4, 6], [1, 3, 5, 7])


@pytest.mark.parametrize(
    "outcome",
    ["sfil", b"sfil", bytearray(b"sfil"), list("sfil"), [b"s", b"f", b"i", b"l"], list(OUTCOMES)],
    ids=["text", "bytes", "bytearray", "letters", "byte letters", "codes"],
)
def test_outcomes_may_be_letters_or_codes(outcome):
    assert bytes(Trace.from_columns(range(4), range(4), outcome).outcome) == OUTCOMES


@pytest.mark.parametrize("kind", ["S1", "U1", "object"])
def test_outcomes_may_be_letters_of_numpy(kind):
    numpy = pytest.importorskip("numpy")
    outcome = numpy.array(list("sfil"), kind)
    assert bytes(Trace.from_columns(range(4), range(4), outcome).outcome) == OUTCOMES


@pytest.mark.parametrize(
    "bad", ["sfix", b"sfix", ["s", "f", "i", "sf"], ["s", "f", "i", None], [115, 102, 105, 0]]
)
def test_an_unknown_outcome_is_named_with_its_row(bad):
    with pytest.raises(InputError, match="row 3 of the trace has the outcome"):
        Trace.from_columns(range(4), range(4), bad)


def test_wide_codes_are_no_outcomes():
    # 371 is s in its last eight bits.
    with pytest.raises(InputError, match="row 0 of the trace has the outcome 371"):
        Trace.from_columns([1], [1], array("i", [371]))


@pytest.mark.parametrize("bad", [[1.5], [None], ["1"], [2**63], array("d", [1.0]), b"1x"[:1].decode()])
def test_a_column_without_whole_numbers_is_refused(bad):
    with pytest.raises(InputError, match="column arrival holds"):
        Trace.from_columns(bad, [0], "s")


@pytest.mark.parametrize("make", ["[1.5]", "[[1]]", "['2024-01-01']", "[2**64 - 1]"])
def test_a_column_of_numpy_without_whole_numbers_is_refused(make):
    numpy = pytest.importorskip("numpy")
    kind = {"['2024-01-01']": "datetime64[ms]", "[2**64 - 1]": "uint64"}.get(make)
    values = eval(make)
    with pytest.raises(InputError, match=r"column latency (holds|has 2 dimensions)"):
        Trace.from_columns([0], numpy.array(values, kind), "s")


@pytest.mark.parametrize("column", [list, lambda values: array("q", values)])
def test_a_negative_latency_is_named_with_its_row(column):
    with pytest.raises(InputError, match="row 2 of the trace has a latency of -4 ms"):
        Trace.from_columns(column([1, 2, 3]), column([0, 5, -4]), "sss")


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(InputError, match="differ in length: 2 arrivals, 1 latencies, 1 outcomes"):
        Trace.from_columns([1, 2], [1], "s")


def test_requests_are_counted_by_outcome():
    assert Trace.from_columns(range(7), range(7), "sssffil").outcomes == (3, 2, 1, 1)


ROWS = st.lists(
    st.tuples(
        st.integers(0, 50) | st.integers(-(2**51), 2**51),
        st.integers(0, 20) | st.integers(0, 2**50),
        st.sampled_from(OUTCOMES),
    ),
    max_size=80,
)


def expected(rows):
    done = [(at + wait, place) for place, (at, wait, code) in enumerate(rows) if code in b"sf"]
    return sorted(done)


@settings(max_examples=300, deadline=None)
@given(rows=ROWS, width=st.integers(1, 11))
def test_the_radix_sort_orders_results_by_time_and_then_by_arrival(rows, width):
    at, wait, code = ([row[column] for row in rows] for column in range(3))
    done_at, done_of = [0] * len(rows), [0] * len(rows)
    count = list_results(at, wait, code, done_at, done_of)
    done_at, done_of = done_at[:count], done_of[:count]
    assert list(zip(done_at, done_of, strict=True)) == sorted(expected(rows), key=lambda pair: pair[1])
    earliest = min(done_at, default=0)
    bits = (max(done_at, default=0) - earliest).bit_length()
    spare_at, spare_of = [0] * count, [0] * count
    sort_pairs(done_at, done_of, spare_at, spare_of, [0] * 2**width, earliest, bits)
    found = (spare_at, spare_of) if -(-bits // width) % 2 else (done_at, done_of)
    assert list(zip(*found, strict=True)) == expected(rows)


@settings(max_examples=300, deadline=None)
@given(rows=ROWS, moves=st.sampled_from([0, 3, 30, 10**6]))
def test_an_insertion_that_gives_up_leaves_equal_times_in_their_order(rows, moves):
    pairs = [(at + wait, place) for place, (at, wait, _) in enumerate(rows)]
    at, of = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    done = insert_pairs(at, of, moves)
    found = list(zip(at, of, strict=True))
    assert sorted(found, key=lambda pair: pair[0]) == sorted(pairs)
    assert not done or found == sorted(pairs)
    assert done or moves < 10**6


@needs_compiler
@settings(max_examples=500, deadline=None)
@given(rows=ROWS)
def test_the_compiled_order_is_that_of_a_sort_by_comparison(rows):
    order = sorted(range(len(rows)), key=lambda index: rows[index][0])
    ordered = [rows[index] for index in order]
    at, wait = (array("q", (row[column] for row in rows)) for column in range(2))
    merged = compiled.merge(at, wait, bytes(row[2] for row in rows))
    assert merged.arrival.tolist() == [row[0] for row in ordered]
    assert (list(range(len(rows))) if merged.order is None else merged.order.tolist()) == order
    assert list(zip(merged.done_at.tolist(), merged.done_of.tolist(), strict=True)) == expected(ordered)
    assert merged.failed.tolist() == [ordered[place][2] == ord("f") for _, place in expected(ordered)]


@needs_compiler
@pytest.mark.parametrize("row", [(2**52, 1), (-(2**52) - 1, 0), (1, 2**63 - 1)])
def test_times_beyond_the_limit_are_left_to_the_interpreter(row):
    at, wait = array("q", [row[0]]), array("q", [row[1]])
    assert compiled.merge(at, wait, b"s") is None
    assert compiled.merge(array("q", [2**52]), array("q", [0]), b"s") is not None


@ENGINES
def test_the_trace_that_was_given_is_not_changed(engine):
    from_rows = Trace.from_rows([(9, 1, "f"), (3, 200, "s"), (4, 1, "f")])
    before = (list(from_rows.arrival), list(from_rows.latency), bytes(from_rows.outcome))
    replay({}, from_rows, engine=engine)
    assert (list(from_rows.arrival), list(from_rows.latency), bytes(from_rows.outcome)) == before
