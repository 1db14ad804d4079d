"""Every place where bytes from outside are parsed, each as a function of bytes; and bytes that are meant well.

Each returns, or raises a CbopsError (a rule file's faults, `LineError` and typer's complaint are the parsers' own words
for the same). Whatever else comes out is a bug.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import httpx
import typer

from cbops.cli.options import calendar_date, instant, seconds
from cbops.clients.admin import AdminClient
from cbops.clients.alertmanager import Alertmanager
from cbops.clients.files import read_block, read_config, read_incidents, read_tenants
from cbops.clients.looking import PrometheusServer
from cbops.clients.practice import PracticeClock
from cbops.clients.prometheus import PrometheusSource
from cbops.clients.promql import parse_promql
from cbops.clients.router_logs import read_router_logs
from cbops.clients.rule_files import read_rules
from cbops.clients.scrape import Scraper
from cbops.clients.secret_places import secret_in_file
from cbops.clients.store import SampleStore
from cbops.clients.traces.mapping import Mapping as TraceMapping
from cbops.clients.traces.mapping import parse_map
from cbops.clients.traces.reader import TraceFiles
from cbops.errors import CbopsError
from cbops.flows.init import CONFIG_TEXT, TENANTS_TEXT
from cbops.journal.codec import LineError, decode
from cbops.journal.evidence import evidence_damage
from cbops.journal.head import parse_head
from cbops.journal.reader import read, salvage
from cbops.journal.verification import verify
from cbops.model.config import AlertsConfig, MetricsConfig, RetriesConfig, RouterConfig
from cbops.model.series import SeriesQuery
from cbops.render.engine import LOG, execution_log
from cbops.render.log_builder import execution_log_view

DATA = Path(__file__).parents[1] / "data"
ONCE = RetriesConfig(attempts=1)
START, END = datetime(2025, 1, 29, tzinfo=UTC), datetime(2025, 1, 29, 1, tzinfo=UTC)
QUERY = SeriesQuery("a test", ("m_total",))
MEMORY = 128 * 1024 * 1024
EMPTY_LOG = execution_log_view(None, observations={}, classified={})
ALLOWED = (CbopsError, LineError, typer.BadParameter)

Parse = Callable[[bytes, Path], object]


@dataclass(frozen=True)
class Boundary:
    """A parser; `kind` is what it reads: json, yaml, lines (of JSON), page (of metrics), text, trace, template."""

    name: str
    kind: str
    parse: Parse
    good: tuple[bytes, ...]


def served(raw: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> httpx.MockTransport:
    """A server that always answers so."""
    sent = {"content-type": "application/json", **(headers or {})}
    return httpx.MockTransport(lambda _: httpx.Response(status, stream=httpx.ByteStream(raw), headers=sent))


def file_of(raw: bytes, folder: Path, name: str) -> Path:
    path = folder / name
    path.write_bytes(raw)
    return path


def each(*calls: Callable[[], object]) -> None:
    """All of them; the first one's refusal must not keep the others from being tried."""
    for call in calls:
        with suppress(*ALLOWED):
            call()


def admin(raw: bytes, _folder: Path) -> None:
    config = RouterConfig(admin_url="http://router", retries=ONCE)
    for status in (200, 422):
        client = AdminClient(config, "planted-key", transport=served(raw, status))
        each(
            client.look,
            client.policies,
            lambda c=client: c.history("t", "p"),
            lambda c=client: c.latest("t", "p"),
            lambda c=client: c.validate({}),
            lambda c=client: c.put("t", "p", {}, version="1.1", comment="c"),
            lambda c=client: c.reload("t", "p"),
            client.disable_all,
        )


def prometheus(raw: bytes, _folder: Path) -> None:
    config = MetricsConfig(url="http://metrics", retries=ONCE)
    for status in (200, 422):
        source = PrometheusSource(config, {}, transport=served(raw, status))
        server = PrometheusServer(config, {}, transport=served(raw, status))
        each(
            lambda s=source: s.fetch(QUERY, START, END),
            lambda s=source: s.single("up", END),
            source.alert_rules,
            server.version,
            server.recordings,
            server.alertmanagers,
            lambda s=server: s.values("up", END),
        )


def alertmanager(raw: bytes, _folder: Path) -> None:
    config = AlertsConfig(alertmanager_url="http://alerts", retries=ONCE)
    client = Alertmanager(config, {}, {}, transport=served(raw))
    each(client.alerts, client.status)


def practice_clock(raw: bytes, _folder: Path) -> None:
    clock = PracticeClock("http://router", "planted-key", transport=served(raw))
    each(clock.now, lambda: clock.wait(1))


def metrics_page(raw: bytes, folder: Path) -> None:
    store_path = folder / "samples.db"
    with (
        SampleStore(store_path) as store,
        Scraper("http://router/metrics", store, instance="i", job="j", transport=served(raw)) as scraper,
    ):
        scraper.scrape(1_000)
        scraper.scrape(2_000)
        store.flush()
        store.fetch(QUERY, START, END)
    for left in folder.glob("samples.db*"):
        left.unlink()


def logs(raw: bytes, folder: Path) -> None:
    read_router_logs([str(file_of(raw, folder, "router.log"))], "tenant_canary")


def packed_logs(raw: bytes, folder: Path) -> None:
    read_router_logs([str(file_of(raw, folder, "router.log.gz"))], "tenant_canary")


def journal(raw: bytes, folder: Path) -> None:
    (folder / "head.json").unlink(missing_ok=True)
    file_of(raw, folder, "journal.jsonl")
    each(lambda: read(folder), lambda: salvage(folder), lambda: verify(folder))
    for line in raw.split(b"\n")[:3]:
        each(lambda one=line: decode(one))


def head(raw: bytes, folder: Path) -> None:
    (folder / "journal.jsonl").write_bytes(_journal())
    file_of(raw, folder, "head.json")
    each(lambda: parse_head(raw), lambda: read(folder), lambda: verify(folder))


def evidence(raw: bytes, folder: Path) -> None:
    sha = "0" * 64
    (folder / "evidence").mkdir(exist_ok=True)
    file_of(raw, folder / "evidence", sha)
    evidence_damage(folder, sha)


def text_of(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def promql(raw: bytes, _folder: Path) -> None:
    with suppress(ValueError):  # its contract
        parse_promql(text_of(raw))


def times(raw: bytes, _folder: Path) -> None:
    text = text_of(raw)
    each(lambda: instant(text), lambda: calendar_date(text), lambda: seconds(text))


def secret_file(raw: bytes, folder: Path) -> None:
    path = file_of(raw, folder, "key")
    path.chmod(0o600)
    secret_in_file(path, "router.auth.file")


def trace_files(raw: bytes, folder: Path) -> None:
    """Under the name that its first bytes are the mark of."""
    marks = {b"{": "trace.jsonl", b"[": "trace.json", b"\x1f\x8b": "trace.csv.gz", b"PAR1": "trace.parquet"}
    name = next((name for mark, name in marks.items() if raw.startswith(mark)), "trace.csv")
    path = file_of(raw, folder, name)
    with TraceFiles((str(path),), TraceMapping(), memory_bytes=MEMORY, threads=1) as read:
        for chunk in read.chunks():
            assert len(chunk.arrival) <= len(raw)


def template(raw: bytes, folder: Path) -> None:
    """A document by a template of one's own."""
    file_of(raw, folder, LOG)
    execution_log(EMPTY_LOG, folder)


@cache
def _journal() -> bytes:
    return (DATA / "journals" / "v1" / "adopted" / "journal.jsonl").read_bytes()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()


_LINE = {"tenant_id": "t", "policy_id": "p", "version": "1.0", "status": "active"}
_BLOCK = {"enabled": True, "failure_threshold": 5}
_ALERT = {
    "labels": {"alertname": "A", "severity": "warning", "tenant_id": "t"},
    "annotations": {"summary": "s"},
    "startsAt": "2025-01-29T00:00:00.000Z",
    "status": {"state": "active", "silencedBy": []},
}
_MATRIX = {
    "metric": {"__name__": "m_total", "tenant_id": "t"},
    "values": [[1738108800, "1"], [1738108860, "2"]],
}
_RULE = {"type": "alerting", "name": "A", "query": "up > 0", "labels": {}, "duration": 60, "health": "ok", "lastEvaluation": "2025-01-29T00:00:00Z"}  # fmt: skip
_RULES = """groups:
- name: g
  rules:
  - alert: A
    expr: rate(router_circuit_breaker_events_total{tenant_id="t"}[5m]) > 0
    for: 5m
    labels: {severity: warning}
"""
_LOG = {"time": "2025-01-29T00:00:00Z", "tenant_id": "tenant_canary", "provider_id": "openai", "from": "closed", "to": "open"}  # fmt: skip

BOUNDARIES = (
    Boundary(
        "cbops.yaml",
        "yaml",
        lambda raw, at: read_config(file_of(raw, at, "cbops.yaml")),
        (CONFIG_TEXT.encode(),),
    ),
    Boundary(
        "tenants.yaml",
        "yaml",
        lambda raw, at: read_tenants(file_of(raw, at, "tenants.yaml")),
        (TENANTS_TEXT.encode(), b"tenants: [{id: a, critical: false, owner: {name: A}, policies: [p]}]"),
    ),
    Boundary(
        "incidents.json",
        "json",
        lambda raw, at: read_incidents(file_of(raw, at, "incidents.json")),
        (_json([{"provider": "p", "from": "2025-01-29T00:00:00Z", "to": "2025-01-29T01:00:00Z"}]),),
    ),
    Boundary(
        "policy file",
        "json",
        lambda raw, at: read_block(file_of(raw, at, "policy.json")),
        (_json(_BLOCK), _json({"version": "1.0", "circuit_breaker": _BLOCK})),
    ),
    Boundary(
        "rule file", "yaml", lambda raw, at: read_rules(file_of(raw, at, "rules.yaml")), (_RULES.encode(),)
    ),
    Boundary(
        "admin API",
        "json",
        admin,
        (
            _json({"policies": [_LINE], "total": 1, "limit": 100, "offset": 0}),
            _json({"versions": [{"version": "1.0", "policy_json": {"a": 1}, "is_active": True}]}),
            _json({"info": _LINE, "policy_json": {"circuit_breaker": _BLOCK}}),
            _json({"valid": False, "errors": [{"field": "f", "message": "m", "path": "p"}]}),
            _json({"success": True, "new_version": "1.1", "previous_version": "1.0"}),
        ),
    ),
    Boundary(
        "Prometheus",
        "json",
        prometheus,
        (
            _json({"status": "success", "data": {"resultType": "matrix", "result": [_MATRIX]}}),
            _json(
                {
                    "status": "success",
                    "data": {"resultType": "vector", "result": [{"metric": {}, "value": [1, "2"]}]},
                }
            ),
            _json(
                {
                    "status": "success",
                    "data": {"groups": [{"name": "g", "file": "f", "interval": 60, "rules": [_RULE]}]},
                }
            ),
            _json({"status": "error", "errorType": "bad_data", "error": "no"}),
            _json({"status": "success", "data": {"version": "3.0", "activeAlertmanagers": [{"url": "u"}]}}),
        ),
    ),
    Boundary(
        "Alertmanager",
        "json",
        alertmanager,
        (
            _json([_ALERT]),
            _json(
                {
                    "versionInfo": {"version": "0.27"},
                    "cluster": {"status": "ready", "peers": []},
                    "uptime": "2025-01-29T00:00:00Z",
                }
            ),
        ),
    ),
    Boundary(
        "practice clock",
        "json",
        practice_clock,
        (_json({"now": "2025-01-29T00:00:00Z", "scenario": "sound"}),),
    ),
    Boundary(
        "metrics page",
        "page",
        metrics_page,
        (
            b'# HELP m_total h\n# TYPE m_total counter\nm_total{a="b",c="d\\n\\"e"} 1\nm_total{a="x"} 2.5e3\nup NaN\n',
        ),
    ),
    Boundary("router logs", "lines", logs, (_json(_LOG) + b"\n" + _json({**_LOG, "to": "closed"}) + b"\n",)),
    Boundary("packed logs", "gzip", packed_logs, (b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",)),
    Boundary("journal", "lines", journal, (_journal(),)),
    Boundary("head.json", "json", head, (_json({"v": 1, "seq": 1, "hash": "0" * 64}),)),
    Boundary("evidence", "text", evidence, (b"{}",)),
    Boundary(
        "PromQL",
        "text",
        promql,
        (b'sum(rate(m{a="b"}[5m] offset 1h)) by (x) / on(y) group_left z > 0', b"up"),
    ),
    Boundary("times", "text", times, (b"2025-01-29T00:00:00+01:00", b"2025-01-29", b"90s", b"3d")),
    Boundary(
        "--map",
        "text",
        lambda raw, _at: parse_map(text_of(raw).split()),
        (b"arrival=ts:ms outcome=status outcome:200=s",),
    ),
    Boundary(
        "trace files",
        "trace",
        trace_files,
        (
            b"arrival_ms,latency_ms,outcome\n1000,100,success\n2000,50,failure\n",
            b'{"arrival_ms": 1000, "latency_ms": 100, "outcome": "success"}\n',
        ),
    ),
    Boundary(
        "template",
        "template",
        template,
        (
            b"# {{ log.status }}\n{% for day in log.days %}{{ day.title }}{% endfor %}\n",
            b"{{ 7 * 7 }} {{ log.enable.date }}\n",
        ),
    ),
    Boundary("secret file", "text", secret_file, (b"a-secret\n",)),
)


def run(boundary: Boundary, raw: bytes, folder: Path) -> bool:
    """True when it was taken, False when it was refused in words; anything else is raised."""
    try:
        boundary.parse(raw, folder)
    except ALLOWED as error:
        said = error.message + error.hint if isinstance(error, CbopsError) else str(error)
        assert len(said) < 4_000, f"{boundary.name}: a message of {len(said)} characters"
        return False
    return True
