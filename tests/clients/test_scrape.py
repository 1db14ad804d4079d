from __future__ import annotations

from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from cbops.clients.scrape import Scraper
from cbops.clients.store import SampleStore
from cbops.errors import ConfigError
from cbops.model.series import SeriesQuery

START, END = datetime(2025, 1, 29, tzinfo=UTC), datetime(2025, 1, 29, 1, tzinfo=UTC)
AT = 1738108800_000  # START in milliseconds

PAGE = """# HELP m_total a counter
# TYPE m_total counter
m_total{a="x y",b="q\\"}"} 3
h_bucket{le="+Inf"} 1e3

up_stairs 1
"""


@pytest.fixture
def store(tmp_path: Path):
    with SampleStore(tmp_path / "samples.db") as opened:
        yield opened


class Router:
    """Answers with what it is told to; counts the requests."""

    def __init__(self, *pages: str | int | Exception) -> None:
        self.pages = list(pages)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        page = self.pages.pop(0)
        if isinstance(page, Exception):
            raise page
        if isinstance(page, int):
            return httpx.Response(page)
        return httpx.Response(200, content=page.encode())


def scraper(store: SampleStore, *pages: str | int | Exception) -> Scraper:
    transport = httpx.MockTransport(Router(*pages))
    return Scraper(
        "http://router.example/metrics", store, instance="r:9001", job="router", transport=transport
    )


def stored(store: SampleStore, *names: str, step: int | None = None) -> list:
    found = store.fetch(SeriesQuery("p", names, step_seconds=step), START, END).series
    return [(one.name, dict(one.labels), [at - AT for at in one.times], list(one.values)) for one in found]


TARGET = {"instance": "r:9001", "job": "router"}


def test_a_scrape_stores_every_line_with_the_targets_labels_and_up(store):
    with scraper(store, PAGE) as one:
        got = one.scrape(AT + 5)

    assert (got.ok, got.lines) == (True, 3)
    assert stored(store, "m_total", "h_bucket", "up", "up_stairs") == [
        ("h_bucket", {"le": "+Inf", **TARGET}, [5], [1000.0]),
        ("m_total", {"a": "x y", "b": 'q"}', **TARGET}, [5], [3.0]),
        ("up", TARGET, [5], [1.0]),
        ("up_stairs", TARGET, [5], [1.0]),
    ]


def test_the_second_scrape_of_a_series_goes_on_with_it(store):
    with scraper(store, PAGE, PAGE.replace("} 3", "} 4")) as one:
        one.scrape(AT)
        one.scrape(AT + 1)

    assert stored(store, "m_total")[0][2:] == ([0, 1], [3.0, 4.0])


def test_a_label_that_the_target_has_too_is_kept_as_exported(store):
    with scraper(store, 'm{instance="inner"} 1\n') as one:
        one.scrape(AT)

    assert stored(store, "m")[0][1] == {"exported_instance": "inner", **TARGET}


def test_a_line_with_a_timestamp_is_stored_as_of_the_scrape(store):
    with scraper(store, "m 1 1000\n", "m 2 2000\n") as one:
        one.scrape(AT)
        one.scrape(AT + 1)

    assert stored(store, "m") == [("m", TARGET, [0, 1], [1.0, 2.0])]


def test_a_series_that_is_gone_ends_and_does_not_linger_in_steps(store):
    with scraper(store, "a 1\nb 1\n", "a 1\n", "a 1\n") as one:
        for offset in (0, 60_000, 120_000):
            one.scrape(AT + offset)

    assert stored(store, "b", step=60) == [("b", TARGET, [0], [1.0])]
    assert stored(store, "a", step=60)[0][2][:3] == [0, 60_000, 120_000]


@pytest.mark.parametrize(
    "page",
    [
        500,
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        "m{a= 1\n",
        "m many\n",
        "no_value\n",
        "a 1\nm{\n",
    ],
)
def test_a_failed_scrape_is_up_zero_and_a_reason(store, page):
    with scraper(store, "a 1\n", page, "a 2\n") as one:
        one.scrape(AT)
        got = one.scrape(AT + 60_000)
        one.scrape(AT + 120_000)

    assert not got.ok
    assert got.error
    assert stored(store, "up")[0][3] == [1.0, 0.0, 1.0]
    assert stored(store, "a") == [("a", TARGET, [0, 120_000], [1.0, 2.0])]


def test_a_known_line_whose_value_is_no_number_fails_the_scrape(store):
    with scraper(store, "a 1\n", "a x\n") as one:
        one.scrape(AT)

        assert not one.scrape(AT + 1).ok


def test_a_page_that_is_not_utf_8_fails_the_scrape(store):
    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=b"\xff\xfe"))
    with Scraper("http://r/metrics", store, instance="a", job="b", transport=transport) as one:
        assert not one.scrape(AT).ok


@pytest.mark.parametrize(
    "url", ["http://router:99999999/metrics", "router:9001", "http://", "http://x:y/", ""]
)
def test_an_address_that_is_none_is_a_configuration_error(store, url):
    with pytest.raises(ConfigError):
        Scraper(url, store, instance="a", job="b")


def test_a_real_server_is_scraped_over_one_connection(store):
    ports: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            ports.append(self.client_address[1])
            body = f"m {len(ports)}\n".encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/metrics"
            with Scraper(url, store, instance="a", job="b") as one:
                assert [one.scrape(AT + offset).ok for offset in range(3)] == [True] * 3
        finally:
            server.shutdown()
            thread.join()

    assert len(set(ports)) == 1
    assert stored(store, "m")[0][3] == [1.0, 2.0, 3.0]


def test_of_two_lines_of_one_series_the_first_counts_as_it_does_for_prometheus(store):
    page = 'm{a="1"} 1\nm{a="1"} 2\n'
    with scraper(store, page, page, 'm{a="1"} 3\n') as one:
        for offset in range(3):
            one.scrape(AT + offset)

    assert stored(store, "m")[0][2:] == ([0, 1, 2], [1.0, 1.0, 3.0])


def test_an_empty_label_is_none(store):
    with scraper(store, 'm{a="",b="1"} 1\n') as one:
        one.scrape(AT)

    assert stored(store, "m")[0][1] == {"b": "1", **TARGET}


@pytest.mark.parametrize("line", ["m\t{}\n", 'm{{a="x y"}}\t{}\n', "m {} \n"])
def test_values_set_apart_by_other_blanks_are_read_at_every_scrape(store, line):
    with scraper(store, *(line.format(value) for value in (1, 2, 3))) as one:
        assert [one.scrape(AT + offset).ok for offset in range(3)] == [True] * 3

    assert stored(store, "m")[0][3] == [1.0, 2.0, 3.0]


def test_a_gauge_that_is_no_number_is_no_staleness_marker(store):
    with scraper(store, "m NaN\n", "m +Inf\n") as one:
        one.scrape(AT)
        one.scrape(AT + 1)

    assert str(stored(store, "m")[0][3]) == "[nan, inf]"
