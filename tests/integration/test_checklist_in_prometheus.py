"""The checklist's alert rules and dashboard, verified against a real Prometheus: right, and wrong for each reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from doctor_world import EVENTS, LATENCY, TRANSITIONS, Scrapes, Site, rules
from flow_world import KEY, POLICY, PROVIDER, TENANT
from prometheus_server import RELOADS, prometheus, until

from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND
from cbops.simulator.server import RunningServer
from tests.conftest import Cli

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.needs("promtool"), pytest.mark.long]


@dataclass
class Server:
    """A Prometheus whose rules can be changed."""

    url: str
    file: Path

    def load(self, text: str) -> None:
        """These rules in place of the others, evaluated at least once."""
        self.file.write_text(text, encoding="utf-8")
        assert httpx.post(f"{self.url}/-/reload", timeout=10).status_code == 200
        until(self._evaluated, "an evaluation of the rules")

    def _evaluated(self) -> bool:
        listed = httpx.get(f"{self.url}/api/v1/rules", timeout=10).json()["data"]["groups"]
        return not any(r["lastEvaluation"].startswith("0001") for group in listed for r in group["rules"])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("checklist")
    (folder / "rules.yml").write_text(rules(), encoding="utf-8")
    configured = f"global: {{scrape_interval: 1h}}\nrule_files: [{folder / 'rules.yml'}]\n"
    with prometheus(Scrapes(hours=1).write(folder / "tsdb"), configured, (RELOADS,)) as url:
        made = Server(url, folder / "rules.yml")
        made.load(rules())
        yield made


@pytest.fixture(scope="module")
def admin() -> Iterator[str]:
    with RunningServer(Router(SOUND, start=datetime.now(UTC)), token=KEY, speed=1) as server:
        yield server.url


def rolled(cli: Cli, admin: str, url: str) -> Cli:
    """A rollout on this Prometheus."""
    Site(cli, admin).configure({"url": url})
    opened = cli.json(
        "canary", "select", TENANT, "--policy", POLICY, "--provider", PROVIDER, "--override", "for a test"
    )
    assert opened.status == 0, opened.answer
    return cli


def found(cli: Cli, item: str) -> dict[str, Any]:
    result = cli.json("checklist", "verify", item)
    (one,) = result.data["found"]
    assert (result.status == 0) == (one["state"] == "verified")
    return one


def test_right_rules_and_a_dashboard_with_data_are_verified(cli: Cli, admin: str, server: Server) -> None:
    rolled(cli, admin, server.url)
    right = found(cli, "alert_rules")
    assert (right["state"], "5 alert rules about the circuit breaker are loaded" in right["sentence"]) == (
        "verified",
        True,
    ), right
    shown = found(cli, "dashboards")
    assert (shown["state"], shown["command"]) == ("verified", None), shown


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (rules("documented"), "state"),
        (
            rules(without="RouterCircuitBreakerHighFailureRate"),
            "'RouterCircuitBreakerHighFailureRate' is missing",
        ),
        ("groups: []\n", "None of the 0 loaded alert rules is about the circuit breaker"),
    ],
    ids=["the other dialect", "one missing", "none"],
)
def test_rules_fail_for_their_own_reason(cli: Cli, admin: str, server: Server, text: str, says: str) -> None:
    rolled(cli, admin, server.url)
    server.load(text)
    try:
        one = found(cli, "alert_rules")
    finally:
        server.load(rules())
    assert (one["state"], says in one["sentence"]) == ("failed", True), one
    assert one["command"]


@pytest.mark.parametrize(
    ("scrapes", "state", "says"),
    [
        (Scrapes(hours=1, without=(LATENCY,)), "verified", "exports no histogram"),
        (Scrapes(hours=1, without=(TRANSITIONS, EVENTS)), "unknown", "no circuit has moved yet"),
        (Scrapes(hours=1, without=(EVENTS,)), "failed", "without any are"),
        (Scrapes(hours=1, tenant="tenant_other"), "failed", f"have data for {TENANT}"),
        (None, "unknown", "no series at all"),
    ],
    ids=["without latencies", "without transitions", "without results", "of another tenant", "nothing"],
)
def test_a_dashboard_without_data(
    cli: Cli, admin: str, tmp_path: Path, scrapes: Scrapes | None, state: str, says: str
) -> None:
    tsdb = scrapes.write(tmp_path / "other" / "tsdb") if scrapes else tmp_path / "tsdb"
    with prometheus(tsdb) as url:
        one = found(rolled(cli, admin, url), "dashboards")
    assert (one["state"], says in one["sentence"]) == (state, True), one
