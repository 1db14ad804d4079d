from __future__ import annotations

import base64
from contextlib import ExitStack
from pathlib import Path

import pytest

from cbops.cli.endpoints import headers, located
from cbops.cli.settings import Settings
from cbops.cli.wiring import SystemClock, Workplace
from cbops.errors import ConfigError
from cbops.model.config import (
    AlertsConfig,
    BasicAuth,
    Config,
    HeaderSecret,
    MetricsConfig,
    SecretSource,
    TlsConfig,
)

HERE = Path()
BASIC = BasicAuth(username="reader", password=SecretSource(env="PASSWORD"))


def place(folder, closing: ExitStack, **config: object) -> Workplace:
    return Workplace(Settings(), Config(**config), folder / "cbops.yaml", SystemClock(), {}, "x", closing)


def test_a_scheme_stands_before_the_token():
    metrics = MetricsConfig(headers={"Authorization": HeaderSecret(env="TOKEN", scheme="Bearer")})
    assert headers(metrics, {"TOKEN": "abc"}, HERE, "metrics") == {"Authorization": "Bearer abc"}


def test_user_and_password_become_a_header():
    sent = headers(AlertsConfig(basic_auth=BASIC), {"PASSWORD": "pä ss:word"}, HERE, "alerts")
    assert base64.b64decode(sent["Authorization"].removeprefix("Basic ")).decode() == "reader:pä ss:word"


@pytest.mark.parametrize(
    ("config", "key"),
    [
        (MetricsConfig(headers={"X-Key": HeaderSecret(env="PASSWORD")}), "metrics.headers.X-Key"),
        (MetricsConfig(basic_auth=BASIC), "metrics.basic_auth.password"),
    ],
)
@pytest.mark.parametrize("value", ["", "planted\n", " planted", "plan\tted"])
def test_a_secret_that_is_not_there_or_cannot_be_sent_is_named_and_not_told(config, key, value):
    with pytest.raises(ConfigError) as raised:
        headers(config, {"PASSWORD": value}, HERE, "metrics")
    assert raised.value.message.startswith(f"{key} is read from ")
    assert "PASSWORD" in raised.value.message
    assert "plan" not in raised.value.message + raised.value.hint


def test_a_header_is_ascii():
    with pytest.raises(ConfigError, match="can't be sent"):
        headers(MetricsConfig(headers={"X": HeaderSecret(env="V")}), {"V": "snow ☃"}, HERE, "metrics")


def test_paths_of_tls_files_start_at_the_folder_of_the_configuration(tmp_path):
    tls = TlsConfig(ca_file="tls/ca.pem", cert_file="/etc/own.pem")
    found = located(MetricsConfig(tls=tls), tmp_path).tls
    assert found == TlsConfig(ca_file=str(tmp_path / "tls" / "ca.pem"), cert_file="/etc/own.pem")
    same = MetricsConfig()
    assert located(same, tmp_path) is same


def test_there_is_an_alertmanager_only_where_one_is_configured(tmp_path):
    with ExitStack() as closing:
        assert place(tmp_path, closing).alertmanager() is None
        alerts = AlertsConfig(alertmanager_url="http://127.0.0.1:9")
        assert place(tmp_path, closing, alerts=alerts).alertmanager() is not None


@pytest.mark.parametrize("source", ["prometheus", "embedded"])
def test_rules_are_asked_of_the_same_source_as_samples(tmp_path, source):
    with ExitStack() as closing:
        made = place(tmp_path, closing, metrics=MetricsConfig(source=source, path="s.db"))
        assert made.rules().kind == made.samples().kind == source


def test_a_missing_tls_file_is_told_with_its_path(tmp_path):
    metrics = MetricsConfig(url="https://127.0.0.1:9", tls=TlsConfig(ca_file="ca.pem"))
    with ExitStack() as closing, pytest.raises(ConfigError, match=f"there is no {tmp_path / 'ca.pem'}"):
        place(tmp_path, closing, metrics=metrics).samples()
