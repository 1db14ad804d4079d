"""What the forecast's tests share: traffic as rows, and what a forecast says as plain data."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import strategies as st

from cbops.breaker import Trace, replay
from cbops.breaker.forecast.forecaster import Forecaster
from cbops.model.base import to_ms
from cbops.model.traffic import Circuit, TrafficChunk, TrafficSummary

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
CIRCUITS = tuple(Circuit(tenant=f"t{number}", provider="openai") for number in range(4))
SUMMARY = TrafficSummary(origin="files")


def chunk_of(rows, circuits=CIRCUITS, *, begins=False):
    """Rows of (arrival, latency, letter, place of the circuit)."""
    arrival, latency, outcome, circuit = zip(*rows, strict=True) if rows else ((), (), (), ())
    return TrafficChunk(
        np.array(arrival, np.int64),
        np.array(latency, np.int64),
        np.frombuffer("".join(outcome).encode(), np.uint8),
        np.array(circuit, np.int32),
        circuits,
        begins,
    )


def fed(rows, policies, *, cuts=(), circuits=CIRCUITS, summary=SUMMARY, **options):
    """The forecast of rows that are fed in chunks."""
    forecaster = Forecaster(policies, **options)
    edges = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    for begin, end in pairwise(edges):
        forecaster.feed(chunk_of(rows[begin:end], circuits, begins=begin == 0 and end > 0))
    return forecaster.finish(summary)


def single(rows, policy, **options):
    """One circuit under one policy; rows without the circuit's place."""
    forecast = fed([(*row, 0) for row in rows], {"asked": policy}, **options)
    return forecast.policies[0].circuits[0]


def told(circuit):
    """A circuit's forecast as a replay tells it."""
    return {
        "transitions": [
            (to_ms(each.at), each.source, each.target, each.reason) for each in circuit.transitions
        ],
        "admitted": tuple(circuit.admitted.model_dump().values()),
        "denied": circuit.denied.total,
        "final_state": circuit.final_state,
    }


def alone(rows, policy):
    """The same by a replay of its own, interpreted."""
    result = replay(policy, Trace.from_rows(rows), engine="plain")
    return {
        "transitions": result.transitions,
        "admitted": (result.success, result.failure, result.ignored, result.lost),
        "denied": result.fail_fast,
        "final_state": result.final_state,
    }


STEPS = st.sampled_from([0, 0, 0, 1, 1, 2, 5, 9, 30, 120, 4000])
LATENCIES = st.sampled_from([0, 0, 0, 1, 1, 2, 5, 9, 40, 200, 3000])


@st.composite
def interleaved(draw, most=80):
    """Rows of up to four circuits in order of arrival, with ties of every kind."""
    now = draw(st.sampled_from([0, -50, 1_700_000_000_000]))
    rows = []
    for step, latency, outcome, code in draw(
        st.lists(st.tuples(STEPS, LATENCIES, st.sampled_from("sssfffil"), st.integers(0, 3)), max_size=most)
    ):
        now += step
        rows.append((now, latency, outcome, code))
    return rows
