"""What the replay's tests share: both ways of running the kernel, awkward traces and policies, a slow judge."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest
from hypothesis import strategies as st

from cbops.breaker import Breaker

MISSING = " and ".join(name for name in ("numpy", "numba") if find_spec(name) is None)

# With CI=true nothing is skipped: the tests then fail by the error that names the extra.
needs_compiler = pytest.mark.skipif(
    bool(MISSING) and os.environ.get("CI", "").lower() != "true",
    reason=f"needs {MISSING}, which is not installed (cbops[fast])",
)
ENGINES = pytest.mark.parametrize("engine", ["plain", pytest.param("compiled", marks=needs_compiler)])

COUNTS = [-(10**30), -1e300, -1, 0, 0.5, 1, 1, 2, 2, 2.5, 3, 5, 2**53 + 1, 2**63, 10**30, 1e300]
# In milliseconds also 0.999…, 1000.999… and 33.5, which rounding makes different from time to time, and whole
# numbers that are floats.
WINDOWS = [-(10**30), -1, -0.001, 0, 1e-20, 0.001, 0.0009999999999999999, 0.0335, 0.01, 0.1, 1, 1.001]
POLICIES = st.fixed_dictionaries(
    {},
    optional={
        "failure_threshold": st.sampled_from(COUNTS),
        "success_threshold": st.sampled_from(COUNTS),
        "half_open_max_calls": st.sampled_from(COUNTS),
        "timeout_ms": st.sampled_from([-(10**30), -1, 0, 0.1, 1, 2.5, 10, 100, 2**62, 2**64, 1e300]),
        "error_rate_threshold": st.sampled_from(
            [-1e300, -1, 0, 5e-324, 0.1, 0.3, 1 / 3, 0.5, 0.5, 2 / 3, 1, 1 + 2**-52, 2, 10**30]
        ),
        "error_rate_window_seconds": st.sampled_from([*WINDOWS, 60, 2**60, 10**30, 1e297, -1e297]),
    },
)
# Around 2**52 the compiled kernel hands over; beyond 2**53 neighbouring floats are 2 apart.
STARTS = [0, 0, -50, 1_700_000_000_000, 2**52 - 90, -(2**52) - 90, 2**53 - 90, 2**60, 2**63 - 10**4]
STEPS = st.sampled_from([0, 0, 0, 1, 1, 2, 5, 9, 30, 120])
LATENCIES = st.sampled_from([0, 0, 0, 1, 1, 2, 5, 9, 40, 200, 3000])
OUTCOMES = st.sampled_from("sssfffil")


@st.composite
def traces(draw):
    """Rows in order of arrival, with ties of every kind."""
    now = draw(st.sampled_from(STARTS))
    rows = []
    for step, latency, outcome in draw(st.lists(st.tuples(STEPS, LATENCIES, OUTCOMES), max_size=60)):
        now += step
        rows.append((now, latency, outcome))
    if rows and draw(st.integers(0, 9)) == 0:
        place = draw(st.integers(0, len(rows) - 1))
        rows[place] = (
            rows[place][0],
            draw(st.sampled_from([2**31, 2**53, 2**62, 2**63 - 1])),
            rows[place][2],
        )
    return rows


def told(result):
    """Everything that a replay says, as plain data."""
    return {
        "transitions": result.transitions,
        "held": list(zip(result.moved_results, result.moved_failures, strict=True)),
        "denied": result.denied,
        "counts": (result.allowed, result.fail_fast),
        "ended": (result.success, result.failure, result.ignored, result.lost),
        "final_state": result.final_state,
        "ending": result.ending,
    }


def scalar(policy, rows):
    """The same from the scalar breaker, asked and told in an order that is worked out row by row."""
    moved, held = [], []

    def hook(now, source, target, reason):
        moved.append((now, source, target, reason))
        held.append(breaker.window if source == "closed" else (0, 0))

    breaker = Breaker(policy, on_transition=hook)
    events = []
    for place, (index, (arrival, latency, _)) in enumerate(
        sorted(enumerate(rows), key=lambda item: item[1][0])
    ):
        # At one millisecond: results (0) before arrivals (1); a result of its own arrival's millisecond
        # directly after that.
        events.append(((arrival, 1, place, 0), "ask", index))
        done = (arrival, 1, place, 1) if latency == 0 else (arrival + latency, 0, place, 0)
        events.append((done, "record", index))
    denied = []
    refused = set()
    for (now, *_), what, index in sorted(events):
        if what == "ask":
            if not breaker.allow(now):
                denied.append(index)
                refused.add(index)
        elif index not in refused and rows[index][2] in "sf":
            (breaker.record_success if rows[index][2] == "s" else breaker.record_failure)(now)
    admitted = [outcome for index, (_, _, outcome) in enumerate(rows) if index not in refused]
    return {
        "transitions": moved,
        "held": held,
        "denied": denied,
        "counts": (len(admitted), len(denied)),
        "ended": tuple(admitted.count(outcome) for outcome in "sfil"),
        "final_state": breaker.state,
        "ending": {name: getattr(breaker, name) for name in ENDING},
    }


ENDING = (
    "state",
    "state_changed_at",
    "failure_count",
    "success_count",
    "half_open_calls",
    "error_rate",
)
