"""Secrets from a file and from the system keyring: which are taken, which refused, and that none is told."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from keyrings_for_tests import Kept, keyring_of

from cbops.cli.endpoints import headers
from cbops.cli.secrets import admin_key
from cbops.clients.files import read_config
from cbops.errors import ConfigError
from cbops.model.config import BasicAuth, MetricsConfig
from cbops.model.config_secrets import AuthConfig, HeaderSecret, SecretSource
from tests.conftest import Cli

PLANTED = "planted-secret-93a1"


@pytest.fixture
def kept() -> Iterator[Kept]:
    with keyring_of({("cbops", "admin"): PLANTED}) as made:
        yield made


def secret_file(folder: Path, mode: int = 0o600, content: bytes = f"{PLANTED}\n".encode()) -> Path:
    path = folder / "admin.key"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def refused(folder: Path, **auth: str) -> ConfigError:
    with pytest.raises(ConfigError) as raised:
        admin_key(AuthConfig(**auth), {}, folder)
    assert PLANTED not in raised.value.message + raised.value.hint
    return raised.value


@pytest.mark.parametrize("mode", [0o600, 0o400])
@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_a_file_that_only_its_owner_can_read_is_taken_without_its_line_end(tmp_path, mode, end):
    secret_file(tmp_path, mode, PLANTED.encode() + end)
    assert admin_key(AuthConfig(file="admin.key"), {}, tmp_path) == PLANTED


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604, 0o602, 0o610, 0o666])
def test_a_file_that_others_may_get_at_is_refused_with_the_command_that_mends_it(tmp_path, mode):
    path = secret_file(tmp_path, mode)
    error = refused(tmp_path, file="admin.key")
    assert f"its mode is {mode:04o}" in error.message
    assert f"chmod 600 {path}" in error.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_file_is_refused(tmp_path):
    os.chown(secret_file(tmp_path), 12345, -1)
    assert "belongs to another user" in refused(tmp_path, file="admin.key").message


def test_a_link_is_judged_by_the_file_that_it_leads_to(tmp_path):
    (tmp_path / "link").symlink_to(secret_file(tmp_path, 0o644))
    assert "its mode is 0644" in refused(tmp_path, file="link").message


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"\n", "empty"),
        (PLANTED.encode() + b"\n\n", "can't be sent"),
        (b" " + PLANTED.encode(), "can't be sent"),
        (PLANTED.encode() + b"\r\nx-other: 1", "can't be sent"),
        (b"\xff" + PLANTED.encode(), "not UTF-8"),
        (PLANTED.encode() * 6000, "larger than 64 KiB"),
    ],
)
def test_what_a_file_holds_must_be_a_secret_that_can_be_sent(tmp_path, content, why):
    secret_file(tmp_path, content=content)
    assert why in refused(tmp_path, file="admin.key").message


def test_what_is_no_file_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    (tmp_path / "folder").mkdir(mode=0o700)
    assert "is not a file" in refused(tmp_path, file="pipe").message
    assert "is not a file" in refused(tmp_path, file="folder").message
    assert "there is no" in refused(tmp_path, file="none").message


def test_an_entry_of_the_keyring_is_taken(tmp_path, kept):
    assert admin_key(AuthConfig(keyring="cbops/admin"), {}, tmp_path) == PLANTED


def test_an_entry_that_is_not_there_is_named_with_the_command_that_makes_it(tmp_path, kept):
    error = refused(tmp_path, keyring="cbops/other one")
    assert "no 'other one' of 'cbops'" in error.message
    assert "keyring set cbops 'other one'" in error.hint


def test_a_keyring_that_fails_is_told_without_its_words(tmp_path, kept):
    kept.fails = RuntimeError(f"cannot unlock {PLANTED}")
    assert "can't be asked (RuntimeError)" in refused(tmp_path, keyring="cbops/admin").message


def test_headers_and_passwords_come_from_any_of_the_places(tmp_path, kept):
    secret_file(tmp_path)
    config = MetricsConfig(
        headers={
            "Authorization": HeaderSecret(file="admin.key", scheme="Bearer"),
            "X-Api-Key": HeaderSecret(keyring="cbops/admin"),
        }
    )
    assert headers(config, {}, tmp_path, "metrics") == {
        "Authorization": f"Bearer {PLANTED}",
        "X-Api-Key": PLANTED,
    }
    basic = MetricsConfig(basic_auth=BasicAuth(username="u", password=SecretSource(keyring="cbops/none")))
    with pytest.raises(
        ConfigError, match=r"metrics\.basic_auth\.password\.keyring: the system keyring holds no"
    ):
        headers(basic, {}, tmp_path, "metrics")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("router: {auth: {env: A, file: b}}", "one of env and file"),
        ("router: {auth: {file: b, keyring: c/d}}", "one of file and keyring"),
        ("router: {auth: {keyring: planted-secret-93a1}}", "router.auth.keyring is not SERVICE/NAME"),
        ("router: {auth: {env: planted-secret-93a1}}", "not the name of an environment variable"),
        ("router: {auth: {token: planted-secret-93a1}}", "router.auth.token (line 1) is not known"),
        ("router: {auth: planted-secret-93a1}", "should be a mapping"),
        ("metrics: {headers: {Authorization: planted-secret-93a1}}", "looks like a secret"),
        ("metrics: {headers: {X-Api-Key: planted-secret-93a1}}", "looks like a secret"),
        ("metrics: {headers: {X-Any: 'Bearer planted-secret-93a1'}}", "looks like a secret"),
        ("alerts: {basic_auth: {username: a, password: planted-secret-93a1}}", "should be"),
        ("alerts: {basic_auth: {username: a, password: {value: planted-secret-93a1}}}", "is not known"),
        ("alerts: {basic_auth: {username: a, password: {}}}", "one of env, file and keyring"),
    ],
)  # fmt: skip
def test_a_secret_in_the_configuration_is_refused_and_not_repeated(tmp_path, text, said):
    path = tmp_path / "cbops.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as raised:
        read_config(path)
    assert said in raised.value.message
    assert PLANTED not in raised.value.message + raised.value.hint


def test_the_report_of_a_bug_holds_no_secret_of_a_file(cli: Cli, tmp_path, monkeypatch):
    secret_file(cli.folder)
    (cli.folder / "cbops.yaml").write_text("router: {auth: {file: admin.key}}\n", encoding="utf-8")
    (cli.folder / "tenants.yaml").write_text("tenants: []\n", encoding="utf-8")

    def broken(*_: object) -> None:
        raise ZeroDivisionError(f"with {PLANTED}")

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("cbops.clients.admin.AdminClient.policies", broken)
    result = cli("canary", "candidates", "--verbose")
    assert result.status == 1
    reports = list(tmp_path.glob("cbops-crash-*"))
    assert len(reports) == 1
    assert PLANTED not in reports[0].read_text(encoding="utf-8") + result.stdout + result.stderr
