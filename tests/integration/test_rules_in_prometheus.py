"""The rendered rules in a real Prometheus that scrapes a router: every rule evaluates, and a first open fires."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_server import prometheus

from cbops.measure.rules import rule_group
from cbops.model.rules import RuleSettings
from cbops.render.rule_file import rule_file

pytestmark = pytest.mark.needs("prometheus")
TENANTS = {"router": "a", "documented": "b"}
EDGES = {"router": 'from="closed",to="open"', "documented": 'state="open"'}


def results(**counts: int) -> str:
    """Counters of results, of either tenant."""
    return "".join(
        f'router_circuit_breaker_events_total{{tenant_id="{tenant}",provider_id="openai",event_type="{kind}"}} {count}\n'
        for tenant in TENANTS.values()
        for kind, count in counts.items()
    )


def opened() -> str:
    """The first failure, and the first open."""
    return results(success=10, failure=1) + "".join(
        f'router_circuit_breaker_state_transitions_total{{tenant_id="{tenant}",provider_id="openai",{EDGES[dialect]}}} 1\n'
        for dialect, tenant in TENANTS.items()
    )


class Page:
    """What the router's /metrics says."""

    text = results(success=7)


@contextmanager
def serving(page: Page) -> Iterator[int]:
    """A router's /metrics; its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = page.text.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def until(found: Callable[[], Any], what: str) -> Any:
    """Ask until there is an answer; the server offers nothing to wait on."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if answer := found():
            return answer
        time.sleep(0.1)
    raise AssertionError(f"waited in vain for {what}")


@pytest.mark.long
def test_both_dialects_side_by_side_evaluate_and_a_first_open_fires(tmp_path: Path) -> None:
    """A router of each dialect, each with its tenant's rules, in one server."""
    rules = 0
    for dialect, tenant in TENANTS.items():
        settings = RuleSettings.model_validate({"dialect": dialect, "scope": {"tenants": (tenant,)}})
        group = rule_group(settings).model_copy(
            update={"interval": "1s"}
        )  # as rendered, but for the patience
        rules += len(group.recordings) + len(group.alerts)
        (tmp_path / f"{dialect}.yml").write_text(rule_file(group, settings), encoding="utf-8")
    page = Page()
    with serving(page) as port:
        configured = (
            "global: {scrape_interval: 1s}\n"
            f"rule_files: ['{tmp_path}/router.yml', '{tmp_path}/documented.yml']\n"
            f"scrape_configs: [{{job_name: router, static_configs: [{{targets: ['127.0.0.1:{port}']}}]}}]\n"
        )
        with prometheus(tmp_path / "tsdb", configured) as url:

            def asked(path: str, **query: str) -> Any:
                return httpx.get(f"{url}/api/v1/{path}", params=query, timeout=10).json()["data"]

            def firing() -> set[tuple[str, str]]:
                found = asked("query", query='ALERTS{alertstate="firing"}')["result"]
                return {(one["metric"]["alertname"], one["metric"]["tenant_id"]) for one in found}

            until(lambda: asked("query", query="count_over_time(up[1m]) >= 3")["result"], "three scrapes")
            assert firing() == set()
            page.text = opened()
            until(lambda: len(firing()) == 2, "both alerts")
            assert firing() == {("RouterCircuitBreakerOpened", tenant) for tenant in TENANTS.values()}
            groups = asked("rules")["groups"]
            evaluated = [rule for group in groups for rule in group["rules"]]
            assert len(groups) == 2
            assert len(evaluated) == rules
            assert {rule["health"] for rule in evaluated} == {"ok"}, [
                one.get("lastError") for one in evaluated
            ]
            texts = [
                one["annotations"]
                for rule in evaluated
                for one in rule.get("alerts", ())
                if one["state"] == "firing"
            ]
            assert {text["summary"] for text in texts} == {
                "Circuit a → openai opened",
                "Circuit b → openai opened",
            }
            assert {text["description"] for text in texts} == {
                "Opens in the last 5 minutes: 1. It has not closed yet, on 1 router instance(s)."
            }
