"""What the forecast's tests share: traffic as rows, and what a forecast says as plain data."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import strategies as st
from slow_openings import Cause

from cbops.breaker import Trace, replay
from cbops.breaker.forecast.forecaster import Forecaster
from cbops.breaker.forecast.judging import Around, classes
from cbops.breaker.forecast.opened import NEVER, Opened
from cbops.breaker.forecast.openings import Causes
from cbops.breaker.forecast.outages import failing_threshold
from cbops.breaker.forecast.troubles import Troubles
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


def troubles_of(*circuits):
    """The troubles of the slow judge, of one circuit after the other."""
    rows = [(place, each) for place, troubles in enumerate(circuits) for each in troubles]
    names = ("begins", "ends", "results", "failures")
    begins, ends, results, failures = (
        np.array([getattr(each, name) for _, each in rows], np.int64) for name in names
    )
    declared = np.array([each.source == "incident" for _, each in rows], np.bool_)
    circuit = np.array([place for place, _ in rows], np.int64)
    return Troubles.of(len(circuits), circuit, begins, ends, declared, results, failures)


def opened_of(*circuits):
    """The openings of the slow judge, of one circuit after the other, each in order of time."""
    rows = [each for openings in circuits for each in openings]
    edges = np.cumsum([0, *map(len, circuits)])
    return Opened(
        edges=edges,
        circuit=np.repeat(np.arange(len(circuits)), np.diff(edges)),
        at=np.array([each.at for each in rows], np.int64),
        closed=np.array([NEVER if each.closed is None else each.closed for each in rows], np.int64),
        why=np.zeros(len(rows), np.uint8),
        window=pairs_of([each.window for each in rows]),
        reopened=np.array([each.reopened for each in rows], np.int64),
    )


def pairs_of(rows):
    return np.array(rows, np.int64).reshape(-1, 2)


def causes(openings, troubles, window_ms, usual, say):
    """Of one circuit's openings, in order of time."""
    known, opened = troubles_of(troubles), opened_of(openings)
    around = Around.of(
        opened.window,
        pairs_of([each.before for each in openings]),
        pairs_of([each.after for each in openings]),
    )
    by, thresholds = known.explaining(opened, window_ms), np.array([failing_threshold(usual)])
    kinds = classes(around, by >= 0, thresholds[opened.circuit])
    told = Causes(known, say).of(opened, around, kinds, by, thresholds)
    names = ("expected", "unexpected", "unexplained")
    return [Cause(names[kind], *each) for kind, each in zip(kinds.tolist(), told, strict=True)]


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
