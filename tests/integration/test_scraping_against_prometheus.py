"""A real Prometheus and `monitor scrape` read the same pages: they keep the same samples, and know of the same
series that they are gone.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from generated_scrapes import NAMES, Manner, pages
from prometheus_server import prometheus, until

from cbops.clients.prometheus import PrometheusSource
from cbops.clients.scrape import Scraper
from cbops.clients.store import SampleStore
from cbops.flows.ports import SamplePort
from cbops.measure import gather_day, measure_day
from cbops.model.base import from_ms
from cbops.model.calendar import DayWindow
from cbops.model.config import MetricsConfig
from cbops.model.observation import Observation
from cbops.model.series import Series, SeriesQuery
from cbops.model.tenant import Target

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.long]

SEED, WORLDS, PAGES = 4, 8, 40
EVENTS = "router_circuit_breaker_events_total"

# What a router of another make may write; each must be read as Prometheus reads it.
ODD: tuple[str, ...] = (
    "# HELP a b\n# TYPE odd gauge\nodd 1\n",
    'odd{x="NaN"} NaN\nodd{x="Inf"} +Inf\nodd{x="-Inf"} -Inf\nodd{x="big"} 1e+30\n',
    'odd{x="NaN"} 2\n',
    'odd{x=""} 3\n',
    'odd{instance="mine",job="own"} 4\n',
    'odd{x="a\\"b\\\\c\\nd",y="ä"} 5\n',
    'odd{ x = "spaced" , } 6\n',
    'odd{x="twice"} 7\nodd{x="twice"} 8\n',
    "odd 9\nthis is no sample\n",
    "odd 10\n",
    'odd{x="no line break"} 11',
    "",
    'odd{y="2",x="1"} 12\n',
    'odd{x="1",y="2"} 13\n',
    "odd\t14\n",
)


@dataclass
class Scripted:
    """A router that answers with one page after the other, then with the last."""

    answers: list[str | None]
    served: list[str | None] = field(default_factory=list)
    instance: str = ""

    def answer(self) -> str | None:
        found = self.answers[min(len(self.served), len(self.answers) - 1)]
        self.served.append(found)
        return found


@contextmanager
def serving(script: Scripted) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = script.answer()
            body = (found or "").encode()
            self.send_response(500 if found is None else 200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        script.instance = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Both:
    """The same pages in both, up to `end`."""

    worlds: list[tuple[Manner, tuple[str, ...]]]
    store: SampleStore
    server: PrometheusSource
    start: datetime
    end: datetime


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("scraped")
    made = [pages(number, SEED, PAGES) for number in range(WORLDS)]
    scripts = [Scripted(found) for _, _, found in made] + [Scripted(list(ODD))]
    with ExitStack() as stack:
        for script in scripts:
            stack.enter_context(serving(script))
        targets = [script.instance for script in scripts]
        url = stack.enter_context(
            prometheus(
                folder / "tsdb",
                "global: {scrape_interval: 250ms, scrape_timeout: 250ms}\n"
                f"scrape_configs: [{{job_name: router, static_configs: [{{targets: {targets}}}]}}]\n",
            )
        )
        until(lambda: all(len(script.served) > PAGES for script in scripts), "the last page")
        server = stack.enter_context(PrometheusSource(MetricsConfig(url=url), {}))
        store = stack.enter_context(SampleStore(folder / "samples.db"))
        ups = scraped_at(url)
        for script in scripts:
            scrape(script, ups[script.instance], store)
        start = from_ms(min(times[0] for times in ups.values()))
        end = from_ms(min(times[PAGES - 1] for times in ups.values()))
        yield Both([(manner, tenants) for manner, tenants, _ in made], store, server, start, end)


def scraped_at(url: str) -> dict[str, list[int]]:
    """When Prometheus scraped each instance, in milliseconds."""
    answer = httpx.get(f"{url}/api/v1/query", params={"query": "up[10m]"}, timeout=10).json()
    return {
        one["metric"]["instance"]: [round(at * 1000) for at, _ in one["values"]]
        for one in answer["data"]["result"]
    }


def scrape(script: Scripted, times: list[int], store: SampleStore) -> None:
    """The pages as they were served, at the times at which they were asked for."""
    served = iter(script.served)

    def answer(_: httpx.Request) -> httpx.Response:
        found = next(served)
        return httpx.Response(500 if found is None else 200, text=found or "")

    with Scraper(
        f"http://{script.instance}/metrics",
        store,
        instance=script.instance,
        job="router",
        transport=httpx.MockTransport(answer),
    ) as scraper:
        for at in times[: len(script.served)]:
            scraper.scrape(at)


def series(source: SamplePort, both: Both, name: str) -> dict[str, list[tuple[int, str]]]:
    """All samples of a metric by labels; a value as text, as NaN equals nothing."""
    fetched = source.fetch(SeriesQuery("all", (name,)), both.start - timedelta(seconds=1), both.end)
    return {named(one): list(zip(one.times, map(str, one.values), strict=True)) for one in fetched.series}


def named(one: Series) -> str:
    return f"{one.name}{sorted(one.labels.items())}"


@pytest.mark.parametrize("name", ["up", "odd"])
def test_the_same_samples_are_kept(both: Both, name: str) -> None:
    kept = series(both.server, both, name)
    assert kept
    assert series(both.store, both, name) == kept


def test_the_same_counters_and_gauges_are_kept(both: Both) -> None:
    for manner, _ in both.worlds:
        for name in NAMES.values():
            for part in ("", "_bucket", "_sum", "_count") if name.endswith("latency_ms") else ("",):
                told = manner.names.get(name, name) + part
                assert series(both.store, both, told) == series(both.server, both, told)


def test_the_same_day_is_measured(both: Both) -> None:
    middle = both.start + (both.end - both.start) / 3
    for manner, tenants in both.worlds:
        config = MetricsConfig(names=manner.names, labels=manner.labels)
        for tenant in tenants:
            assert day(both.store, tenant, config, (middle, both.end)) == day(
                both.server, tenant, config, (middle, both.end)
            )


def test_series_that_vanished_are_gone_in_both_at_once(both: Both) -> None:
    """Asked in steps, a series without a staleness marker would still be there for five minutes."""
    for manner, _ in both.worlds[:3]:
        query = SeriesQuery("in steps", (manner.names.get(EVENTS, EVENTS),), step_seconds=1)
        stepped = [
            {
                named(one): list(zip(one.times, one.values, strict=True))
                for one in source.fetch(query, both.start, both.end).series
            }
            for source in (both.store, both.server)
        ]
        assert stepped[0] == stepped[1]


def day(
    source: SamplePort, tenant: str, config: MetricsConfig, span: tuple[datetime, datetime]
) -> dict[str, object]:
    start, end = span
    target = Target(tenant=tenant, policy="p", provider="openai")
    window = DayWindow(day=1, date=start.date(), start=start, end=end, partial=True, full=False)
    samples = gather_day(source.fetch, source.kind, target, window, config)
    seen: Observation = measure_day(target, window, end, samples, config)
    return seen.model_dump(mode="json", exclude={"source", "queries", "alerts", "alert_rules"})
