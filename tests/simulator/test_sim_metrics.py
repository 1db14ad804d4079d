"""The page for Prometheus: the router dialect with its true behaviour, readable by the real thing."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from simulator_worlds import CANARY, KEY, advance, enable, outage, value, world

from cbops.simulator.metrics import BUCKET_OF, BUCKETS_MS, Decisions, Lane, Registry, render, series_key
from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND
from cbops.simulator.server import RunningServer

OPENAI = {"tenant_id": "tenant_canary", "provider_id": "openai"}
EVENTS = "router_circuit_breaker_events_total"
TRANSITIONS = "router_circuit_breaker_state_transitions_total"
STATE = "router_circuit_breaker_state"
REASON = "router_circuit_breaker_trigger_reason"
REMAINING = "router_circuit_breaker_timeout_remaining_ms"


@pytest.fixture(scope="module")
def after_an_outage() -> str:
    router = Router(world(outages=(outage(10, 20),)))
    enable(router)
    advance(router, hours=1)
    return router.metrics()


def test_a_labelled_series_is_born_with_its_first_increment() -> None:
    router = Router(world(outages=(outage(10, 11),)))
    assert router.metrics() == ""
    advance(router, minutes=10)
    page = router.metrics()
    assert value(page, EVENTS, **OPENAI, event_type="success") > 400
    for name in (TRANSITIONS, STATE, REASON, REMAINING):
        assert name not in page
    assert value(page, EVENTS, **OPENAI, event_type="failure") is None
    advance(router, minutes=1)
    assert value(router.metrics(), TRANSITIONS, **OPENAI, **{"from": "closed", "to": "open"}) == 1


def test_the_state_gauge_sticks(after_an_outage: str) -> None:
    """Each state is its own series and none is ever set back: all three are there after one episode."""
    assert [
        value(after_an_outage, STATE, **OPENAI, state=state) for state in ("closed", "open", "half_open")
    ] == [0, 1, 2]


def test_a_trigger_reason_is_set_to_one_and_never_counted_up(after_an_outage: str) -> None:
    assert value(after_an_outage, REASON, **OPENAI, reason="timeout_elapsed") == 1
    assert value(after_an_outage, REASON, **OPENAI, reason="half_open_failure") == 1
    assert value(after_an_outage, REASON, **OPENAI, reason="success_threshold_met") is None
    opened = [
        value(after_an_outage, REASON, **OPENAI, reason=reason)
        for reason in ("failure_threshold_exceeded", "error_rate_threshold_exceeded")
    ]
    assert opened.count(1) == 1


def test_the_timeouts_are_counted_and_the_remaining_time_stays(after_an_outage: str) -> None:
    half_open = value(after_an_outage, TRANSITIONS, **OPENAI, **{"from": "open", "to": "half_open"})
    timeouts = value(after_an_outage, "router_circuit_breaker_timeout_transitions_total", **OPENAI)
    assert timeouts == half_open > 10
    # Closed for half an hour, and still at what the last denied request saw.
    assert 0 < value(after_an_outage, REMAINING, **OPENAI) <= 30_000


def test_the_window_counters_move_only_at_transitions() -> None:
    router = Router(world(outages=(outage(10, 11),)))
    advance(router, minutes=11)
    names = [f"router_circuit_breaker_window_{what}_total" for what in ("requests", "failures")]
    first = [value(router.metrics(), name, **OPENAI) for name in names]
    assert first[0] > first[1] > 0
    advance(router, minutes=30)
    assert [value(router.metrics(), name, **OPENAI) for name in names] == first


def test_the_error_rate_is_that_of_the_last_result() -> None:
    router = Router(world(outages=(outage(10, 11, 1.0),)))
    advance(router, minutes=9)
    assert value(router.metrics(), "router_circuit_breaker_error_rate", **OPENAI) == 0
    advance(router, minutes=2)
    assert value(router.metrics(), "router_circuit_breaker_error_rate", **OPENAI) > 0.9


def test_the_types_are_those_of_the_domain_description(after_an_outage: str) -> None:
    families = {family.name: family for family in text_string_to_metric_families(after_an_outage)}
    kinds = {name: family.type for name, family in families.items()}
    assert kinds.pop("router_result_latency_ms") == "histogram"
    gauges = {name for name, kind in kinds.items() if kind == "gauge"}
    assert gauges == {STATE, REASON, REMAINING, "router_circuit_breaker_error_rate"}
    assert set(kinds.values()) == {"gauge", "counter"}
    labels = {key for family in families.values() for sample in family.samples for key in sample.labels}
    assert "instance" not in labels


def test_the_histogram_adds_up(after_an_outage: str) -> None:
    bounds = [*map(str, BUCKETS_MS), "+Inf"]
    counts = [
        value(after_an_outage, "router_result_latency_ms_bucket", **OPENAI, le=bound) for bound in bounds
    ]
    assert counts == sorted(counts)
    assert counts[-1] == value(after_an_outage, "router_result_latency_ms_count", **OPENAI)


@given(st.integers(0, 30_000))
def test_a_latency_falls_into_the_first_bucket_that_holds_it(latency: int) -> None:
    bounds = [*BUCKETS_MS, 30_000]
    assert latency <= bounds[BUCKET_OF[latency]]
    assert BUCKET_OF[latency] == 0 or latency > bounds[BUCKET_OF[latency] - 1]


@given(
    st.text(max_size=20).filter(lambda text: "\r" not in text),
    st.text(max_size=20).filter(lambda text: "\r" not in text),
)
def test_any_label_value_comes_back_as_it_was(tenant: str, policy: str) -> None:
    lane, decisions, registry = Lane(tenant, policy), Decisions(tenant, policy), Registry()
    lane.succeeded = decisions.weighted = lane.buckets[3] = 1
    registry.add(TRANSITIONS, tenant_id=tenant, provider_id=policy)
    page = render([lane], [decisions], registry, {(tenant, policy): 0.5})
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            assert sample.labels["tenant_id"] == tenant
            assert sample.labels.get("provider_id", sample.labels.get("policy_id")) == policy


def test_a_key_escapes_what_would_end_a_label() -> None:
    assert series_key("m", {"a": 'q"b\\n\n'}) == 'm{a="q\\"b\\\\n\\n"} '


@pytest.mark.needs("promtool")
def test_promtool_reads_the_page(after_an_outage: str) -> None:
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=after_an_outage, capture_output=True, text=True, check=False
    )
    # Status 3 is about style (names of the domain that are not Prometheus' own); a parse error is 1.
    assert checked.returncode in (0, 3), checked.stderr
    assert "parsing" not in checked.stderr


@pytest.mark.long
@pytest.mark.needs("prometheus")
def test_a_real_prometheus_scrapes_it(tmp_path: Path) -> None:
    with RunningServer(Router(SOUND), token=KEY) as server:
        server.router.put('ten"ant\\', "p", server.router.policy(*CANARY).live.document)
        advance(server.router, hours=3)
        address = server.url.removeprefix("http://")
        (tmp_path / "prometheus.yml").write_text(
            "scrape_configs:\n  - job_name: router\n    scrape_interval: 1s\n"
            f"    static_configs: [{{targets: ['{address}']}}]\n"
        )
        answer = _scraped(tmp_path, "sum(router_policy_decisions_total)")
        assert answer == server.router.requests


def _scraped(folder: Path, query: str) -> float:
    """What a Prometheus on that folder answers, once it has scraped."""
    command = ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
    with subprocess.Popen(
        [*command, "--web.listen-address=127.0.0.1:0"], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            lines = iter(process.stderr.readline, "")
            heard = next(line for line in lines if "Listening on" in line)
            url = "http://" + heard.split("address=")[1].split()[0]
            until = time.monotonic() + 30
            while time.monotonic() < until:
                try:
                    found = httpx.get(f"{url}/api/v1/query", params={"query": query}).json()["data"]["result"]
                except (httpx.TransportError, KeyError, ValueError):
                    found = []
                if found:
                    return float(found[0]["value"][1])
                time.sleep(0.1)
            raise AssertionError("Prometheus scraped nothing within 30 s")
        finally:
            process.terminate()
            process.communicate()
