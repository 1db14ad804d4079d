"""The Pareto front against a slow judge."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cbops.breaker.search.front import front


def beaten(row, others) -> bool:
    return any(
        all(a <= b for a, b in zip(other, row, strict=True))
        and any(a < b for a, b in zip(other, row, strict=True))
        for other in others
    )


ROWS = st.integers(1, 5).flatmap(
    lambda width: st.lists(
        st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, float("inf")]), min_size=width, max_size=width),
        min_size=1,
        max_size=30,
    )
)


@given(ROWS)
def test_on_the_front_is_what_none_beats(rows) -> None:
    assert front(np.array(rows)).tolist() == [not beaten(row, rows) for row in rows]


@given(ROWS, st.randoms())
def test_the_order_of_the_policies_plays_no_part(rows, random) -> None:
    order = list(range(len(rows)))
    random.shuffle(order)
    found = front(np.array(rows))
    assert front(np.array(rows)[order]).tolist() == found[order].tolist()


def test_equal_policies_are_on_the_front_together() -> None:
    assert front(np.array([[1.0, 2.0], [2.0, 1.0], [1.0, 2.0], [2.0, 2.0]])).tolist() == [
        True,
        True,
        True,
        False,
    ]


def test_without_policies_there_is_no_front() -> None:
    assert front(np.zeros((0, 3))).tolist() == []
