from __future__ import annotations

import pytest
import yaml

from cbops.clients.files import read_config
from cbops.errors import ConfigError
from cbops.model.config import Config

SECRET = "planted-90be"


def read(tmp_path, **sections: object) -> Config:
    (tmp_path / "cbops.yaml").write_text(yaml.safe_dump({"version": 1, **sections}), encoding="utf-8")
    return read_config(tmp_path / "cbops.yaml")


def test_a_file_of_before_these_settings_reads_the_same(tmp_path):
    config = read(
        tmp_path,
        metrics={"url": "http://p:9090", "headers": {"A": "x", "B": {"env": "B"}}, "timeout_seconds": 30},
        alerts={"alertmanager_url": "http://a:9093"},
    )
    assert config.metrics.tls == config.alerts.tls == config.router.tls
    assert (config.metrics.retries.attempts, config.metrics.retries.seconds) == (3, 20)
    assert config.metrics.max_answer_mib == 512


@pytest.mark.parametrize("section", ["metrics", "alerts"])
def test_both_servers_take_the_same_settings(tmp_path, section):
    endpoint = {
        "headers": {"X-Scope-OrgID": "team", "Authorization": {"env": "TOKEN", "scheme": "Bearer"}},
        "tls": {"ca_file": "ca.pem", "cert_file": "c.pem", "key_file": "k.pem"},
        "retries": {"attempts": 1, "seconds": 5},
        "timeout_seconds": 3,
    }
    address = {"metrics": "url", "alerts": "alertmanager_url"}[section]
    found = getattr(read(tmp_path, **{section: {address: "https://s.example/base/", **endpoint}}), section)
    assert found.headers["Authorization"].scheme == "Bearer"
    assert found.tls.ca_file == "ca.pem"
    assert found.retries.attempts == 1


@pytest.mark.parametrize(
    ("sections", "said"),
    [
        ({"metrics": {"url": f"http://u:{SECRET}@h"}}, "metrics.url holds a user or password"),
        ({"metrics": {"basic_auth": {"username": "u", "password": SECRET}}}, "metrics.basic_auth.password"),
        ({"metrics": {"basic_auth": {"username": "u"}}}, "metrics.basic_auth.password"),
        (
            {"metrics": {"headers": {"Content-Length": "3"}}},
            "Content-Length is a header that cbops sets itself",
        ),
        ({"alerts": {"headers": {"accept-encoding": "br"}}}, "accept-encoding is a header that cbops sets"),
        ({"metrics": {"basic_auth": {"username": "u:v", "password": {"env": "P"}}}}, "holds a colon"),
        (
            {"metrics": {"basic_auth": {"username": "u", "password": {"env": "a b"}}}},
            "password.env is not the name",
        ),
        (
            {
                "metrics": {
                    "basic_auth": {"username": "u", "password": {"env": "P"}},
                    "headers": {"authorization": {"env": "T"}},
                }
            },
            "both set the Authorization header",
        ),
        (
            {"alerts": {"headers": {"Authorization": f"Bearer {SECRET}"}}},
            "alerts.headers.Authorization looks like",
        ),
        ({"alerts": {"headers": {"a b": "x"}}}, "alerts.headers.a b is not the name of a header"),
        ({"alerts": {"headers": {"T": {"env": "not a name"}}}}, "alerts.headers.T.env is not the name"),
        (
            {"metrics": {"headers": {"T": {"env": "T", "scheme": "two words"}}}},
            "metrics.headers.T.scheme is not one word",
        ),
        ({"metrics": {"headers": {"X-Team": "a\nb"}}}, "metrics.headers.X-Team holds a control character"),
        ({"metrics": {"tls": {"ca_file": "ca.pem"}}}, "metrics.url begins with http://"),
        ({"router": {"tls": {"ca_file": "ca.pem"}}}, "router.admin_url begins with http://"),
        (
            {"alerts": {"alertmanager_url": "https://a", "tls": {"key_file": "k.pem"}}},
            "alerts.tls.key_file stands without alerts.tls.cert_file",
        ),
        ({"metrics": {"tls": {"insecure": True}}}, "metrics.tls.insecure"),
        ({"metrics": {"retries": {"attempts": 0}}}, "metrics.retries.attempts"),
        ({"metrics": {"max_answer_mib": 0}}, "metrics.max_answer_mib"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_what_cannot_be_right_is_named_with_its_key_and_no_secret(tmp_path, sections, said):
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, **sections)

    assert said in raised.value.message
    assert raised.value.hint
    assert SECRET not in raised.value.message + raised.value.hint
