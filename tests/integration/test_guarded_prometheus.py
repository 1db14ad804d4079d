"""A real Prometheus behind TLS, client certificates, a password and a base path, and what is told when one is wrong."""

from __future__ import annotations

import dataclasses
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
import stamina
from certificates import Authority, Pair
from loopback import serving
from prometheus_server import free_port, until

from cbops.cli.endpoints import headers
from cbops.clients.admin import AdminClient
from cbops.clients.http.tls import verification
from cbops.clients.prometheus import PrometheusSource
from cbops.errors import (
    AdminUnreachableError,
    MetricsAnswerError,
    MetricsManyError,
    MetricsMissingError,
    MetricsNoDataError,
    MetricsQueryError,
    MetricsRefusedError,
    MetricsUnreachableError,
)
from cbops.model.config import BasicAuth, MetricsConfig, RouterConfig, SecretSource, TlsConfig
from cbops.model.series import SeriesQuery

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.needs("openssl"), pytest.mark.long]

PASSWORD = "practice-password"
# bcrypt of PASSWORD, with the lowest cost so that each request is quick
HASH = "$2b$05$abcdefghijklmnopqrstuuygKsPZxCoViZIowssBKx4yWQxogpspK"
CONFIG = """\
global: {{scrape_interval: 1s}}
rule_files: [rules.yml]
scrape_configs:
  - job_name: itself
    scheme: https
    metrics_path: /guarded/metrics
    basic_auth: {{username: reader, password: {password}}}
    tls_config: {{ca_file: {ca}, cert_file: {cert}, key_file: {key}}}
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""
WEB = """\
tls_server_config: {{cert_file: {cert}, key_file: {key}, client_auth_type: RequireAndVerifyClientCert, client_ca_file: {ca}}}
basic_auth_users: {{reader: "{password}"}}
"""
RULES = """\
groups:
  - name: g
    interval: 1s
    rules:
      - {record: one, expr: vector(1)}
      - {alert: Up, expr: up == 1, for: 1m, labels: {severity: warning}}
      - {alert: Never, expr: vector(1) > 2}
"""


@dataclasses.dataclass(frozen=True)
class Guarded:
    url: str
    server: Pair
    client: Pair
    stranger: Pair
    ca: Path
    other_ca: Path
    expired: Pair

    def config(self, **tls: Path | None) -> MetricsConfig:
        files = {"ca_file": self.ca, "cert_file": self.client.cert, "key_file": self.client.key} | tls
        return MetricsConfig(
            url=self.url,
            basic_auth=BasicAuth(username="reader", password=SecretSource(env="PASSWORD")),
            tls=TlsConfig(**{name: str(path) for name, path in files.items() if path}),
        )

    def source(self, config: MetricsConfig | None = None, password: str = PASSWORD) -> PrometheusSource:
        settings = config or self.config()
        return PrometheusSource(settings, headers(settings, {"PASSWORD": password}, Path(), "metrics"))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    authority, stranger = Authority(folder / "own"), Authority(folder / "other")
    server, client = authority.issue("server"), authority.issue("client")
    port = free_port()
    made = Guarded(
        url=f"https://127.0.0.1:{port}/guarded/",
        server=server,
        client=client,
        stranger=stranger.issue("stranger"),
        ca=authority.ca.cert,
        other_ca=stranger.ca.cert,
        expired=authority.issue("expired", days=-1),
    )
    own = {"ca": made.ca, "port": port}
    (folder / "prometheus.yml").write_text(
        CONFIG.format(password=PASSWORD, cert=client.cert, key=client.key, **own)
    )
    (folder / "web.yml").write_text(WEB.format(password=HASH, cert=server.cert, key=server.key, **own))
    (folder / "rules.yml").write_text(RULES)
    words = [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--web.config.file={folder / 'web.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
        f"--web.external-url={made.url}",
        "--web.route-prefix=/guarded",
    ]
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(words, stdout=log, stderr=subprocess.STDOUT) as running,
    ):
        try:
            until(lambda: up(made), f"Prometheus and its first scrape ({folder / 'log'})")
            yield made
        finally:
            running.terminate()
            running.wait(30)


def up(guarded: Guarded) -> bool:
    with guarded.source() as source:
        try:
            return source.single("max(up)", datetime.now(UTC)) == 1
        except (MetricsUnreachableError, MetricsMissingError, MetricsNoDataError):
            return False


@pytest.fixture(autouse=True)
def _no_pauses():
    with stamina.set_testing(True, attempts=2, cap=True):
        yield


def told(error: pytest.ExceptionInfo) -> str:
    return f"{error.value.message} {error.value.hint} {error.value.__cause__!r}"


def test_samples_come_through_tls_client_certificate_password_and_base_path(guarded):
    now = datetime.now(UTC)
    with guarded.source() as source:
        found = source.fetch(SeriesQuery("scrapes", ("up",)), now - timedelta(minutes=5), now)

    (series,) = found.series
    assert series.labels["job"] == "itself"
    assert series.values[-1] == 1


def test_a_certificate_file_may_hold_its_key(guarded, tmp_path):
    both = tmp_path / "both.pem"
    both.write_bytes(guarded.client.cert.read_bytes() + guarded.client.key.read_bytes())
    with guarded.source(guarded.config(cert_file=both, key_file=None)) as source:
        assert source.single("vector(2)", datetime.now(UTC)) == 2


def test_one_number_and_what_there_is_instead_are_told_apart(guarded):
    now = datetime.now(UTC)
    with guarded.source() as source:
        assert source.single("scalar(vector(3))", now) == 3
        assert source.single("vector(0) / 0", now) != source.single("vector(0) / 0", now)  # NaN: no traffic
        with pytest.raises(MetricsManyError) as many:
            source.single("prometheus_sd_discovered_targets or up", now)
        with pytest.raises(MetricsMissingError) as missing:
            source.single('sum(up) + sum(no_such_series{tenant_id="t"})', now)
        with pytest.raises(MetricsNoDataError) as no_data:
            source.single("sum(up)", now - timedelta(days=2))
        with pytest.raises(MetricsQueryError):
            source.single("sum(", now)
        with pytest.raises(MetricsQueryError, match="gives a matrix"):
            source.single("up[5m]", now)

    assert many.value.message.startswith("2 series answer where one is expected")
    assert many.value.message.count("__name__") == 2
    assert '{__name__="no_such_series",tenant_id="t"} (of' in missing.value.message
    assert '__name__="up"' not in missing.value.message
    assert "no sample of them at" in no_data.value.message


def test_loaded_alert_rules_are_listed(guarded):
    def listed():
        with guarded.source() as source:
            found = source.alert_rules()
        return found if found and all(rule.health == "ok" for rule in found) else None

    first, second = until(listed, "the first evaluation of the rules")
    assert (first.name, first.group, first.expression) == ("Up", "g", "up == 1")
    assert (first.for_seconds, first.labels, first.interval_seconds) == (60, {"severity": "warning"}, 1)
    assert first.last_evaluation is not None
    assert abs(first.last_evaluation - datetime.now(UTC)) < timedelta(minutes=1)
    assert first.file.endswith("rules.yml")
    assert (second.name, second.last_error, second.for_seconds) == ("Never", None, 0)


def test_a_wrong_password_is_refused_and_not_told(guarded):
    with guarded.source(password="planted-5e1d") as source, pytest.raises(MetricsRefusedError) as raised:
        source.single("up", datetime.now(UTC))
    assert "HTTP 401" in raised.value.message
    assert "metrics.basic_auth" in raised.value.hint
    assert "planted-5e1d" not in told(raised)


def test_an_unknown_authority_is_named_with_its_remedy(guarded):
    for ca in (guarded.other_ca, None):
        config = guarded.config(ca_file=ca)
        with guarded.source(config) as source, pytest.raises(MetricsUnreachableError) as raised:
            source.single("up", datetime.now(UTC))
        assert "its TLS certificate is not trusted" in raised.value.message
        assert "attempts" not in raised.value.message
        assert "Set metrics.tls.ca_file" in raised.value.hint


def test_a_certificate_for_another_name_is_told(guarded):
    config = guarded.config().model_copy(update={"url": guarded.url.replace("127.0.0.1", "localhost")})
    with guarded.source(config) as source, pytest.raises(MetricsUnreachableError) as raised:
        source.single("up", datetime.now(UTC))
    assert "not trusted (Hostname mismatch" in raised.value.message
    assert "metrics.url" in raised.value.hint


def test_a_missing_client_certificate_is_asked_for(guarded):
    config = guarded.config(cert_file=None, key_file=None)
    with guarded.source(config) as source, pytest.raises(MetricsRefusedError) as raised:
        source.single("up", datetime.now(UTC))
    assert "it asks for a client certificate" in raised.value.message
    assert "Set metrics.tls.cert_file" in raised.value.hint


@pytest.mark.parametrize("which", ["stranger", "expired"])
def test_a_client_certificate_that_is_not_taken_is_told(guarded, which):
    pair = getattr(guarded, which)
    config = guarded.config(cert_file=pair.cert, key_file=pair.key)
    with guarded.source(config) as source, pytest.raises(MetricsRefusedError) as raised:
        source.single("up", datetime.now(UTC))
    assert "does not take the client certificate" in raised.value.message
    assert "metrics.tls.cert_file" in raised.value.hint


def test_a_wrong_base_path_is_told(guarded):
    config = guarded.config().model_copy(update={"url": guarded.url.replace("guarded", "elsewhere")})
    with guarded.source(config) as source, pytest.raises(MetricsAnswerError) as raised:
        source.single("up", datetime.now(UTC))
    assert "HTTP 404" in raised.value.message
    assert "the part before /api" in raised.value.hint


def test_http_to_a_tls_port_is_told(guarded):
    config = MetricsConfig(url=guarded.url.replace("https", "http"))
    with PrometheusSource(config, {}) as source, pytest.raises(MetricsAnswerError, match="HTTPS server"):
        source.single("up", datetime.now(UTC))


def test_the_admin_api_is_reached_over_tls_with_the_same_files(guarded):
    """Any TLS server will do: it answers 401 or 404, and without the files there is no answer at all."""
    files = TlsConfig(
        ca_file=str(guarded.ca), cert_file=str(guarded.client.cert), key_file=str(guarded.client.key)
    )
    url = guarded.url.partition("/guarded")[0]
    with AdminClient(RouterConfig(admin_url=url), None) as client, pytest.raises(AdminUnreachableError):
        client.policies()
    with AdminClient(RouterConfig(admin_url=url, tls=files), None) as client:
        with pytest.raises(Exception, match="router answered 40") as raised:
            client.policies()
        assert not isinstance(raised.value, AdminUnreachableError)


def test_a_tenant_header_arrives_at_a_server_in_front_of_the_real_one(guarded):
    """As before Mimir: a gateway looks at X-Scope-OrgID and hands the call on."""

    def reply(handler) -> None:
        if handler.headers["X-Scope-OrgID"] != "team-a":
            handler.answer(401, b"no org id", "text/plain")
            return
        answer = httpx.post(
            f"{guarded.url.rstrip('/')}{handler.path.removeprefix('/prometheus')}",
            content=handler.form,
            headers={"content-type": handler.headers["content-type"]},
            auth=("reader", PASSWORD),
            verify=tls,
        )
        handler.answer(answer.status_code, answer.content)

    tls = verification(guarded.config().tls, guarded.url, "metrics.tls")
    with serving(reply) as gateway:
        config = MetricsConfig(url=f"{gateway.url}/prometheus", headers={"X-Scope-OrgID": "team-a"})
        with PrometheusSource(config, headers(config, {}, Path(), "metrics")) as source:
            assert source.single("max(up)", datetime.now(UTC)) == 1
        with PrometheusSource(config, {}) as source, pytest.raises(MetricsRefusedError, match="no org id"):
            source.single("max(up)", datetime.now(UTC))
