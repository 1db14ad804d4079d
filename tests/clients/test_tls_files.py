from __future__ import annotations

import ssl

import pytest
from certificates import Authority, encrypted

from cbops.clients.admin import AdminClient
from cbops.clients.http.tls import verification
from cbops.clients.prometheus import PrometheusSource
from cbops.errors import ConfigError
from cbops.model.config import MetricsConfig, RouterConfig, TlsConfig

URL = "https://prometheus.example"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    authority = Authority(folder)
    authority.issue("one")
    authority.issue("two")
    encrypted(folder / "one.key", folder / "locked.key")
    (folder / "garbage").write_bytes(b"\x00 not PEM")
    (folder / "empty").touch()
    return folder


def of(folder, **names) -> TlsConfig:
    return TlsConfig(**{key: str(folder / name) for key, name in names.items()})


def refusal(tls: TlsConfig) -> ConfigError:
    with pytest.raises(ConfigError) as raised:
        verification(tls, URL, "metrics.tls")
    assert raised.value.hint
    return raised.value


def test_without_settings_the_usual_authorities_are_trusted():
    context = verification(TlsConfig(), URL, "metrics.tls")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) > 50


def test_where_nothing_is_encrypted_nobody_is_trusted_and_no_file_is_read(tmp_path):
    context = verification(of(tmp_path, ca_file="x"), "http://prometheus.example", "metrics.tls")
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.get_ca_certs() == []


@pytest.mark.needs("openssl")
def test_a_server_is_always_verified(files):
    for tls in (of(files, ca_file="ca.pem"), of(files, cert_file="one.pem", key_file="one.key")):
        context = verification(tls, URL, "metrics.tls")
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname


@pytest.mark.needs("openssl")
def test_an_authority_of_its_own_stands_in_place_of_the_built_in_ones(files):
    context = verification(of(files, ca_file="ca.pem"), URL, "metrics.tls")
    assert len(context.get_ca_certs()) == 1


@pytest.mark.needs("openssl")
@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"ca_file": "nothing.pem"}, "metrics.tls.ca_file: there is no "),
        ({"ca_file": "."}, "can't be read (Is a directory)"),
        ({"ca_file": "garbage"}, "garbage holds no certificate ("),
        ({"ca_file": "empty"}, "empty holds no certificate ("),
        ({"ca_file": "one.key"}, "one.key holds no certificate ("),
        ({"cert_file": "nothing.pem"}, "metrics.tls.cert_file: there is no "),
        ({"cert_file": "one.pem", "key_file": "nothing.key"}, "metrics.tls.key_file: there is no "),
        ({"cert_file": "garbage", "key_file": "one.key"}, "are not a certificate and its private key ("),
        ({"cert_file": "one.pem", "key_file": "garbage"}, "are not a certificate and its private key ("),
        ({"cert_file": "one.pem", "key_file": "two.key"}, "(key values mismatch)"),
        ({"cert_file": "one.pem"}, "are not a certificate and its private key ("),
        ({"cert_file": "one.pem", "key_file": "locked.key"}, "metrics.tls.key_file: the private key in "),
    ],
    ids=str,
)
def test_a_file_that_is_wrong_is_named_with_its_key_and_why(files, names, said):
    assert said in refusal(of(files, **names)).message


def test_a_path_that_is_none_is_told():
    assert "can't be read (not a path)" in refusal(TlsConfig(ca_file="a\0b")).message


def test_both_clients_refuse_wrong_files_at_once(tmp_path):
    tls = of(tmp_path, ca_file="nothing.pem")
    with pytest.raises(ConfigError, match=r"^metrics\.tls\.ca_file"):
        PrometheusSource(MetricsConfig(url=URL, tls=tls), {})
    with pytest.raises(ConfigError, match=r"^router\.tls\.ca_file"):
        AdminClient(RouterConfig(admin_url=URL, tls=tls), None)
