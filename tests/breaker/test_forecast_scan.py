"""Most rows are passed over without a second look, in columns; what is found stays the same."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import slow_outages as slow
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cbops.breaker.forecast.failures import Rows
from cbops.breaker.forecast.outages import _Scan, find_outages
from cbops.breaker.forecast.usual import usual_rates

# (successes before, failures, successes between them, silence before in ms) of a row
ROW = st.tuples(
    st.one_of(st.integers(0, 3), st.integers(0, 120), st.integers(0, 3000)),
    st.one_of(st.integers(1, 3), st.integers(1, 60)),
    st.integers(0, 6),
    st.sampled_from([1000, 60_000, 900_000]),
)
OUTAGE = (0, 30, 0, 1000)
HEALTH = (3000, 1, 0, 60_000)
WORSE = (0, 1, 120, 1000)
CIRCUIT = st.tuples(st.lists(ROW, max_size=40), st.integers(0, 4000))


def rows_of(*circuits):
    """The rows of each circuit, and where they begin and end."""
    edges = np.cumsum([0, *map(len, circuits)])
    flat = [row for each in circuits for row in each]
    before, failures, good, silence = np.array(flat, np.int64).reshape(-1, 4).T
    first = np.concatenate([[], *(np.cumsum([row[3] for row in each]) for each in circuits)]).astype(np.int64)
    circuit = np.repeat(np.arange(len(circuits)), np.diff(edges))
    # A failure may take longer than the pause behind it.
    last = first + np.where(silence > 60_000, 4000, 500)
    return Rows(circuit, first, last, failures, before, failures + good), edges


def found(circuits, usual=None):
    """By circuit, as lists: begins, ends, results and failures; and the usual rates."""
    rows, edges = rows_of(*(each for each, _ in circuits))
    parts = [rows.part(begin, end) for begin, end in pairwise(edges.tolist())]
    results = [
        int((part.before + part.inside).sum()) + more for part, (_, more) in zip(parts, circuits, strict=True)
    ]
    rates = usual_rates(rows, edges[:-1], edges[1:], np.array(results, np.int64)).tolist()
    assert rates == [slow.usual_rate(*pair) for pair in zip(parts, results, strict=True)]
    usual = usual or rates
    outages = find_outages(rows, edges, np.array(results, np.int64), usual)
    columns = (outages.circuit, outages.begins, outages.ends, outages.results, outages.failures)
    told = list(zip(*(column.tolist() for column in columns), strict=True))
    looked_at = [
        (number, each.begins, each.ends, each.results, each.failures)
        for number, (part, count, rate) in enumerate(zip(parts, results, usual, strict=True))
        for each in slow.find_outages(part, count, rate)
    ]
    return told, looked_at


@settings(max_examples=200, deadline=None)
@given(st.lists(CIRCUIT, min_size=1, max_size=5))
@example([([OUTAGE, HEALTH, OUTAGE], 0)])
@example([([OUTAGE], 0), ([OUTAGE], 0), ([], 30), ([HEALTH, OUTAGE, OUTAGE], 3)])
@example([([OUTAGE, WORSE, OUTAGE, HEALTH], 100), ([WORSE, WORSE], 5)])
@example([([OUTAGE, (12, 1, 0, 1000), OUTAGE, HEALTH, HEALTH], 0)])
def test_all_circuits_together_have_the_outages_of_each_looked_at_row_by_row(circuits):
    told, looked_at = found(circuits)
    assert told == looked_at


@settings(max_examples=200, deadline=None)
@given(
    st.lists(CIRCUIT, min_size=1, max_size=3),
    st.lists(st.sampled_from([0.005, 0.02, 0.08]), min_size=3, max_size=3),
)
def test_they_do_so_at_every_usual_rate(circuits, usual):
    told, looked_at = found(circuits, usual[: len(circuits)])
    assert told == looked_at


def test_a_thousand_circuits_have_the_outages_of_each():
    chance = np.random.default_rng(3)
    circuits = []
    for _ in range(1000):
        count = int(chance.integers(0, 60))
        bad = chance.random(count) < 0.1
        before = np.where(bad, chance.integers(0, 2, count), chance.integers(0, 400, count))
        failures = np.where(bad, chance.integers(1, 30, count), 1)
        rows = zip(before.tolist(), failures.tolist(), [0] * count, [30_000] * count, strict=True)
        circuits.append((list(rows), int(chance.integers(0, 900))))
    told, looked_at = found(circuits)
    assert told == looked_at
    assert len(told) > 300


def test_rows_of_good_traffic_are_passed_over():
    one = [(50, 1, 0, 1000)] * 1000 + [OUTAGE] * 3 + [(50, 1, 0, 1000)] * 1000
    rows, edges = rows_of(one, one)
    scan = _Scan(rows, edges, [0.02, 0.02], [0.8, 0.8], [20.0, 20.0])
    assert math.isclose(scan._scores[0][0], math.log(40))
    # The failure before belongs to it, as no success lies between. A failure adds 3.7, so 91 of them 336; each
    # later row takes 76 away, and the fifth begins anew.
    assert scan.ranges == [(999, 1007), (3002, 3010)]
