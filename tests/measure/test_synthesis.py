"""Requests made of counters: numbers exact, places by a fixed rule, holes told."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from measure_samples import DAY_S, DECISIONS, EVENTS, LATENCY, Memory, seconds, series, targets_of, up

from cbops.measure import spreading
from cbops.measure.counting import increase
from cbops.measure.queries import scrape_query
from cbops.measure.spreading import CHUNK, Burst, Spread
from cbops.measure.synthesis import Synthesis, Wanted, counters_query
from cbops.model.base import to_ms
from cbops.model.config import MetricsConfig

CONFIG = MetricsConfig()
START = DAY_S * 1000


def counter(kind, points, provider="openai", **labels):
    """Samples at seconds of the day."""
    return series(
        EVENTS,
        {DAY_S + at: value for at, value in points.items()},
        **({"tenant_id": "t1", "provider_id": provider, "event_type": kind, "instance": "a"} | labels),
    )


def latency(part, points, **labels):
    named = {"tenant_id": "t1", "provider_id": "openai", "instance": "a"} | labels
    return series(f"{LATENCY}_{part}", {DAY_S + at: value for at, value in points.items()}, **named)


def decisions(reason, points):
    return series(
        DECISIONS,
        {DAY_S + at: value for at, value in points.items()},
        tenant_id="t1",
        policy_id="p1",
        reason=reason,
        instance="a",
    )


def synthesised(*found, start=0, end=600, piece=None, config=CONFIG, provider=None):
    """(chunks, summary) of what a source with these series has in (start, end], piece by piece."""
    source = Memory(*found)
    wanted = Wanted("t1", provider and frozenset({provider}), seconds(start), seconds(end))
    synthesis = Synthesis(config, wanted, "prometheus")
    chunks, begin = [], wanted.start
    while begin < wanted.end:
        last = min(begin + timedelta(seconds=piece or end - start), wanted.end)
        counters = source.fetch(counters_query(config, "t1"), begin, last)
        scrapes = source.fetch(scrape_query(config, counters.series), begin, last)
        chunks += synthesis.take(counters, scrapes, begin, last)
        begin = last
    return chunks, synthesis.summary


def requests(chunks):
    """(instance, provider, milliseconds of the day, latency, letter) of all of them, in their order."""
    return [
        (chunk.circuits[circuit].instance, chunk.circuits[circuit].provider, at - START, took, chr(letter))
        for chunk in chunks
        for at, took, letter, circuit in zip(
            chunk.arrival, chunk.latency, chunk.outcome, chunk.circuit, strict=True
        )
    ]


def short(chunks):
    return [(at, letter) for _, _, at, _, letter in requests(chunks)]


def test_an_interval_is_cut_into_equal_parts_with_its_failures_evenly_between():
    chunks, summary = synthesised(
        counter("success", {0: 10, 60: 13, 120: 13, 180: 15}),
        counter("failure", {0: 1, 60: 2, 120: 2, 180: 4}),
    )

    assert short(chunks) == [
        (7_500, "s"), (22_500, "s"), (37_500, "f"), (52_500, "s"),
        (127_500, "s"), (142_500, "f"), (157_500, "s"), (172_500, "f"),
    ]  # fmt: skip
    assert (summary.requests, summary.approximate, summary.origin) == (8, True, "prometheus")
    assert summary.begins == seconds(7.5)
    assert summary.ends == seconds(172.5)


@pytest.mark.parametrize(
    ("success", "failure", "letters"),
    [
        (4, 1, "ssfss"),
        (1, 1, "sf"),
        (2, 2, "sfsf"),
        (0, 3, "fff"),
        (3, 0, "sss"),
        (1, 4, "ffsff"),
        (6, 2, "ssfsssfs"),
    ],
)
def test_failures_lie_evenly_among_the_successes(success, failure, letters):
    burst = Burst(0, 0, 60_000, success, failure, 0)

    assert burst.outcomes(0, burst.total).decode() == letters


def test_a_failure_series_that_is_born_counts_in_full_and_the_first_sample_of_a_target_is_only_a_base():
    chunks, _ = synthesised(counter("success", {60: 5, 120: 5, 180: 6}), counter("failure", {120: 2, 180: 2}))

    assert short(chunks) == [(75_000, "f"), (105_000, "f"), (150_000, "s")]


def test_the_first_results_of_a_tenant_count_where_its_router_was_scraped_before():
    chunks, _ = synthesised(
        counter("success", {120: 2}), up([DAY_S + at for at in (0, 60, 120)], instance="a")
    )

    assert short(chunks) == [(75_000, "s"), (105_000, "s")]


def test_after_a_restart_the_new_count_is_counted_in_full_and_the_hidden_one_is_told():
    chunks, summary = synthesised(
        counter("success", {0: 100, 60: 102, 120: 1, 180: 1}), counter("failure", {0: 7, 60: 7, 180: 1})
    )

    assert short(chunks) == [(15_000, "s"), (45_000, "s"), (90_000, "s"), (150_000, "f")]
    assert "what a restart of a router hid" in (summary.note or "")


def test_each_instance_has_its_own_circuit_and_arrivals_are_in_order_over_all():
    chunks, _ = synthesised(
        counter("success", {0: 0, 60: 2}),
        counter("success", {10: 0, 70: 3}, instance="b"),
        counter("failure", {10: 0, 70: 1}, instance="b", provider="anthropic"),
    )

    assert [(instance, provider, at) for instance, provider, at, *_ in requests(chunks)] == [
        ("a", "openai", 15_000),
        ("b", "openai", 20_000),
        ("b", "openai", 40_000),
        ("b", "anthropic", 40_000),
        ("a", "openai", 45_000),
        ("b", "openai", 60_000),
    ]
    assert {one.tenant for one in chunks[-1].circuits} == {"t1"}


def test_one_provider_leaves_the_others_out():
    chunks, summary = synthesised(
        counter("success", {0: 0, 60: 2}),
        counter("failure", {0: 0, 60: 2}, provider="anthropic"),
        provider="openai",
    )

    assert {provider for _, provider, *_ in requests(chunks)} == {"openai"}
    assert summary.requests == 2


def test_a_gap_has_the_requests_that_were_counted_over_it_and_its_share_is_told():
    every_minute = dict.fromkeys((*range(0, 181, 60), *range(420, 601, 60)), 10.0)
    chunks, summary = synthesised(counter("success", every_minute | {420: 14, 480: 14, 540: 14, 600: 14}))

    assert short(chunks) == [(210_000, "s"), (270_000, "s"), (330_000, "s"), (390_000, "s")]
    assert "0.1 h (40.0%) of the time has no samples" in (summary.note or "")


def test_a_pause_longer_than_the_source_looks_back_makes_nothing_up():
    hours = 3600
    chunks, summary = synthesised(
        counter("success", {0: 5, 60: 6, 10 * hours: 900, 10 * hours + 60: 901}),
        end=11 * hours,
        piece=hours,
    )

    assert short(chunks) == [(30_000, "s"), (10 * hours * 1000 + 30_000, "s")]
    assert summary.requests == 2


def test_latency_is_the_mean_of_the_interval_and_zero_where_there_is_none():
    chunks, summary = synthesised(
        counter("success", {0: 0, 60: 1, 120: 2}),
        latency("count", {0: 0, 60: 2, 120: 2}),
        latency("sum", {0: 0, 60: 401, 120: 401}),
    )

    assert [took for _, _, _, took, _ in requests(chunks)] == [200, 0]
    assert "with its mean latency" in (summary.note or "")


def test_a_latency_that_nobody_exports_is_told():
    _, summary = synthesised(counter("success", {0: 0, 60: 1}))

    assert "a latency of 0, as none is exported" in (summary.note or "")


DENIED = (counter("success", {0: 0, 60: 3}), counter("fail_fast", {0: 0, 60: 5}))


def test_denied_requests_that_the_fallback_took_are_counted_and_left_out():
    chunks, summary = synthesised(*DENIED, decisions("circuit_breaker_fallback", {0: 0, 60: 5}))

    assert short(chunks) == [(10_000, "s"), (30_000, "s"), (50_000, "s")]
    assert summary.denied_in_production == 5
    assert "sent all the same" not in (summary.note or "")


def test_denied_requests_without_a_fallback_were_sent_and_are_among_the_results():
    _, summary = synthesised(*DENIED, decisions("weighted", {0: 0, 60: 8}))

    assert summary.denied_in_production == 0
    assert "5 denied requests were sent all the same" in (summary.note or "")


def test_denied_requests_are_left_out_where_the_router_rejects_them():
    rejecting = MetricsConfig(denied_without_fallback="rejected")
    _, summary = synthesised(*DENIED, decisions("weighted", {0: 0, 60: 8}), config=rejecting)

    assert summary.denied_in_production == 5


def test_a_dialect_without_denied_requests_says_that_they_are_unknown():
    _, summary = synthesised(counter("success", {0: 0, 60: 3}), config=MetricsConfig(dialect="documented"))

    assert "does not count denied requests" in (summary.note or "")


def test_fractions_of_a_result_are_carried_on_and_none_is_lost():
    chunks, _ = synthesised(counter("success", {0: 0, 60: 0.4, 120: 0.8, 180: 1.2, 240: 2}))

    assert len(short(chunks)) == 2


def test_what_began_before_the_time_asked_for_lies_inside_it():
    chunks, _ = synthesised(counter("success", {0: 0, 60: 2}), start=30, end=60)

    assert short(chunks) == [(37_500, "s"), (52_500, "s")]


def test_remapped_names_and_labels_are_understood():
    config = MetricsConfig(names={EVENTS: "cb_events"}, labels={"tenant_id": "customer"})
    found = series(
        "cb_events",
        {DAY_S: 0, DAY_S + 60: 1},
        customer="t1",
        provider_id="openai",
        event_type="failure",
        instance="a",
    )
    chunks, _ = synthesised(found, config=config)

    assert short(chunks) == [(30_000, "f")]


def test_without_a_request_nothing_is_told():
    chunks, summary = synthesised(counter("success", {0: 4, 60: 4}))

    assert (chunks, summary.requests, summary.begins, summary.ends) == ([], 0, None, None)


def test_the_first_chunk_begins_and_circuits_only_grow():
    chunks, _ = synthesised(
        counter("success", {0: 0, 60: 1, 120: 2}),
        counter("success", {120: 0, 180: 1}, provider="anthropic"),
        piece=60,
    )

    assert [chunk.begins for chunk in chunks] == [True] + [False] * (len(chunks) - 1)
    assert [len(chunk.circuits) for chunk in chunks] == sorted(len(chunk.circuits) for chunk in chunks)
    assert requests(chunks)[-1][1] == "anthropic"


def test_a_huge_interval_is_told_in_chunks_that_fit_in_memory():
    spread = Spread()
    spread.add([Burst(0, 0, 60_000, 40_000_000, 10_000_000, 5), Burst(1, 30_000, 90_000, 7, 0, 5)])
    told = spread.until(90_000)
    sizes = [len(next(told)) for _ in range(3)]

    assert all(CHUNK <= size <= 2 * CHUNK for size in sizes)


def test_a_burst_that_begins_before_what_is_told_already_begins_there():
    spread = Spread()
    spread.add([Burst(0, 0, 60_000, 4, 0, 0)])
    first = [at for columns in spread.until(60_000) for at in columns.arrival]
    spread.add([Burst(1, 30_000, 120_000, 1, 0, 0)])
    second = [at for columns in spread.until(120_000) for at in columns.arrival]

    assert first == [7_500, 22_500, 37_500, 52_500]
    assert second == [52_500 + 7_500 + 30_000]


@given(
    after=st.integers(-(10**6), 10**15),
    length=st.integers(1, 10**6),
    success=st.integers(0, 60),
    failure=st.integers(0, 60),
    cuts=st.lists(st.floats(0, 1), max_size=5),
)
def test_however_a_burst_is_cut_its_requests_are_the_same(after, length, success, failure, cuts):
    whole = Burst(0, after, after + length, success, failure, 0)
    if not whole.total:
        return
    arrivals, letters = list(whole.arrivals(0, whole.total)), whole.outcomes(0, whole.total)
    assert arrivals == sorted(arrivals)
    assert all(after < at <= after + length for at in arrivals)
    assert Counter(letters) == Counter({ord("s"): success, ord("f"): failure})

    told = bytearray()
    for share in (*sorted(cuts), 1):
        time = after + int(share * length)
        last = whole.until(time)
        assert last == sum(at <= time for at in arrivals)
        told += whole.outcomes(whole.sent, last)
        whole.sent = last
    assert bytes(told) == letters


@given(burst=st.tuples(st.integers(1, 200), st.integers(0, 200)))
def test_between_two_failures_lie_as_many_successes_as_anywhere_give_or_take_one(burst):
    success, failure = burst
    letters = Burst(0, 0, 60_000, success, failure, 0).outcomes(0, success + failure)
    between = [len(run) for run in letters.split(b"f")[1:-1]]

    assert not between or max(between) - min(between) <= 1


@st.composite
def worlds(draw):
    """Counters of two providers on two instances, with births, restarts, gaps and quiet times."""
    found = []
    for instance, offset in (("a", 0), ("b", draw(st.sampled_from([0, 1, 17, 59])))):
        gone = draw(st.sets(st.integers(0, 29), max_size=10))
        restart = draw(st.sampled_from([None, 7, 20]))
        for provider in ("openai", "anthropic"):
            for kind in ("success", "failure", "fail_fast"):
                born = draw(st.sampled_from([0, 0, 3, 12]))
                value, points = draw(st.integers(0, 5)), {}
                for scrape in range(30):
                    value = 0 if scrape == restart else value + draw(st.sampled_from([0, 0, 1, 2, 9]))
                    if scrape >= born and scrape not in gone:
                        points[60 * scrape + offset] = float(value)
                found.append(counter(kind, points, provider, instance=instance))
        alive = [DAY_S + 60 * scrape + offset for scrape in range(30) if scrape not in gone]
        found.append(up(alive, instance=instance))
    return [one for one in found if one.times]


@settings(max_examples=50)
@given(found=worlds(), piece=st.sampled_from([240, 700, 1800]))
def test_requests_are_as_many_as_the_counters_rose_whatever_the_pieces(found, piece):
    chunks, summary = synthesised(*found, end=1800, piece=piece)
    events = [one for one in found if one.name == EVENTS]
    targets = targets_of(*events, ups=[one for one in found if one.name == "up"])

    told = Counter((instance, provider, letter) for instance, provider, _, _, letter in requests(chunks))
    if piece == 1800:
        for one in events:
            if one.labels["event_type"] != "fail_fast":
                key = (one.labels["instance"], one.labels["provider_id"], one.labels["event_type"][0])
                assert told[key] == increase([one], targets, START, START + 1_800_000)
    times = [at for _, _, at, *_ in requests(chunks)]
    assert times == sorted(times)
    assert all(0 < at <= 1_800_000 for at in times)
    assert summary.requests == len(times)


def test_pieces_of_time_tell_the_same_requests_as_all_of_it():
    values = {at: float(at * at // 7_000) for at in range(0, 3601, 60)}
    found = (
        counter("success", values),
        counter("failure", {at: value // 5 for at, value in values.items() if at >= 300}),
        counter("success", {at + 31: value for at, value in values.items()}, instance="b"),
    )
    whole, _ = synthesised(*found, end=3600)

    for piece in (90, 600, 1700):
        parts, _ = synthesised(*found, end=3600, piece=piece)
        assert sorted(requests(parts)) == sorted(requests(whole))
        assert [one[2] for one in requests(parts)] == [one[2] for one in requests(whole)]


def test_a_slice_holds_no_more_than_a_chunk(monkeypatch):
    monkeypatch.setattr(spreading, "CHUNK", 10)
    spread = Spread()
    spread.add([Burst(0, 0, 60_000, 50, 50, 1), Burst(1, 20_000, 80_000, 40, 0, 1)])
    chunks = list(spread.until(to_ms(seconds(1)) - START + 80_000))

    assert sum(len(one) for one in chunks) == 140
    assert max(len(one) for one in chunks) <= 20
    times = [at for one in chunks for at in one.arrival]
    assert times == sorted(times)
