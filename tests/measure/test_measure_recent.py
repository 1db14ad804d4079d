"""The last days of every tenant's results, for what a canary would take."""

from __future__ import annotations

from measure_samples import DAY_S, EVENTS, LATENCY, Memory, seconds, series

from cbops.measure import recent_days, traffic_query
from cbops.model.config import MetricsConfig

CONFIG = MetricsConfig()
DAY = 86_400


def counter(name, per_step, start, end, **labels):
    points = {DAY_S + at: per_step * (at - start) / 300 for at in range(start, end + 1, 60)}
    labels = {"tenant_id": "t1", "provider_id": "openai"} | labels
    return series(name, points, **labels)


def asked(*found, days=2, end=0):
    source = Memory(*found)
    query = traffic_query(CONFIG, results=True)
    return recent_days(source.fetch(query, seconds(end - days * DAY), seconds(end)), CONFIG)


def test_each_day_has_its_hours_counts_and_latencies():
    first = -2 * DAY - 600
    days = asked(
        counter(EVENTS, 10, first, 0, event_type="success"),
        counter(EVENTS, 1, first, 0, event_type="failure"),
        counter(f"{LATENCY}_count", 11, first, 0),
        counter(f"{LATENCY}_sum", 2200, first, 0),
    )
    assert [day.window.day for day in days] == [-1, 0]
    assert days[-1].window.end == seconds(0)
    assert all(day.scrape.coverage > 0.99 for day in days)
    (row,) = days[-1].buckets
    assert row.start == seconds(-DAY)
    assert row.success == (120,) * 24
    assert row.failure == (12,) * 24
    assert row.latency_count == (132,) * 24
    assert row.latency_sum_ms == (26_400.0,) * 24


def test_time_without_a_scrape_is_unknown_and_lowers_the_coverage():
    days = asked(counter(EVENTS, 10, -DAY // 2, 0, event_type="success"))
    assert days[0].scrape.seen == 0
    assert set(days[0].buckets[0].success) == {None}
    assert 0.49 < days[1].scrape.coverage < 0.51


def test_without_a_histogram_latencies_are_unknown_and_a_series_without_labels_is_nobodys():
    first = -2 * DAY - 600
    stray = counter(EVENTS, 10, first, 0, event_type="success", tenant_id="")
    days = asked(counter(EVENTS, 10, first, 0, event_type="success"), stray)
    assert [set(row.latency_count) for row in days[0].buckets] == [{None}]


def test_two_lookings_within_a_step_have_the_same_number_of_days():
    one = counter(EVENTS, 10, -3 * DAY, 299, event_type="success")
    assert [len(asked(one, end=late)) for late in (0, 1, 299)] == [2, 2, 2]


def test_the_question_is_one_query():
    query = traffic_query(CONFIG, results=True)
    assert len(query.names) == 4
    assert query.step_seconds == 300
