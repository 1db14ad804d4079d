"""Counters that come twice, and those that only look so."""

from __future__ import annotations

import random

import pytest
from measure_days import CANARY, MINUTES, OPENAI, again, codes, day, flat, growing, measured, moved, traffic
from measure_samples import DECISIONS, EVENTS, seconds, series

from cbops.measure.copies import copies_finding
from cbops.model.base import to_ms

CODE = "contradiction_duplicate_series"


def finding(*found) -> str | None:
    told = copies_finding(found, to_ms(seconds(0)), to_ms(seconds(86_400)))
    return told[0].message if told else None


def walk(seed: int, per_minute: float = 0.3, end: int = 86_400) -> dict[int, float]:
    """A counter that rises by chance."""
    chance, total, points = random.Random(seed), 100, {}
    for offset in MINUTES:
        total += chance.random() < per_minute
        if offset <= end:
            points[offset] = total
    return day(points)


def mine(seed: int = 1, **labels: str):
    return series(EVENTS, walk(seed), event_type="success", **OPENAI, **labels)


@pytest.mark.parametrize("shift", [0, 7, 29])
def test_a_pair_of_scraping_servers_doubles_nothing_in_silence(shift):
    one = mine(prometheus_replica="a")

    text = finding(one, *again([one], shift=shift, prometheus_replica="b"))

    assert text is not None
    assert "'prometheus_replica'" in text


def test_the_finding_names_by_how_much_two_copies_rose():
    one = mine(prometheus_replica="a")

    (found,) = copies_finding(
        (one, *again([one], prometheus_replica="b")), to_ms(seconds(0)), to_ms(seconds(86_400))
    )

    rise = one.values[-1] - max(
        v for at, v in zip(one.times, one.values, strict=True) if at <= to_ms(seconds(0))
    )
    assert found.numbers == {"counters": 1, "rise_of_one": rise, "rise_of_the_other": rise}


def test_the_finding_of_a_day_misses_the_criterion_by_its_code():
    copies = [two for one in traffic()[:-1] for two in again([one], replica="b")]
    whole = [two for one in traffic()[:-1] for two in again([one], replica="a")]

    assert CODE in codes(measured(*whole, *copies, traffic()[-1]))
    assert CODE not in codes(measured(*whole, traffic()[-1]))


def test_a_busy_counter_is_recognised_although_no_two_samples_are_equal():
    one = series(EVENTS, growing(61.3), event_type="success", **OPENAI, replica="a")
    later = series(
        EVENTS,
        {at // 1000 + 20: value + 20 / 60 * 61.3 for at, value in zip(one.times, one.values, strict=True)},
        **{**one.labels, "replica": "b"},
    )

    assert finding(one, later) is not None


def test_a_copy_that_was_away_for_some_hours_is_one_all_the_same():
    one = mine(replica="a")
    (other,) = again([one], replica="b")
    partly = {
        at // 1000: v
        for at, v in zip(other.times, other.values, strict=True)
        if not 20_000 < at // 1000 % 86_400 < 40_000
    }

    assert finding(one, series(EVENTS, partly, **other.labels)) is not None


def test_one_instance_under_two_jobs_comes_twice():
    assert "'job'" in (finding(mine(), *again([mine()], job="router-by-service")) or "")


def test_two_instances_are_two_routers_whatever_they_count():
    assert finding(mine(), *again([mine()], instance="b:9001")) is None


@pytest.mark.parametrize("seed", range(2, 8))
def test_two_routers_that_another_label_tells_apart_count_for_themselves(seed):
    assert finding(mine(1, pod="a"), mine(seed, pod="b")) is None


def test_one_counter_that_differs_shows_that_the_others_are_alike_by_chance():
    twice = [
        one
        for pod in "ab"
        for one in (mine(1, pod=pod), series(EVENTS, walk(ord(pod)), event_type="failure", **OPENAI, pod=pod))
    ]

    assert finding(*twice) is None


def test_a_trace_id_never_looks_like_a_copy():
    born = [
        series(EVENTS, flat(1, 60 * number), event_type="success", trace_id=f"{number:08x}", **OPENAI)
        for number in range(300)
    ]

    assert finding(*born) is None


def test_counters_that_hardly_move_prove_nothing():
    rare = series(
        DECISIONS, {**flat(1), **flat(2, 7200), **flat(3, 9000)}, reason="sticky", **CANARY, replica="a"
    )

    assert finding(rare, *again([rare], replica="b")) is None


def test_more_counters_than_any_pair_of_servers_makes_are_a_label_that_splits():
    assert finding(*(mine(1, shard=f"{number}") for number in range(60))) is None


def test_transitions_alone_are_no_copies():
    assert CODE not in codes(measured(*traffic(), moved(flat(1, 3600), "closed", "open", replica="a")))
