"""Traffic of a tenant from a metrics source: day by day, and what is said where there is none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cbops.clients.store import SampleStore
from cbops.errors import MetricsEmptyError, MetricsUnreachableError
from cbops.flows.steps.traffic import RecentTraffic
from cbops.model.base import to_ms
from cbops.model.config import MetricsConfig

EVENTS = "router_circuit_breaker_events_total"
START = datetime(2025, 1, 20, tzinfo=UTC)
DAYS = 3


class Counting:
    """A store that keeps what it was asked."""

    def __init__(self, store: SampleStore) -> None:
        self.store, self.asked = store, []

    @property
    def kind(self):
        return self.store.kind

    def fetch(self, query, start, end):
        self.asked.append((query.purpose, start, end))
        return self.store.fetch(query, start, end)


@pytest.fixture
def store(tmp_path):
    """Three days, scraped every five minutes: one success each, a failure an hour; `idle` has no traffic."""
    with SampleStore(tmp_path / "samples.db") as made:

        def counter(tenant, provider, kind):
            labels = {"tenant_id": tenant, "provider_id": provider, "event_type": kind}
            return made.series_id(EVENTS, labels | {"instance": "r:1", "job": "router"})

        busy, failing = counter("busy", "openai", "success"), counter("busy", "openai", "failure")
        other, idle = counter("busy", "anthropic", "success"), counter("idle", "openai", "success")
        alive = made.series_id("up", {"instance": "r:1", "job": "router"})
        for scrape in range(DAYS * 288 + 1):
            values = [(busy, float(scrape)), (failing, float(scrape // 12)), (other, float(scrape * 2))]
            made.append(
                to_ms(START) + scrape * 300_000,
                [*values, (idle, 7.0), (alive, 1.0)],
            )
        made.flush()
        yield made


def traffic(store, tenant="busy", *providers, start=START, days=DAYS):
    return RecentTraffic(
        store, MetricsConfig(), tenant, frozenset(providers) or None, start, start + timedelta(days=days)
    )


def told(found):
    return [
        (chunk.circuits[place].provider, at, chr(letter))
        for chunk in found.chunks()
        for place, at, letter in zip(chunk.circuit, chunk.arrival, chunk.outcome, strict=True)
    ]


def test_every_result_of_the_days_is_told_in_order_and_once(store):
    found = traffic(store)
    requests = told(found)

    assert len(requests) == found.summary.requests == 288 * 3 + 24 * 3 + 576 * 3
    assert sum(letter == "f" for _, _, letter in requests) == 24 * 3
    assert [at for _, at, _ in requests] == sorted(at for _, at, _ in requests)
    assert (found.summary.origin, found.summary.approximate) == ("embedded", True)


def test_it_can_be_read_again(store):
    found = traffic(store, "busy", "openai")

    assert told(found) == told(found)
    assert found.summary.requests == 288 * 3 + 24 * 3


def test_each_day_costs_two_requests_however_much_is_in_it(store):
    source = Counting(store)
    found = traffic(source, days=2.5)
    list(found.chunks())

    assert [(begin - START) / timedelta(days=1) for _, begin, _ in source.asked] == [0, 0, 1, 1, 2, 2]
    assert max(end - begin for _, begin, end in source.asked) == timedelta(days=1)


def test_before_the_first_chunk_nothing_is_known(store):
    summary = traffic(store).summary

    assert (summary.approximate, summary.requests, summary.begins) == (True, 0, None)


@pytest.mark.parametrize(
    ("asked", "message", "hint"),
    [
        (("idle",), "tenant idle had no traffic", "--trace"),
        (("busy", "cohere"), "no results of tenant busy on cohere", "It has those on: anthropic, openai."),
        (("nobody",), "only of other tenants", "there are: busy, idle."),
    ],
)
def test_why_there_is_nothing_is_told(store, asked, message, hint):
    with pytest.raises(MetricsEmptyError) as caught:
        list(traffic(store, *asked).chunks())

    assert message in caught.value.message
    assert hint in caught.value.hint


def test_a_time_without_samples_is_no_time_without_traffic(store):
    end = START + timedelta(days=DAYS)
    with pytest.raises(MetricsEmptyError, match="was not scraped"):
        list(traffic(store, start=end + timedelta(hours=1), days=2).chunks())
    with pytest.raises(MetricsEmptyError, match="no results of any tenant"):
        list(traffic(store, start=end + timedelta(days=9), days=2).chunks())


def test_without_a_store_the_error_is_the_sources(tmp_path):
    with SampleStore(tmp_path / "none.db") as missing, pytest.raises(MetricsUnreachableError):
        list(traffic(missing).chunks())


def test_many_other_tenants_are_named_in_part(tmp_path):
    with SampleStore(tmp_path / "samples.db") as store:
        ids = [
            store.series_id(EVENTS, {"tenant_id": f"t{n:02}", "provider_id": "p", "event_type": "success"})
            for n in range(14)
        ]
        store.append(to_ms(START) + 3_600_000, [(each, 1.0) for each in ids])
        with pytest.raises(MetricsEmptyError) as caught:
            list(traffic(store).chunks())

    assert caught.value.hint.endswith("t09 and 4 more.")
