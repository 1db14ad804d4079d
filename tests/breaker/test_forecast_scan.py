"""Most rows are passed over without a second look; what is found stays the same."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cbops.breaker.forecast.failures import Rows
from cbops.breaker.forecast.outages import _Scan

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


def rows_of(given_rows):
    before, failures, good, silence = np.array(given_rows, np.int64).T
    first = np.cumsum(silence)
    return Rows(np.zeros_like(first), first, first + 500, failures, before, failures + good)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(ROW, min_size=1, max_size=80), st.sampled_from([0.005, 0.02, 0.08]), st.sampled_from([0.1, 0.8])
)
@example([OUTAGE, HEALTH, OUTAGE], 0.005, 0.8)
@example([OUTAGE, WORSE, OUTAGE, HEALTH], 0.005, 0.1)
@example([OUTAGE, (12, 1, 0, 1000), OUTAGE, HEALTH, HEALTH], 0.005, 0.8)
def test_the_stretches_are_those_of_looking_at_every_row(given_rows, usual, failing):
    rows = rows_of(given_rows)
    results = int((rows.before + rows.inside).sum())
    scan = _Scan(rows, usual, math.log(2 * results / 0.001))
    bad, good = math.log(failing / usual), math.log((1 - failing) / (1 - usual))
    assert list(scan.stretches(failing)) == list(scan._found(bad, good, 0, len(rows)))


def test_rows_of_good_traffic_are_passed_over():
    rows = rows_of([(50, 1, 0, 1000)] * 1000 + [OUTAGE] * 3 + [(50, 1, 0, 1000)] * 1000)
    scan = _Scan(rows, 0.02, 20.0)
    found = scan._promising(math.log(40), math.log(0.2 / 0.98))
    # The failure before belongs to it, as no success lies between. A failure adds 3.7, so 91 of them 336; each
    # later row takes 76 away, and the fifth begins anew.
    assert found == [(999, 1007)]
