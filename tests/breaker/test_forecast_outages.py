"""Outages by the trace's own results: rarely found where there is none, found to the request where there is one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from forecasting import DAY, HOUR, MINUTE
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_outages import Stretch

from cbops.breaker.forecast import outages as columns
from cbops.breaker.forecast.failures import Failures
from cbops.breaker.forecast.outages import failing_threshold
from cbops.breaker.forecast.parts import Parts
from cbops.breaker.forecast.rows import Rows
from cbops.breaker.forecast.settings import LEAST_USUAL
from cbops.breaker.forecast.usual import usual_rates

LATENCY = 200


def part_of(arrival, failed, code=0):
    arrival = np.array(arrival, np.int64)
    return Parts(
        np.array([code], np.int32),
        np.array([0, len(arrival)]),
        arrival,
        np.full(len(arrival), LATENCY),
        np.where(failed, ord("f"), ord("s")).astype(np.uint8),
    )


def rows_of(arrival, failed):
    failures = Failures()
    failures.feed(part_of(arrival, failed))
    return failures.rows()


def usual_rate(rows, results):
    """Of one circuit that has all the rows."""
    (rate,) = usual_rates(rows, np.array([0]), np.array([len(rows)]), np.array([results])).tolist()
    return rate


def find_outages(rows, results, usual):
    """Of one circuit that has all the rows."""
    found = columns.find_outages(rows, np.array([0, len(rows)]), np.array([results]), [usual])
    assert not found.circuit.any()
    return stretches(found)


def stretches(found):
    names = ("begins", "ends", "results", "failures")
    return tuple(map(Stretch, *(getattr(found, name).tolist() for name in names)) if len(found) else ())


def found_in(arrival, failed):
    rows = rows_of(arrival, failed)
    return find_outages(rows, len(arrival), usual_rate(rows, len(arrival)))


def made_day(chance, a_minute, rate=0.01):
    count = 1440 * a_minute
    return np.sort(chance.integers(0, DAY, count)), chance.random(count) < rate


def false_ones(days, seed, a_minute=20):
    chance = np.random.default_rng(seed)
    return sum(bool(found_in(*made_day(chance, a_minute))) for _ in range(days))


def test_a_healthy_provider_has_no_outage_in_two_hundred_days():
    assert false_ones(200, seed=1) == 0


@pytest.mark.long
def test_a_healthy_provider_has_less_than_one_outage_in_a_thousand_days():
    assert false_ones(2000, seed=2) < 2
    assert false_ones(300, seed=3, a_minute=2) == 0


@pytest.mark.parametrize(
    ("a_minute", "failing", "minutes"), [(20, 0.8, 2), (20, 0.2, 40), (300, 0.8, 1), (2, 0.9, 20)]
)
def test_an_outage_is_found_from_its_first_failures_to_its_last(a_minute, failing, minutes):
    chance = np.random.default_rng(5)
    near = 0
    for _ in range(40):
        arrival, failed = made_day(chance, a_minute)
        during = (arrival >= 12 * HOUR) & (arrival < 12 * HOUR + minutes * MINUTE)
        failed = np.where(during, chance.random(len(arrival)) < failing, failed)
        (outage,) = found_in(arrival, failed)
        true = arrival[during & failed]
        slack = 6 * MINUTE / a_minute / failing * 2
        near += abs(outage.begins - true[0]) <= slack and abs(outage.ends - LATENCY - true[-1]) <= slack
        assert outage.failures >= 0.6 * len(true)
    assert near >= 32


def test_five_failures_in_a_row_are_an_outage_and_three_among_many_are_not():
    arrival = list(range(0, 20_000 * 3000, 3000))
    assert found_in(arrival, [500 <= number < 503 for number in range(20_000)]) == ()
    (outage,) = found_in(arrival, [500 <= number < 505 for number in range(20_000)])
    assert (outage.begins, outage.ends) == (500 * 3000, 504 * 3000 + LATENCY)
    assert (outage.results, outage.failures) == (5, 5)


def test_stray_failures_before_and_after_do_not_belong_to_the_outage():
    failing = {470, *range(500, 520), 560}
    arrival = list(range(0, 1000 * 3000, 3000))
    (outage,) = found_in(arrival, [number in failing for number in range(1000)])
    assert (outage.begins, outage.ends) == (500 * 3000, 519 * 3000 + LATENCY)


@pytest.mark.parametrize(("pause", "outages"), [(9 * MINUTE, 1), (12 * MINUTE, 2)])
def test_a_pause_of_more_than_ten_minutes_makes_two_outages(pause, outages):
    arrival = list(range(0, DAY, 3000))
    second = 12 * HOUR + MINUTE + pause
    failed = [12 * HOUR <= at < 12 * HOUR + MINUTE or second <= at < second + MINUTE for at in arrival]
    found = found_in(arrival, failed)
    assert len(found) == outages
    assert sum(each.failures for each in found) == 40


def test_a_long_pause_with_few_results_does_not_end_an_outage():
    # One call in 13 minutes, 12 of them: nothing shows that the provider was well in between.
    arrival = [*range(0, 2000 * 3000, 3000), *(6_000_000 + 13 * MINUTE * number for number in range(1, 13))]
    failed = [False] * 2000 + [True] * 12
    (outage,) = found_in(arrival, failed)
    assert outage.failures == 12


def test_the_usual_rate_is_that_outside_outages_and_never_below_its_floor():
    chance = np.random.default_rng(7)
    arrival, failed = made_day(chance, 100, rate=0.03)
    assert usual_rate(rows_of(arrival, failed), len(arrival)) == pytest.approx(0.03, abs=0.005)
    failed |= (arrival > 6 * HOUR) & (arrival < 14 * HOUR)
    assert usual_rate(rows_of(arrival, failed), len(arrival)) == pytest.approx(0.03, abs=0.005)
    assert usual_rate(rows_of([1, 2, 3], [False] * 3), 3) == LEAST_USUAL
    assert usual_rate(rows_of([1, 2, 3], [True] * 3), 3) == LEAST_USUAL
    assert (failing_threshold(0.01), failing_threshold(0.08)) == (0.10, 0.16)


def test_a_provider_that_always_fails_is_one_outage():
    (outage,) = found_in(list(range(0, 100_000, 1000)), [True] * 100)
    assert (outage.begins, outage.failures) == (0, 100)


def fed_in_pieces(arrival, failed, circuit, circuits, most, pieces=40):
    """The rows of several circuits, as of a long trace that comes in pieces."""
    failures = Failures(most)
    for piece in np.array_split(np.arange(len(arrival)), pieces):
        order = piece[np.argsort(circuit[piece], kind="stable")]
        codes, counts = np.unique(circuit[order], return_counts=True)
        failures.feed(
            Parts(
                codes.astype(np.int32),
                np.concatenate(([0], np.cumsum(counts))),
                arrival[order],
                np.full(len(order), LATENCY),
                np.where(failed[order], ord("f"), ord("s")).astype(np.uint8),
            )
        )
    assert circuits == len(np.unique(circuit))
    return failures


@pytest.mark.parametrize(("circuits", "rate", "most"), [(1, 0.02, 7000), (1, 0.05, 12_000), (20, 0.02, 7000)])
def test_outages_stay_sharp_where_the_rows_of_failures_are_too_many(circuits, rate, most):
    chance = np.random.default_rng(11)
    count = 400_000
    arrival = np.sort(chance.integers(0, 10 * DAY, count))
    circuit = chance.integers(0, circuits, count).astype(np.int32)
    failed = chance.random(count) < rate
    for begin, minutes, share in ((2 * DAY, 40, 1.0), (5 * DAY, 90, 0.5), (10 * DAY - HOUR, 60, 0.9)):
        during = (arrival >= begin) & (arrival < begin + minutes * MINUTE) & (circuit == 0)
        failed = np.where(during, chance.random(count) < share, failed)
    everything = fed_in_pieces(arrival, failed, circuit, circuits, most=10**6)
    bounded = fed_in_pieces(arrival, failed, circuit, circuits, most=most)
    assert (bounded.step, bounded.healthy_step > 0, everything.healthy_step) == (1000, True, 0)
    assert len(bounded.rows()) <= most < len(everything.rows())
    for code in range(circuits):
        results = int((circuit == code).sum())
        kept, whole = (each.rows() for each in (bounded, everything))
        kept, whole = (each.part(*np.searchsorted(each.circuit, [code, code + 1])) for each in (kept, whole))
        usual = usual_rate(whole, results)
        assert usual_rate(kept, results) == pytest.approx(usual, rel=0.15)
        found = find_outages(kept, results, usual)
        assert found == find_outages(whole, results, usual)
        assert len(found) == (3 if code == 0 else 0)


def test_an_outage_of_many_calls_a_second_stays_sharp():
    chance = np.random.default_rng(13)
    arrival = np.arange(0, HOUR, 10)
    begin = 30 * MINUTE + 17_000  # not where a minute begins
    during = (arrival >= begin) & (arrival < begin + MINUTE)
    failed = np.where(during, True, chance.random(len(arrival)) < 0.02)
    circuit = np.zeros(len(arrival), np.int32)
    for pieces in (7, 40, 120):
        failures = fed_in_pieces(arrival, failed, circuit, 1, most=1000, pieces=pieces)
        assert (failures.step, failures.healthy_step > 0) == (1000, True)
        rows = failures.rows()
        (outage,) = find_outages(rows, len(arrival), usual_rate(rows, len(arrival)))
        assert (outage.begins, outage.ends) == (begin, begin + MINUTE - 10 + LATENCY)
        assert (outage.results, outage.failures) == (6000, 6000)


def test_where_all_is_an_outage_neighbouring_seconds_are_put_together():
    arrival = np.arange(0, 4 * HOUR, 1000)
    failures = fed_in_pieces(arrival, arrival >= 0, np.zeros(len(arrival), np.int32), 1, most=4000)
    assert failures.step == 4000
    assert len(failures.rows()) <= 4000
    (outage,) = find_outages(failures.rows(), len(arrival), LEAST_USUAL)
    assert (outage.begins, outage.ends) == (0, 4 * HOUR - 1000 + LATENCY)


def slow_rows(arrival, latency, outcome, circuit, step):
    """Row by row: circuit, first, last, failures, before, inside."""
    found = []
    since = dict.fromkeys(circuit, 0)
    open_rows = {}
    for at, wait, letter, code in zip(arrival, latency, outcome, circuit, strict=True):
        if letter not in "sf":
            continue
        since[code] += 1
        if letter != "f":
            continue
        row = open_rows.get(code)
        if row is None or row["first"] // step != at // step:
            row = {
                "circuit": code,
                "first": at,
                "last": at + wait,
                "failures": 0,
                "before": since[code] - 1,
                "inside": 1,
            }
            found.append(row)
            open_rows[code] = row
        else:
            row["inside"] += since[code]
        row["failures"] += 1
        row["last"] = max(row["last"], at + wait)
        since[code] = 0
    return sorted(found, key=lambda row: row["circuit"])


ROWS = st.lists(
    st.tuples(
        st.sampled_from([0, 1, 300, 700, 5000]),
        st.sampled_from([0, 50, 4000]),
        st.sampled_from("ssffil"),
        st.integers(0, 2),
    ),
    max_size=60,
)


def sums_of(rows):
    """By circuit: the first failure, the latest completion of one, failures, and results up to the last."""
    found = {}
    for row in rows:
        first, last, failures, results = found.get(row["circuit"], (row["first"], row["last"], 0, 0))
        found[row["circuit"]] = (
            min(first, row["first"]),
            max(last, row["last"]),
            failures + row["failures"],
            results + row["before"] + row["inside"],
        )
    return found


@settings(max_examples=300, deadline=None)
@given(steps=ROWS, cuts=st.lists(st.integers(0, 60), max_size=3), most=st.sampled_from([1000, 2]))
def test_rows_of_failures_are_those_of_a_slow_count_whatever_the_chunks(steps, cuts, most):
    arrival = np.cumsum([step for step, *_ in steps]).tolist()
    columns = [list(column) for column in zip(*steps, strict=True)] or [[], [], [], []]
    failures = Failures(most)
    edges = [0, *sorted(min(cut, len(steps)) for cut in cuts), len(steps)]
    for begin, end in itertools.pairwise(edges):
        order = sorted(range(begin, end), key=lambda place: columns[3][place])
        codes, counts = np.unique([columns[3][place] for place in order], return_counts=True)
        failures.feed(
            Parts(
                codes.astype(np.int32),
                np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
                np.array([arrival[place] for place in order], np.int64),
                np.array([columns[1][place] for place in order], np.int64),
                np.array([ord(columns[2][place]) for place in order], np.uint8),
            )
        )
    rows = failures.rows()
    found = [
        dict(zip(Rows.__slots__, values, strict=True))
        for values in zip(*(getattr(rows, name).tolist() for name in Rows.__slots__), strict=True)
    ]
    slow = slow_rows(arrival, columns[1], columns[2], columns[3], failures.step)
    if not failures.healthy_step:
        assert found == slow
    assert sums_of(found) == sums_of(slow)
    assert len(found) <= most or failures.step >= DAY
    assert (failures.healthy_step > 0) == (failures.step > 1000) or len(found) <= most
    assert (
        failures.step == 1000
        or len(slow_rows(arrival, columns[1], columns[2], columns[3], failures.step // 2)) > most
    )
