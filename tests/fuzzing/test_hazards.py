"""Each boundary × each hazard of docs/security-boundaries.md: refused in words or taken harmlessly, and soon."""

from __future__ import annotations

import gzip
import sys
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from boundaries import BOUNDARIES, ONCE, Boundary, run

from cbops.clients.admin import AdminClient
from cbops.clients.alertmanager import Alertmanager
from cbops.clients.practice import PracticeClock
from cbops.clients.prometheus import PrometheusSource
from cbops.clients.router_logs import read_router_logs
from cbops.clients.scrape import Scraper
from cbops.clients.store import SampleStore
from cbops.errors import CbopsError, ConfigError
from cbops.model.config import AlertsConfig, MetricsConfig, RouterConfig

CPU_SECONDS = 3.0  # for one case, on a busy machine
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
PLACES = ("tenants", "policies", "groups", "router", "metrics", "criteria", "version", "timezone")
HAZARDS: dict[str, tuple[bytes, ...]] = {
    "empty": (b"", b" ", b"\n\n", b"\xef\xbb\xbf"),
    "another encoding": ("{}".encode("utf-16"), b"\xff\xfe\x00", b"\xed\xa0\x80", b"\x00" * 100),
    "another format": (b"<!doctype html><html><title>Log in</title></html>", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04", b"x,y\n1,2\n"),
    "deep": (b"[" * 100_000, b'{"a":' * 100_000, b"[" * 50_000 + b"]" * 50_000, b"- " * 20_000, b"(" * 50_000 + b"up" + b")" * 50_000, b"-" * 50_000 + b"1"),
    "numbers": (b"NaN", b"Infinity", b"[NaN]", b'{"a": -Infinity}', b"[1e999]", b"9" * 10_000, b"[" + b"9" * 10_000 + b"]", b".nan", b"a: .inf", b"a: 1e999", b"m NaN\nm +Inf\nm 1e999\n"),
    "doubled keys": (b'{"a": 1, "a": 2}', b'[{"provider": "a", "provider": "b"}]', b"a: 1\na: 2\n", b'{"status": "success", "status": "error", "data": {}}', b"? [a]\n: 1\n? [a]\n: 2\n"),
    "tags": (b"!!python/object/apply:os.system ['touch planted']", b"tenants: !!python/name:os.system", b"a: !!set {b: 1}", b"a: !!binary 'AAAA'", b"!!timestamp 9999-99-99", b"%YAML 9.9\n---\na: 1"),
    "aliases": (LAUGHS.encode(), *(f"{LAUGHS}{place}: *a9\n".encode() for place in PLACES), b"a: &a [*a]\n", b"tenants: &a [*a]\n", b"groups: &a\n- name: g\n  rules: *a\n", b"&a {<<: *a}", b"groups: &a [{name: g, rules: [{<<: *a}]}]"),
    "dates": (b'[{"provider": "p", "from": "0001-01-01T00:00:00+23:59", "to": "9999-12-31T23:59:59-23:59"}]', b"0001-01-01T00:00:00+23:59", b"99999-01-01", b"2025-02-30", b"a: 9999-99-99\n", b'{"now": "0001-01-01T00:00:00+10:00", "scenario": "s"}', b'{"time": "0001-01-01T00:00:00+23:00", "tenant_id": "tenant_canary", "provider_id": "p", "from": "closed", "to": "open"}'),
    "terminal": (b'{"error": {"message": "\x1b]0;x\x07"}}', b'{"error": "\\u001b[2J\\u202e"}', b"\x1b[2J: \x1b[31m\n", b"a\x1b: [\n"),
    "large": (b"x" * 4_500_000, b'"' + b"x" * 4_500_000 + b'"', b"[" + b"1," * 300_000 + b"1]", b"a: " + b"y" * 4_100_000),
}  # fmt: skip


@pytest.mark.parametrize(
    "hazard", [pytest.param(name, marks=pytest.mark.long) if name == "large" else name for name in HAZARDS]
)
@pytest.mark.parametrize("boundary", BOUNDARIES, ids=lambda one: one.name)
def test_a_hazard_is_refused_in_words_or_does_no_harm(
    boundary: Boundary, hazard: str, tmp_path: Path
) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    for raw in HAZARDS[hazard]:
        if hazard == "large" and boundary.name in ("metrics page", "journal"):
            continue  # as large as that they may be; how large at most is told below
        begin = time.process_time()
        run(boundary, raw, inside)
        assert time.process_time() - begin < CPU_SECONDS, raw[:60]
    assert list(tmp_path.iterdir()) == [inside]
    assert not Path("planted").exists()


def endless(_: httpx.Request) -> httpx.Response:
    def body() -> Iterator[bytes]:
        while True:
            yield b"[" * 65_536

    return httpx.Response(200, content=body(), headers={"content-type": "application/json"})


def bomb(_: httpx.Request) -> httpx.Response:
    """A gigabyte in a megabyte, packed twice over."""
    made = zlib.compressobj(wbits=31)
    raw = b"".join(made.compress(b"\0" * (1 << 20)) for _ in range(64)) + made.flush()
    return httpx.Response(
        200,
        stream=httpx.ByteStream(gzip.compress(raw)),
        headers={"content-encoding": "gzip, gzip", "content-type": "application/json"},
    )


def clients(transport: httpx.MockTransport, folder: Path) -> dict[str, Callable[[], object]]:
    store = SampleStore(folder / "s.db")
    config = MetricsConfig(url="http://m", retries=ONCE, max_answer_mib=16)
    scraper = Scraper("http://r/metrics", store, instance="i", job="j", transport=transport)

    def scraped() -> None:
        error = scraper.scrape(1_000).error
        if error is not None:
            raise ConfigError(error, hint="")

    return {
        "admin": AdminClient(
            RouterConfig(admin_url="http://r", retries=ONCE), "k", transport=transport
        ).policies,
        "prometheus": PrometheusSource(config, {}, transport=transport).alert_rules,
        "alertmanager": Alertmanager(
            AlertsConfig(alertmanager_url="http://a", retries=ONCE), {}, {}, transport=transport
        ).alerts,
        "practice": PracticeClock("http://r", "k", transport=transport).now,
        "scraper": scraped,
    }


@pytest.mark.parametrize("client", ["admin", "prometheus", "alertmanager", "practice", "scraper"])
@pytest.mark.parametrize("reply", [endless, bomb])
def test_an_endless_answer_and_a_decompression_bomb_are_cut_off(client, reply, tmp_path, monkeypatch):
    monkeypatch.setattr("cbops.clients.scrape.MAX_BYTES", 16 << 20)
    call = clients(httpx.MockTransport(reply), tmp_path)[client]
    tracemalloc.start()
    try:
        with pytest.raises(CbopsError):
            call()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 120 << 20


def test_a_packed_log_that_grows_without_end_is_read_in_bounded_memory(tmp_path):
    made = zlib.compressobj(wbits=31)
    raw = b"".join(made.compress(b"x" * (1 << 20)) for _ in range(80)) + made.flush()
    (tmp_path / "router.log.gz").write_bytes(raw)
    assert len(raw) < 1 << 20
    tracemalloc.start()
    try:
        with pytest.raises(CbopsError):
            read_router_logs([str(tmp_path / "router.log.gz")], "t")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 64 << 20


@pytest.mark.parametrize(
    "page",
    [
        b'm_total{a="b",="d,\\n\\"e"} 1\n',
        b'm_total{a="b",="d\\n\\}""} 1\n',
        b"up 99999999999999999999\n",
    ],
)
def test_a_metrics_page_that_fuzzing_found_ends_no_scrape(page: bytes, tmp_path: Path) -> None:
    boundary = next(one for one in BOUNDARIES if one.name == "metrics page")
    assert run(boundary, page, tmp_path)
