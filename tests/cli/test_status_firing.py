"""`canary status` with an Alertmanager: what fires now, and that a failure of it fails no command."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from loopback import serving
from prometheus_server import alertmanager, until

from cbops.errors import AlertmanagerError
from cbops.flows.steps.firing import firing

SECRET = "planted-c3d8"
ADOPT = ("tenant_canary", "--policy", "p", "--provider", "openai", "--enabled-at", "2025-01-27T00:00:00Z")


@pytest.fixture
def adopted(cli):
    """A rollout; the returned function sets the Alertmanager of its cbops.yaml."""
    (cli.folder / "tenants.yaml").write_text("tenants: []\n", encoding="utf-8")

    def configure(url: str | None, **more: object) -> None:
        lines = ["version: 1", "metrics: {source: embedded}", "alerts:", "  retries: {attempts: 1}"]
        lines += [f"  alertmanager_url: {url}"] if url else []
        lines += [f"  {key}: {value}" for key, value in more.items()]
        (cli.folder / "cbops.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")

    configure(None)
    assert cli("canary", "adopt", *ADOPT).status == 0
    return configure


def test_without_an_alertmanager_nothing_is_said(cli, adopted):
    told = cli("canary", "status")
    assert (told.status, "firing" in told.stdout) == (0, False)
    answer = cli.json("canary", "status").answer
    assert answer["data"]["alerts_firing"] is None
    assert answer["warnings"] == []


@pytest.mark.needs("prometheus-alertmanager")
def test_what_fires_for_the_tenant_is_shown(cli, adopted, tmp_path):
    since = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    labels = {"alertname": "RouterCircuitBreakerOpened", "severity": "warning", "provider_id": "openai"}
    with alertmanager(tmp_path) as url:
        adopted(url)
        assert "  firing     nothing\n" in cli("canary", "status").stdout
        alerts = [
            {"labels": labels | {"tenant_id": tenant}, "startsAt": since.isoformat()}
            for tenant in ("tenant_canary", "tenant_other")
        ]
        httpx.post(f"{url}/api/v2/alerts", json=alerts).raise_for_status()
        until(lambda: len(httpx.get(f"{url}/api/v2/alerts").json()) == 2, "both alerts")
        told, answer = cli("canary", "status"), cli.json("canary", "status")

    assert told.status == answer.status == 0
    line = f"firing RouterCircuitBreakerOpened (warning), openai, since {since:%Y-%m-%d %H:%M} UTC"
    assert f" {line}" in " ".join(told.stdout.split())  # folded at 80 columns
    assert told.stdout.count("RouterCircuitBreakerOpened") == 1
    (alert,) = answer.data["alerts_firing"]
    assert (alert["name"], alert["tenant"], alert["silenced_by"]) == (
        "RouterCircuitBreakerOpened",
        "tenant_canary",
        [],
    )


@pytest.mark.parametrize(
    ("settings", "environ", "said"),
    [
        ({}, {}, "nothing listens there"),
        ({"headers": "{Authorization: {env: AM_TOKEN}}"}, {}, "AM_TOKEN is not set"),
        ({"headers": "{Authorization: {env: AM_TOKEN}}"}, {"AM_TOKEN": SECRET}, "nothing listens there"),
    ],
)
def test_an_alertmanager_that_fails_is_a_warning(cli, adopted, settings, environ, said):
    adopted("http://127.0.0.1:9", **settings)
    for extra in ((), ("--format", "json")):
        told = cli("canary", "status", "--verbose", *extra, env=environ)
        assert told.status == 0
        assert "what fires now is not known: " in told.stdout + told.stderr
        assert said in told.stdout + told.stderr
        assert SECRET not in told.stdout + told.stderr
    assert told.data["alerts_firing"] is None


def test_a_missing_certificate_authority_is_a_warning_too(cli, adopted):
    adopted("https://127.0.0.1:9", tls="{ca_file: nothing.pem}")
    assert "alerts.tls.ca_file: there is no" in cli("canary", "status").stderr


def test_inhibited_and_silenced_alerts_are_marked(cli, adopted):
    alert = {
        "labels": {"alertname": "A", "tenant_id": "tenant_canary"},
        "annotations": {},
        "startsAt": "2025-01-29T14:01:00Z",
    }
    states = [["id"], []]
    body = httpx.Response(
        200, json=[alert | {"status": {"state": "suppressed", "silencedBy": each}} for each in states]
    ).content
    with serving(lambda handler: handler.answer(200, body)) as server:
        adopted(f"{server.url}/am")
        told = cli("canary", "status").stdout

    assert "  firing     A, since 2025-01-29 14:01 UTC; silenced\n" in told
    assert "             A, since 2025-01-29 14:01 UTC; inhibited\n" in told
    assert server.requests[0][1].startswith("/am/api/v2/alerts")


@pytest.mark.parametrize(
    ("message", "said"), [("It is down", "It is down. Check it."), ("A proxy?", "A proxy? Check it.")]
)
def test_the_warning_is_a_sentence_and_then_what_to_do(message, said):
    def fail() -> None:
        raise AlertmanagerError(message, hint="Check it.")

    assert firing("t", fail) == (None, (f"what fires now is not known: {said}",))
