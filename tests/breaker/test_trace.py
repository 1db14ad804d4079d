from __future__ import annotations

from array import array

import pytest

from cbops.breaker import Trace
from cbops.errors import InputError


def test_rows_become_columns_in_the_order_given():
    trace = Trace.from_rows([(5, 1, "s"), (3, 0, "f"), (4, 2, "i"), (9, 9, "l")])
    assert (list(trace.arrival), list(trace.latency), trace.outcome) == ([5, 3, 4, 9], [1, 0, 2, 9], b"sfil")
    assert len(trace) == 4


def test_the_order_is_that_of_arrival_and_ties_stay_as_given():
    assert Trace.from_rows([(5, 0, "s"), (3, 0, "s"), (5, 0, "s"), (3, 0, "s")]).order() == [1, 3, 0, 2]


@pytest.mark.parametrize(
    "row",
    [
        (1, 2),
        (1, 2, "s", 4),
        7,
        (1.5, 2, "s"),
        (1, "2", "s"),
        (1, 2**63, "s"),
        (1, -1, "s"),
        (1, 2, "x"),
        (1, 2, ""),
        (1, 2, "sf"),
        (1, 2, None),
        (1, 2, []),
    ],
)
def test_a_row_that_is_no_request_is_named(row):
    with pytest.raises(InputError, match="row 1 "):
        Trace.from_rows([(0, 0, "s"), row])


def test_columns_of_different_lengths_are_refused():
    with pytest.raises(InputError, match="differ in length"):
        Trace(array("q", [1]), array("q", [1, 2]), b"s")
