"""Certificates are verified; where the configuration turns that off, every command says so on stderr."""

from __future__ import annotations

import ssl
from contextlib import closing

import pytest
from loopback import Handler, serving

from cbops.clients.admin import AdminClient
from cbops.clients.alertmanager import Alertmanager
from cbops.clients.http.tls import verification
from cbops.clients.practice import PracticeClock
from cbops.clients.prometheus import PrometheusSource
from cbops.errors import CbopsError
from cbops.model.config import AlertsConfig, MetricsConfig, RetriesConfig, RouterConfig, TlsConfig
from tests.conftest import Cli

KEY = "planted-key-5b1e"
ONCE = RetriesConfig(attempts=1)
OFF = """\
router: {admin_url: "https://127.0.0.1:9", tls: {verify: false}, retries: {attempts: 1}}
metrics: {url: "https://127.0.0.1:9", tls: {verify: false}, retries: {attempts: 1}}
alerts: {alertmanager_url: "https://127.0.0.1:9", tls: {verify: false}, retries: {attempts: 1}}
tickets:
  targets:
    - {name: ops, kind: github, repository: a/b, token: {env: T}, tls: {verify: false}}
    - {name: desk, kind: webhook, url: {env: U}, secret: {env: S}, tls: {verify: false}}
"""


@pytest.mark.parametrize("extra", [(), ("--quiet",), ("--format", "json")])
def test_each_command_warns_of_each_server_that_is_not_verified(cli: Cli, extra: tuple[str, ...]) -> None:
    (cli.folder / "cbops.yaml").write_text(OFF, encoding="utf-8")
    (cli.folder / "tenants.yaml").write_text("tenants: []\n", encoding="utf-8")
    for command in ("canary status", "policy show t p"):
        told = cli(*command.split(), *extra).stderr
        for section in ("router", "metrics", "alerts", "tickets.targets.ops", "tickets.targets.desk"):
            assert f"warning: {section}.tls.verify is false" in told


def test_nothing_is_warned_of_while_all_are_verified(cli: Cli) -> None:
    cli("init")
    assert "verify" not in cli("canary", "status").stderr


def test_verification_is_on_unless_it_is_turned_off() -> None:
    on = verification(TlsConfig(), "https://x", "router.tls")
    assert (on.verify_mode, on.check_hostname) == (ssl.CERT_REQUIRED, True)
    off = verification(TlsConfig(verify=False), "https://x", "router.tls")
    assert (off.verify_mode, off.check_hostname) == (ssl.CERT_NONE, False)


def call(url: str, name: str) -> object:
    headers = {"Authorization": f"Bearer {KEY}"}
    if name.startswith("admin"):
        with AdminClient(RouterConfig(admin_url=url, retries=ONCE), KEY) as admin:
            if name == "admin put":
                return admin.put("t", "p", {}, version="1.1", comment="c")
            return admin.policies() if name == "admin get" else admin.reload("t", "p")
    if name == "prometheus":
        with PrometheusSource(MetricsConfig(url=url, retries=ONCE), headers) as source:
            return source.alert_rules()
    if name == "alertmanager":
        with Alertmanager(AlertsConfig(alertmanager_url=url, retries=ONCE), headers, {}) as alerts:
            return alerts.alerts()
    with closing(PracticeClock(url, KEY)) as clock:
        return clock.now()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    "name", ["admin get", "admin put", "admin post", "prometheus", "alertmanager", "practice"]
)
def test_no_client_follows_a_redirect_with_its_key(name: str, status: int) -> None:
    with (
        serving(lambda handler: handler.answer(200, b"{}")) as elsewhere,
        serving(lambda handler: redirect(handler, status, elsewhere.url)) as server,
    ):
        with pytest.raises(CbopsError) as raised:
            call(server.url, name)
        assert server.requests
        assert KEY in str(server.requests)  # so there was a key to carry
        assert elsewhere.requests == []
    assert KEY not in raised.value.message + raised.value.hint


def redirect(handler: Handler, status: int, to: str) -> None:
    handler.answer(status, b"", location=f"{to}{handler.path}")
