"""For how much of each step a circuit was not closed, told from the answer's own episodes."""

from __future__ import annotations

import numpy as np
from forecasting import fed, interleaved
from hypothesis import given, settings
from hypothesis import strategies as st
from replaying import POLICIES

from cbops.breaker.forecast import written
from cbops.model.base import to_ms


def slow_share(circuit, begin, end):
    """Of one circuit in one step."""
    taken = 0
    for episode in circuit.episodes:
        closed = end if episode.closed is None else to_ms(episode.closed)
        taken += max(0, min(end, closed) - max(begin, to_ms(episode.opened)))
    return taken / (end - begin)


@settings(max_examples=150, deadline=None)
@given(policy=POLICIES, rows=interleaved(), spread=st.sampled_from([1, 50, 3000]))
def test_the_share_of_a_step_is_that_of_the_circuit_open_longest_in_it(policy, rows, spread):
    first = rows[0][0] if rows else 0
    rows = [(first + (at - first) * spread, *other) for at, *other in rows]
    forecast = fed(rows, {"asked": policy, "none": None})
    timeline = forecast.timeline
    if timeline is None:
        return
    begin, step = to_ms(timeline.begins), timeline.step_ms
    for each in forecast.policies:
        slow = [
            max(slow_share(circuit, at, at + step) for circuit in each.circuits)
            for at in range(begin, begin + step * len(timeline.results), step)
        ]
        # NumPy rounds halves otherwise than Python.
        assert list(timeline.open[each.name]) == np.round(slow, 4).tolist()


def test_many_circuits_are_told_a_few_at_a_time(monkeypatch):
    rows = sorted(
        (number * 70 + at, 5, "f", number % 4) for number in range(40) for at in range(0, 3000, 1000)
    )
    whole = fed(rows, {"asked": {"timeout_ms": 1500}})
    assert any(whole.timeline.open["asked"])
    monkeypatch.setattr(written, "_CIRCUITS", 1)
    assert fed(rows, {"asked": {"timeout_ms": 1500}}) == whole
