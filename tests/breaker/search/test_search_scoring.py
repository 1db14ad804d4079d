"""Scores against the forecast of the same policy, which is worked out in another way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cbops.breaker import resolve
from cbops.breaker.forecast.forecaster import Forecaster
from cbops.breaker.forecast.opened import NEVER
from cbops.breaker.search.board import figures
from cbops.breaker.search.days import Days
from cbops.breaker.search.gathering import BYTES_A_REQUEST, BYTES_A_WORKER, Gathering
from cbops.breaker.search.searching import Gathered, scores
from cbops.breaker.search.space import Candidate
from cbops.errors import InputError
from cbops.model.base import from_ms, to_ms
from cbops.model.events import IncidentAdded
from cbops.model.policy import CANARY_BLOCK
from cbops.model.traffic import Circuit, TrafficChunk, TrafficSummary

START = 1_737_936_000_000  # 2025-01-27T00:00:00Z
CIRCUITS = (Circuit(tenant="a", provider="openai"), Circuit(tenant="b", provider="openai"))
KINDS = ("expected", "unexpected", "unexplained")


def chunk(rows, circuits=CIRCUITS, *, begins=True) -> TrafficChunk:
    """(arrival, latency, outcome, circuit) in order of arrival."""
    arrival, latency, outcome, circuit = zip(*rows, strict=True) if rows else ((), (), (), ())
    return TrafficChunk(
        np.array(arrival, np.int64),
        np.array(latency, np.int64),
        np.frombuffer("".join(outcome).encode(), np.uint8),
        np.array(circuit, np.int32),
        circuits,
        begins,
    )


STRETCH = st.tuples(
    st.sampled_from([1, 700, 20_000, 400_000]),  # ms from request to request
    st.sampled_from(["s", "f", "sssf", "sfi", "sl"]),
    st.integers(1, 60),
    st.sampled_from([30, 90_000]),  # ms that every seventh takes
    st.sampled_from([1, 2]),  # circuits
    st.sampled_from([0, 3_600_000, 40_000_000]),  # ms of silence behind it
)


def rows_of(stretches):
    now, rows = START, []
    for gap, outcomes, count, longest, circuits, silence in stretches:
        for place in range(count):
            now += gap
            latency = (longest if place % 2 else 0) if place % 7 == 0 else 30
            rows.append((now, latency, outcomes[place % len(outcomes)], place % circuits))
        now += silence
    return rows


def traffic():
    """Days of thin traffic with stretches of failures in it."""
    return st.lists(STRETCH, min_size=1, max_size=10).map(rows_of)


POLICIES = st.fixed_dictionaries(
    {
        "failure_threshold": st.sampled_from([1, 2, 5, 50]),
        "error_rate_threshold": st.sampled_from([0.1, 0.5, 1]),
        "error_rate_window_seconds": st.sampled_from([1, 60, 600]),
        "timeout_ms": st.sampled_from([1, 30_000, 3_600_000]),
        "success_threshold": st.sampled_from([1, 2, 4]),
        "half_open_max_calls": st.sampled_from([1, 3]),
    }
)


def gathered(rows, incidents=(), circuits=CIRCUITS):
    made = Gathered(memory_bytes=2**30, incidents=incidents)
    made.feed(chunk(rows, circuits))
    return made.ready()


def by_the_forecast(policy, rows, incidents=()):
    forecaster = Forecaster({"p": policy}, incidents=incidents)
    forecaster.feed(chunk(rows))
    return forecaster.finish(TrafficSummary(origin="files", requests=len(rows))).policies[0]


@settings(max_examples=60)
@given(traffic(), POLICIES, st.booleans(), st.sampled_from(["plain", "compiled"]))
def test_a_policy_scores_what_its_forecast_says(rows, policy, declared, engine) -> None:
    middle = from_ms(rows[len(rows) // 2][0])
    incidents = (
        (IncidentAdded(provider="openai", start=middle, end=middle + timedelta(hours=1)),) if declared else ()
    )
    ready = gathered(rows, incidents)
    board = (scorer := ready.scorer(1, timezone="UTC", engine=engine)).board([scorer.score(resolve(policy))])
    told = by_the_forecast(policy, rows, incidents)
    totals = told.totals
    assert [int(getattr(board, kind).sum()) for kind in KINDS] == [getattr(totals, kind) for kind in KINDS]
    assert int(board.rejected.sum()) == totals.rejected
    assert int(board.saved.sum()) == totals.saved
    assert int(board.through.sum()) == totals.failed_through
    assert int(board.missed.sum()) == totals.outages_missed
    assert int(board.outages.sum()) == totals.outages == ready.outages
    assert int(board.wedged[0]) == totals.wedged
    outages = [outage for each in told.circuits for outage in each.outages]
    opened = sorted(NEVER if each.opened_after_ms is None else each.opened_after_ms for each in outages)
    met = [each for each in outages if each.opened_after_ms is not None]
    closed = sorted(NEVER if each.closed_after_ms is None else each.closed_after_ms for each in met)
    assert board.opened_after[0] == (opened[len(opened) // 2] if opened else NEVER)
    assert board.closed_after[0] == (closed[len(closed) // 2] if closed else NEVER)


@given(traffic(), POLICIES)
@settings(max_examples=25)
def test_what_is_counted_by_day_is_what_the_requests_of_that_day_met(rows, policy) -> None:
    ready = gathered(rows)
    scorer = ready.scorer(1, timezone="Europe/Berlin", engine="plain")
    board = scorer.board([scorer.score(resolve(policy))])
    days = Days.of([np.array([row[0] for row in rows])], "Europe/Berlin")
    dates = [datetime.fromtimestamp(row[0] / 1000, UTC) + timedelta(hours=1) for row in rows]
    assert len(days) == len({each.date() for each in dates}) == board.days
    episodes = [episode for each in by_the_forecast(policy, rows).circuits for episode in each.episodes]
    opened = days.count(np.array([to_ms(each.opened) for each in episodes], np.int64))
    assert (board.expected + board.unexpected + board.unexplained)[0].tolist() == opened.tolist()
    failures = days.count(np.array([row[0] for row in rows if row[2] == "f"], np.int64))
    assert (board.through + board.saved)[0].tolist() == failures.tolist()


def test_the_chance_of_a_wedge_comes_from_the_results_that_are_not_recorded() -> None:
    # Of ten requests one is ignored and one lost: two of three probes unrecorded 3*0.2²*0.8, three 0.2³.
    rows = [(START + place, 1, "ssssssssil"[place % 10], 0) for place in range(100)]
    scorer = gathered(rows).scorer(1, timezone="UTC", engine="plain")
    assert scorer.score(resolve(CANARY_BLOCK)).wedge_chance == pytest.approx(3 * 0.04 * 0.8 + 0.008)
    assert scorer.score(resolve({**CANARY_BLOCK, "success_threshold": 4})).wedge_chance == 1


def test_two_chunks_are_gathered_like_one_and_a_new_beginning_forgets() -> None:
    rows = [(START + place * 1000, 5, "sf"[place % 2], place % 2) for place in range(40)]
    made = Gathering(2**30)
    made.feed(chunk(rows[30:]))
    made.feed(chunk(rows[:10]))
    made.feed(chunk(rows[10:], begins=False))
    parts = made.parts()
    assert parts.codes.tolist() == [0, 1]
    assert parts.edges.tolist() == [0, 20, 40]
    assert parts.arrival[:20].tolist() == [row[0] for row in rows if row[3] == 0]
    assert parts.outcome[20:].tobytes() == b"f" * 20
    assert made.requests == 40


def test_a_circuit_without_a_request_is_no_part() -> None:
    made = Gathering(2**30)
    made.feed(chunk([(START, 1, "s", 1)]))
    assert made.parts().codes.tolist() == [1]


def test_traffic_beyond_the_memory_is_refused_with_what_it_would_need() -> None:
    rows = [(START + place, 1, "s", 0) for place in range(30_000)]
    made = Gathering(30_000 * (BYTES_A_REQUEST + BYTES_A_WORKER), workers=1)
    made.feed(chunk(rows))
    made.feed(chunk(rows, begins=False))
    with pytest.raises(InputError) as raised:
        made.parts()
    assert "60,000 of them need about 5 MiB, and there is room for 3 MiB" in raised.value.message
    assert "--provider" in raised.value.hint


def test_every_candidate_is_scored_whatever_the_number_of_threads() -> None:
    rows = [(START + place * 1000, 5, "ssf"[place % 3], place % 2) for place in range(600)]
    scorer = gathered(rows).scorer(5, timezone="UTC", engine="plain")
    blocks = [{**CANARY_BLOCK, "failure_threshold": value} for value in range(1, 6)]
    candidates = [Candidate(block, resolve(block)) for block in blocks]
    alone = dict(scores(scorer, candidates, 1))
    several = dict(scores(scorer, candidates, 3))
    assert sorted(alone) == sorted(several) == [0, 1, 2, 3, 4]
    one, other = (figures(scorer.board([rows[place] for place in range(5)])) for rows in (alone, several))
    assert one.opens.tolist() == other.opens.tolist()
    assert one.rejected.tolist() == other.rejected.tolist()


def test_a_search_that_is_closed_early_stops() -> None:
    rows = [(START + place * 1000, 5, "ssf"[place % 3], 0) for place in range(600)]
    scorer = gathered(rows).scorer(50, timezone="UTC", engine="plain")
    played = scores(scorer, [Candidate(CANARY_BLOCK, resolve(CANARY_BLOCK))] * 50, 2)
    next(played)
    played.close()
    assert list(played) == []


def test_a_day_in_which_clocks_change_is_one_day() -> None:
    # 2025-03-30 in Berlin has 23 hours: it begins at 23:00 UTC and ends at 22:00 UTC.
    begin = to_ms(datetime(2025, 3, 29, 23, tzinfo=UTC))
    times = np.array([begin - 1, begin, begin + 23 * 3_600_000 - 1, begin + 23 * 3_600_000], np.int64)
    days = Days.of([times], "Europe/Berlin")
    assert days.places(times).tolist() == [0, 1, 1, 2]
    assert days.count(times).tolist() == [1, 2, 1]
