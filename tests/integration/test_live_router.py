"""Everything for real: the practice router as a process, scraped each second by a Prometheus that has the rendered
rules and tells an Alertmanager; `monitor daily` shows the alert with its interval.

An outage of the router's provider makes the open. Only the rules' interval is shortened: nothing in them waits.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_server import RELOADS, alertmanager, free_port, prometheus, until

from cbops.measure.rules.group import INTERVAL
from cbops.model.policy import CANARY_BLOCK, with_breaker
from tests.conftest import KEPT, ROOT, Cli

pytestmark = [
    pytest.mark.needs("prometheus"),
    pytest.mark.needs("promtool"),
    pytest.mark.needs("prometheus-alertmanager"),
    pytest.mark.long,
]

KEY = "practice"
TENANT, POLICY, PROVIDER = "tenant_canary", "canary_policy", "openai"
POLICY_PATH = f"/api/v1/admin/policies/{TENANT}/{POLICY}"
ALERT = "RouterCircuitBreakerOpened"
TRANSITIONS = "router_circuit_breaker_state_transitions_total"
# An alert that fires before Prometheus has found Alertmanager would be told a minute later.
RESENDS = "--rules.alert.resend-delay=1s"
# Scraped each second, evaluated each second, and the machine may be busy.
SOON = timedelta(seconds=5)


@contextmanager
def practice_router(folder: Path) -> Iterator[str]:
    """`cbops sim serve` in real time, as a process; its address."""
    port = free_port()
    environ = {name: os.environ[name] for name in KEPT if name in os.environ}
    words = ["sim", "serve", "--port", port, "--log", folder / "router.log"]
    with subprocess.Popen(
        [sys.executable, "-m", "cbops", *map(str, words)],
        env={**environ, "PYTHONPATH": str(ROOT), "CBOPS_ADMIN_TOKEN": KEY},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            assert "on http://" in process.stderr.readline()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
    assert process.returncode == 0


@dataclass
class Live:
    """The three servers, and where cbops works."""

    cli: Cli
    router: str
    prometheus: str
    alertmanager: str

    def asked(self, expression: str) -> list[dict[str, Any]]:
        answer = httpx.get(f"{self.prometheus}/api/v1/query", params={"query": expression}, timeout=10)
        return answer.json()["data"]["result"]

    def number(self, expression: str) -> float:
        """Of one series; 0 where there is none."""
        return sum(float(one["value"][1]) for one in self.asked(expression))

    def call(self, method: str, path: str, **body: Any) -> Any:
        answer = httpx.request(method, self.router + path, headers={"x-api-key": KEY}, **body)
        return answer.raise_for_status().json()

    def notified(self) -> list[dict[str, Any]]:
        """What Alertmanager was told of the alert."""
        found = httpx.get(f"{self.alertmanager}/api/v2/alerts", timeout=10).json()
        return [one for one in found if one["labels"]["alertname"] == ALERT]

    def logged(self) -> list[dict[str, Any]]:
        """The canary's transitions by the router's own log."""
        lines = (self.cli.folder / "router.log").read_text(encoding="utf-8").splitlines()
        return [line for line in map(json.loads, lines) if line.get("tenant_id") == TENANT]


@pytest.fixture
def live(cli: Cli) -> Iterator[Live]:
    folder = cli.folder
    with ExitStack() as stack:
        router = stack.enter_context(practice_router(folder))
        told = stack.enter_context(alertmanager(folder))
        configured = (
            "global: {scrape_interval: 1s}\n"
            f"rule_files: ['{folder}/rules.yml']\n"
            f"alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{told.removeprefix('http://')}']}}]}}]}}\n"
            "scrape_configs:\n"
            f"- {{job_name: router, static_configs: [{{targets: ['{router.removeprefix('http://')}']}}]}}\n"
        )
        url = stack.enter_context(prometheus(folder / "tsdb", configured, [RELOADS, RESENDS]))
        (folder / "cbops.yaml").write_text(
            f"version: 1\nrouter: {{admin_url: '{router}'}}\nmetrics: {{url: '{url}'}}\n"
            f"alerts: {{alertmanager_url: '{told}'}}\n",
            encoding="utf-8",
        )
        (folder / "tenants.yaml").write_text(
            f"tenants:\n- {{id: {TENANT}, critical: false, policies: [{POLICY}],"
            " owner: {name: platform, contact: platform@canary.example, responsive: true}}\n",
            encoding="utf-8",
        )
        cli.environ["CBOPS_ADMIN_TOKEN"] = KEY
        yield Live(cli, router, url, told)


def enable(live: Live) -> None:
    """The canary's breaker, with times that a test can wait for; enabled outside cbops, and adopted."""
    document = live.call("GET", POLICY_PATH)["policy_json"]
    block = {**CANARY_BLOCK, "timeout_ms": 5000, "error_rate_window_seconds": 10}
    live.call("PUT", POLICY_PATH, json={"policy_json": with_breaker(document, block)})
    live.call("POST", f"/admin/policies/{TENANT}/{POLICY}/reload")
    enabled = datetime.now(UTC).isoformat()
    adopted = live.cli.process(
        "canary", "adopt", TENANT, "--policy", POLICY, "--provider", PROVIDER, "--enabled-at", enabled
    )
    assert adopted.status == 0, adopted.stderr


def load_rules(live: Live) -> None:
    """The rollout's rules, as `alerts render` writes them but for their interval."""
    rendered = live.cli.process("alerts", "render", "--format", "json")
    assert rendered.status == 0, rendered.stderr
    (path,) = live.cli.folder.glob("rollouts/*/alerts.yml")
    text = path.read_text(encoding="utf-8")
    assert text.count(f"interval: {INTERVAL}\n") == 1
    rules = live.cli.folder / "rules.yml"
    rules.write_text(text.replace(f"interval: {INTERVAL}\n", "interval: 1s\n"), encoding="utf-8")
    subprocess.run(["promtool", "check", "rules", str(rules)], check=True, capture_output=True)
    httpx.post(f"{live.prometheus}/-/reload", timeout=10).raise_for_status()
    until(lambda: evaluated(live), "an evaluation of every rule")


def evaluated(live: Live) -> bool:
    groups = httpx.get(f"{live.prometheus}/api/v1/rules", timeout=10).json()["data"]["groups"]
    health = {rule["health"] for group in groups for rule in group["rules"]}
    assert health <= {"ok", "unknown"}, groups
    return health == {"ok"}


def failing(live: Live) -> list[dict[str, Any]]:
    """The provider fails for three seconds more; what Alertmanager was told so far."""
    live.call("POST", "/sim/outage", json={"provider": PROVIDER, "seconds": 3, "failure": 1})
    return live.notified()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_an_outage_opens_the_circuit_the_alert_fires_and_the_day_shows_it_with_its_interval(
    live: Live,
) -> None:
    until(lambda: live.number("count_over_time(up[1m])") >= 3, "scrapes")
    enable(live)
    load_rules(live)
    assert live.notified() == []

    (told,) = until(lambda: failing(live), "Alertmanager to be told", 120)
    canary = f'tenant_id="{TENANT}",provider_id="{PROVIDER}"'
    until(lambda: live.number(f'{TRANSITIONS}{{{canary},to="closed"}}') >= 1, "the circuit to close", 120)
    until(
        lambda: live.number(f"{TRANSITIONS}{{{canary}}}") == len(live.logged()),
        "the last transition's scrape",
    )
    collected = live.cli.process("monitor", "daily", "--day", "1", "--logs", "router.log", "--format", "json")

    assert collected.status == 0, collected.stderr
    logged = live.logged()
    shown_as_logged(collected.data["day"], logged)
    shown_with_its_interval(collected.data["day"], logged, told)
    firing_now(live)
    judged_without_a_contradiction(live)


def shown_as_logged(day: dict[str, Any], logged: list[dict[str, Any]]) -> None:
    """Counted by Prometheus as the router's own log has it."""
    counted = Counter(line["to"] for line in logged if line["provider_id"] == PROVIDER)
    assert day["providers"][PROVIDER]["transitions"] == dict(counted)
    assert day["dialect"] == "router"
    (episode,) = day["episodes"]
    assert timedelta(0) <= at(episode["opened"]) - at(logged[0]["timestamp"]) <= SOON
    assert timedelta(0) <= at(episode["closed"]) - at(logged[-1]["timestamp"]) <= SOON
    assert episode["reopened"] == sum(line["from"] == "half_open" and line["to"] == "open" for line in logged)
    assert episode["reason"] in (logged[0]["reason"], None)


def shown_with_its_interval(day: dict[str, Any], logged: list[dict[str, Any]], told: dict[str, Any]) -> None:
    """From the open on, as Alertmanager was told, and past the close: it opened in the last five minutes."""
    (alert,) = [one for one in day["alerts"] if one["name"] == ALERT]
    assert (alert["severity"], alert["provider"]) == ("warning", PROVIDER)
    assert timedelta(0) <= at(alert["from"]) - at(logged[0]["timestamp"]) <= SOON
    assert at(alert["to"]) > at(logged[-1]["timestamp"])
    assert told["labels"] == {
        "alertname": ALERT, "severity": "warning", "tenant_id": TENANT, "provider_id": PROVIDER,
    }  # fmt: skip
    assert abs(at(told["startsAt"]) - at(alert["from"])) <= SOON
    assert told["annotations"]["summary"] == f"Circuit {TENANT} → {PROVIDER} opened"


def firing_now(live: Live) -> None:
    """`canary status` has it from Alertmanager."""
    status = live.cli.process("canary", "status", "--format", "json")
    assert status.status == 0, status.stderr
    firing = [one for one in status.data["alerts_firing"] if one["name"] == ALERT]
    assert [(one["provider"], one["state"]) for one in firing] == [(PROVIDER, "active")]


def judged_without_a_contradiction(live: Live) -> None:
    """Counters, gauges, rules and logs of a real router agree, or differ by what it is known to do."""
    evaluated = live.cli.process("evaluate", "--format", "json")
    assert evaluated.status == 10, evaluated.stderr  # one day is too little
    (found,) = [one for one in evaluated.data["criteria"] if one["id"] == "observability"]
    checks = found["evidence"]["checks"]
    assert {one["status"] for one in checks} <= {"agree", "explained", "unknown"}
    assert {one["status"] for one in checks if one["check"] in ("logs", "alerts")} == {"agree"}
    assert found["verdict"] == "inconclusive"
