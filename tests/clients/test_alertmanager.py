from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
import stamina
from loopback import serving
from prometheus_server import alertmanager, until

from cbops.clients.alertmanager import Alertmanager
from cbops.errors import AlertmanagerError, ConfigError
from cbops.model.config import AlertsConfig

SECRET = "planted-77a0"


@pytest.fixture(autouse=True)
def _no_pauses():
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


def client(url: str | None, labels: dict[str, str] | None = None, **config: object) -> Alertmanager:
    return Alertmanager(
        AlertsConfig(alertmanager_url=url, **config), {"Authorization": f"Bearer {SECRET}"}, labels or {}
    )


def posted(url: str, *alerts: dict[str, object]) -> None:
    httpx.post(f"{url}/api/v2/alerts", json=list(alerts)).raise_for_status()


def one(name: str, start: datetime, **labels: str) -> dict[str, object]:
    return {
        "labels": {"alertname": name, "severity": "warning", **labels},
        "annotations": {"summary": f"{name} of {labels.get('provider_id')}", "runbook": "…"},
        "startsAt": start.isoformat(),
    }


@pytest.mark.needs("prometheus-alertmanager")
def test_what_a_real_alertmanager_holds(tmp_path):
    now = datetime.now(UTC).replace(microsecond=0)
    with alertmanager(tmp_path) as url, client(url + "/") as asked:
        assert asked.alerts() == ()
        facts = asked.status()
        assert facts.version == asked.version()
        assert facts.version[0].isdigit()
        assert facts.cluster == "disabled"
        assert abs(facts.started - now) < timedelta(minutes=5)
        assert asked.date is not None
        assert asked.requests == 3

        posted(
            url,
            one("Opened", now - timedelta(hours=1), tenant_id="t1", provider_id="openai"),
            one("Several", now - timedelta(hours=2), tenant_id="t1"),
            one("Quiet", now, tenant_id="t2", provider_id="openai"),
            one("Over", now - timedelta(hours=3), tenant_id="t1") | {"endsAt": now.isoformat()},
        )
        silence = {
            "matchers": [{"name": "alertname", "value": "Quiet", "isRegex": False}],
            "startsAt": (now - timedelta(minutes=1)).isoformat(),
            "endsAt": (now + timedelta(hours=1)).isoformat(),
            "createdBy": "a test",
            "comment": "known",
        }
        number = httpx.post(f"{url}/api/v2/silences", json=silence).json()["silenceID"]
        until(lambda: any(alert.state == "suppressed" for alert in asked.alerts()), "the silence")
        until(lambda: all(alert.state != "unprocessed" for alert in asked.alerts()), "the other alerts")
        several, opened, quiet = asked.alerts()

    assert (several.name, several.tenant, several.provider) == ("Several", "t1", None)
    assert (opened.name, opened.severity, opened.tenant, opened.provider, opened.since, opened.state) == (
        "Opened",
        "warning",
        "t1",
        "openai",
        now - timedelta(hours=1),
        "active",
    )
    assert (opened.silenced_by, opened.summary) == ((), "Opened of openai")
    assert (quiet.name, quiet.state, quiet.silenced_by) == ("Quiet", "suppressed", (number,))


ALERT = {
    "labels": {"alertname": "A", "team_tenant": "t1", "upstream": "openai"},
    "annotations": {},
    "startsAt": "2025-01-29T14:01:00.123456789Z",
    "status": {"state": "active", "silencedBy": [], "inhibitedBy": []},
}


def asking(
    body: bytes, status: int = 200, kind: str = "application/json", labels: dict[str, str] | None = None
):
    """The alerts, and the requests that came."""
    with serving(lambda handler: handler.answer(status, body, kind)) as server:
        with client(f"{server.url}/am/", labels) as asked:
            found = asked.alerts()
        return found, server.requests


def test_base_path_headers_and_remapped_labels_are_respected():
    body = httpx.Response(200, json=[ALERT]).content
    (found,), requests = asking(body, labels={"tenant_id": "team_tenant", "provider_id": "upstream"})

    assert (found.tenant, found.provider, found.severity, found.summary) == ("t1", "openai", None, None)
    assert found.since == datetime(2025, 1, 29, 14, 1, 0, 123456, tzinfo=UTC)
    ((method, path, headers, _),) = requests
    assert (method, path) == ("GET", "/am/api/v2/alerts")
    assert headers["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (200, b"{}", "no list of alerts"),
        (200, b"[{}]", "an alert without its labels"),
        (200, b'["x"]', "an alert without its labels"),
        (200, b'[{"labels": {}, "status": {"state": "active"}, "startsAt": "soon"}]', "an alert without"),
        (200, b"[", "no JSON"),
        (200, b"[" * 100_000, "no JSON"),
        (200, b"<html><title>Sign in</title>", "a web page (Sign in)"),
        (401, b"", "refused the request (HTTP 401)"),
        (404, b"page not found", "HTTP 404 page not found"),
        (500, b'"planted-77a0 is wrong"', "[Authorization] is wrong"),
        (503, b"", "could not answer now (HTTP 503) (after 2 attempts)"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_whatever_goes_wrong_is_an_error_of_alertmanager(status, body, said):
    with pytest.raises(AlertmanagerError) as raised:
        asking(body, status)

    assert said in raised.value.message
    assert raised.value.message.startswith("Alertmanager http://127.0.0.1:")
    assert "alerts." in raised.value.hint or "server" in raised.value.hint
    assert SECRET not in raised.value.message


def test_a_status_that_is_none_is_an_error():
    with (
        serving(lambda handler: handler.answer(200, b'{"cluster": {}}')) as server,
        client(server.url) as asked,
        pytest.raises(AlertmanagerError, match="no status of an Alertmanager"),
    ):
        asked.status()


def test_without_an_address_there_is_nobody_to_ask():
    with pytest.raises(ConfigError, match=r"alerts\.alertmanager_url is not set"):
        client(None)


def test_a_giant_answer_is_cut_off():
    with pytest.raises(AlertmanagerError, match="larger than 32 MiB"):
        asking(b" " * (33 << 20))
