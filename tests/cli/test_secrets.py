"""A key that is planted in the environment turns up nowhere: no answer, no error, no file."""

from __future__ import annotations

import base64
import html
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args
from urllib.parse import quote

from flow_fixtures import router, scenario, served, wire, work
from flow_world import KEY, Work
from keyrings_for_tests import keyring_of
from loopback import Handler, serving
from pydantic import BaseModel
from test_e2e_envelope import LIFE

from cbops.cli.table import TABLE
from cbops.model.config import Config
from cbops.model.config_secrets import AuthConfig, SecretSource
from tests.conftest import Cli
from tests.practice import TOKEN, practice, write_config

__all__ = ["router", "scenario", "served", "wire", "work"]

JOURNALS = Path(__file__).parents[1] / "data" / "journals" / "v1"
PLANTED = "planted-metrics-secret-41c9"


def test_a_whole_phase_leaves_no_secret_behind(cli: Cli) -> None:
    told: list[str] = []

    def run(*words: object, status: int = 0) -> None:
        for extra in ((), ("--format", "json")):
            result = cli(*words, "--verbose", *extra)
            told.extend((result.stdout, result.stderr))
            assert result.status == status or extra, (words, result.stderr)

    with practice(cli.folder) as world:
        world.stage.play(datetime(2025, 1, 24, 6, tzinfo=UTC))
        write_config(cli.folder, world.url)
        run("canary", "candidates", status=4)  # without the key
        cli.environ["CBOPS_ADMIN_TOKEN"] = "wrong-" + TOKEN
        run("canary", "candidates", status=4)
        cli.environ["CBOPS_ADMIN_TOKEN"] = TOKEN
        words = ("tenant_canary", "--policy", "canary_policy", "--provider", "openai")
        run("canary", "select", *words, "--override", "no traffic at this hour")
        run("canary", "notify", "--how", "mail")
        run("checklist", "mark", "all")
        run("policy", "show")
        run("canary", "enable", "--dry-run")
        run("canary", "enable", "--yes")
        run("monitor", "note", "all is well")
        run("evaluate", status=10)
        run("report", "log")
        run("rollback", "--yes", status=7)
        run("journal", "show")
    run("rollback", "--yes", status=4)  # the router is gone

    written = {path: path.read_bytes() for path in cli.folder.rglob("*") if path.is_file()}
    assert len(written) > 8
    assert not [path for path, content in written.items() if TOKEN.encode() in content]
    assert TOKEN not in "".join(told)


def test_a_metrics_header_from_the_environment_is_not_told(cli: Cli) -> None:
    (cli.folder / "cbops.yaml").write_text(
        "version: 1\nmetrics: {url: 'http://127.0.0.1:9', retries: {attempts: 1}, headers: {Authorization: {env: METRICS_AUTH}}}\n",
        encoding="utf-8",
    )
    (cli.folder / "tenants.yaml").write_text("tenants: []\n", encoding="utf-8")
    cli.environ["METRICS_AUTH"] = f"Bearer {PLANTED}"
    words = ("tenant_canary", "--policy", "p", "--provider", "openai", "--enabled-at", "2025-01-27T00:00:00Z")
    assert cli("canary", "adopt", *words).status == 0

    refused = cli("monitor", "daily", "--day", 1, "--verbose")

    assert refused.status == 5
    assert PLANTED not in refused.stdout + refused.stderr
    assert not [p for p in cli.folder.rglob("*") if p.is_file() and PLANTED.encode() in p.read_bytes()]


def test_what_a_server_echoes_of_the_password_is_not_told(cli: Cli) -> None:
    def reply(handler: Handler) -> None:
        sent = handler.headers["Authorization"]
        words = f"{sent} is {base64.b64decode(sent.split()[1]).decode()}, {PLANTED}"
        status, headers = replies[0]
        handler.answer(status, f"<html><title>{words}".encode(), **{**headers, "x_echo": words})

    def run() -> str:
        told = [
            cli("monitor", "daily", "--day", 1, "--verbose", *extra) for extra in ((), ("--format", "json"))
        ]
        assert [result.status for result in told] == [5, 5]
        return "".join(result.stdout + result.stderr for result in told)

    replies: list[tuple[int, dict[str, str]]] = []
    cli.environ["METRICS_PASSWORD"] = PLANTED
    (cli.folder / "tenants.yaml").write_text("tenants: []\n", encoding="utf-8")
    with serving(reply) as server:
        (cli.folder / "cbops.yaml").write_text(
            "version: 1\nmetrics:\n  retries: {attempts: 1}\n"
            "  basic_auth: {username: reader, password: {env: METRICS_PASSWORD}}\n"
            f"  url: {server.url}\n",
            encoding="utf-8",
        )
        words = (
            "tenant_canary",
            "--policy",
            "p",
            "--provider",
            "openai",
            "--enabled-at",
            "2025-01-27T00:00:00Z",
        )
        assert cli("canary", "adopt", *words).status == 0
        for each in (
            (200, {"kind": "application/json"}),
            (200, {"kind": "text/html"}),
            (302, {"location": f"/login?{PLANTED}"}),
            (403, {"kind": "text/plain"}),
            (422, {"kind": "text/plain"}),
            (500, {"kind": "text/plain"}),
            (503, {"kind": "text/plain"}),
        ):
            replies[:] = [each]
            told = run()
            assert PLANTED not in told, each
            assert base64.b64encode(f"reader:{PLANTED}".encode()).decode() not in told, each

    assert len(server.requests) >= 14
    assert not [p for p in cli.folder.rglob("*") if p.is_file() and PLANTED.encode() in p.read_bytes()]


HIDDEN = {
    "router": "planted+router/key=one&two<41c9>",
    "metrics": "planted-metrics-token-7f20",
    "alerts": 'planted "alerts" pass\\word ü',
    "hub": "planted-hub-token-1d3e",
    "signature": "planted-webhook-secret-90bb",
    "address": "planted-address-5c77",
    "channel": "planted-channel-e214",
}
# Every command of the table, as it is run while all servers fail and echo. A new command takes a line here, or stands
# in APART with the reason.
COMMANDS: dict[str, tuple[str, ...]] = {
    "init": ("init",),
    "doctor": ("doctor",),
    "canary candidates": ("canary candidates",),
    "canary select": ("canary select tenant_b --policy default --provider openai --override asked",),
    "canary notify": ("canary notify --how mail",),
    "canary approve": ("canary approve enable --yes", "canary approve proceed --yes"),
    "canary enable": ("canary enable --dry-run", "canary enable --yes"),
    "canary adopt": ("canary adopt tenant_b --policy p --provider q --enabled-at 2025-01-27T00:00:00Z",),
    "canary compare": ("canary compare --controls tenant_b --reason nearest",),
    "canary status": ("canary status",),
    "monitor daily": ("monitor daily --day 1",),
    "monitor note": ("monitor note seen",),
    "monitor watch": ("monitor watch --until 2020-01-01 --auto-rollback --wait 0s",),
    "monitor scrape": ("monitor scrape --url {url}/metrics",),
    "incident add": ("incident add --provider openai --from 2025-01-01 --to 2025-01-02",),
    "incident list": ("incident list",),
    "episode classify": ("episode classify none expected --reason r",),
    "evaluate": ("evaluate",),
    "decide": ("decide extend --by Maya --reason r",),
    "resume": ("resume",),
    "lesson add": ("lesson add x --kind well",),
    "ticket signals": ("ticket signals",),
    "ticket create": ("ticket create --title x --issue y",),
    "ticket list": ("ticket list",),
    "ticket show": ("ticket show 1",),
    "ticket update": ("ticket update 1 --to triaged",),
    "ticket send": ("ticket send --dry-run all", "ticket send --yes all"),
    "ticket sync": ("ticket sync",),
    "notify test": ("notify test",),
    "checklist show": ("checklist show",),
    "checklist verify": ("checklist verify --yes",),
    "checklist mark": ("checklist mark all",),
    "report log": ("report log",),
    "report day": ("report day",),
    "report weekly": ("report weekly",),
    "report final": ("report final",),
    "report html": ("report html",),
    "report readiness": ("report readiness",),
    "report templates": ("report templates",),
    "alerts render": ("alerts render",),
    "alerts check": ("alerts check rules.yaml",),
    "dashboard render": ("dashboard render",),
    "journal show": ("journal show",),
    "journal verify": ("journal verify", "journal verify --against-router"),
    "journal seal": ("journal seal --new-key seal.key",),
    "policy show": ("policy show tenant_canary canary_policy",),
    "policy diff": ("policy diff",),
    "policy check": ("policy check tenant_canary canary_policy",),
    "replay run": ("replay run trace.csv", "replay run --from-prometheus"),
    "replay tune": ("replay tune trace.csv",),
    "rollback": ("rollback --yes", "rollback --scope tenant --yes", "rollback --scope global --yes"),
}
APART = {
    "demo": "makes a router of its own with a key of its own, and reads no configuration",
    "sim serve": "runs until it is ended; that it tells nothing of its key is tests/simulator/test_server.py's",
}
ECHOES: tuple[tuple[int, str], ...] = (
    (200, "text/html"),
    (200, "application/json"),
    (302, "text/plain"),
    (401, "application/json"),
    (403, "text/plain"),
    (404, "text/html"),
    (409, "application/json"),
    (422, "text/plain"),
    (500, "application/json"),
    (503, "text/plain"),
)


def ways(secret: str) -> set[bytes]:
    """The secret as it may be written anywhere."""
    return {
        each.encode()
        for each in (
            secret,
            json.dumps(secret)[1:-1],
            json.dumps(secret, ensure_ascii=False)[1:-1],
            html.escape(secret),
            quote(secret, safe=""),
            quote(secret),
            base64.b64encode(secret.encode()).decode(),
            base64.b64encode(f"reader:{secret}".encode()).decode(),
        )
    }


def echo_of(handler: Handler, kind: str) -> bytes:
    """Everything that came in headers, as an error would tell it."""
    sent = [
        value
        for name, value in handler.headers.items()
        if name.lower() in ("x-api-key", "authorization", "x-team", "x-hub")
    ]
    plain = [
        base64.b64decode(value.split()[1]).decode() for value in sent if value.lower().startswith("basic ")
    ]
    words = " and ".join([handler.path, *sent, *plain, *(quote(each) for each in sent)])
    if kind == "application/json":
        return json.dumps({"error": {"message": words}, "message": words, "status": words}).encode()
    if kind == "text/html":
        return f"<html><title>{html.escape(words)}</title><body>{words}".encode()
    return (words + " " + json.dumps(words)).encode() * 20


def test_every_command_of_the_table_is_held_against_the_secrets() -> None:
    known = {entry.words for entry in TABLE}
    assert known - set(COMMANDS) - set(APART) == set()


def places_of(model: type[BaseModel]) -> set[str]:
    """Which kinds of settings below this one name a place of secrets."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        for kind in _models(field.annotation):
            if issubclass(kind, (SecretSource, AuthConfig)):
                found.add(f"{model.__name__}.{name}")
            else:
                found |= places_of(kind)
    return found


def _models(annotation: object) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for part in get_args(annotation) for model in _models(part)}


def test_every_setting_that_names_a_secret_is_planted() -> None:
    assert places_of(Config) == {
        "RouterConfig.auth",
        "MetricsConfig.headers",
        "AlertsConfig.headers",
        "BasicAuth.password",
        "GithubConfig.token",
        "WebhookConfig.url",
        "WebhookConfig.secret",
        "WebhookConfig.headers",
        "ChannelConfig.url",
    }


def planted(cli: Cli, url: str) -> dict[tuple[str, str], str]:
    """A rollout, and a configuration with a secret at every place; what the keyring has to hold."""
    shutil.copytree(JOURNALS / "adopted", cli.folder / "rollouts" / "one")
    for name, secret in (("admin.key", HIDDEN["router"]), ("hook.url", f"{url}/{HIDDEN['address']}")):
        path = cli.folder / name
        path.write_text(secret + "\n", encoding="utf-8")
        path.chmod(0o600)
    files = {
        "tenants.yaml": "tenants: [{id: tenant_canary}, {id: tenant_b}]\n",
        "rules.yaml": "groups: []\n",
        "trace.csv": "arrival_ms,latency_ms,outcome\n1000,100,success\n2000,100,failure\n",
    }
    for name, text in files.items():
        (cli.folder / name).write_text(text, encoding="utf-8")
    cli.environ["METRICS_TOKEN"] = HIDDEN["metrics"]
    cli.environ["HUB_TOKEN"] = HIDDEN["hub"]
    cli.environ["CHANNEL"] = f"json://{url.removeprefix('http://')}/{HIDDEN['channel']}"
    config = {
        "version": 1,
        "router": {"admin_url": url, "retries": {"attempts": 1}, "auth": {"file": "admin.key"}},
        "metrics": {
            "url": url,
            "retries": {"attempts": 1},
            "headers": {"Authorization": {"env": "METRICS_TOKEN", "scheme": "Bearer"}},
        },
        "alerts": {
            "alertmanager_url": url,
            "retries": {"attempts": 1},
            "headers": {"X-Team": {"env": "METRICS_TOKEN"}},
            "basic_auth": {"username": "reader", "password": {"keyring": "cbops/alerts"}},
        },
        "tickets": {"targets": _targets(url)},
        "notifications": {"channels": [{"name": "team", "url": {"env": "CHANNEL"}}]},
    }
    (cli.folder / "cbops.yaml").write_text(json.dumps(config), encoding="utf-8")
    return {("cbops", "alerts"): HIDDEN["alerts"], ("cbops", "hook"): HIDDEN["signature"]}


def _targets(url: str) -> list[dict[str, object]]:
    return [
        {
            "name": "hub",
            "kind": "github",
            "repository": "team/service",
            "api_url": url,
            "token": {"env": "HUB_TOKEN"},
            "retries": {"attempts": 1},
        },
        {
            "name": "hook",
            "kind": "webhook",
            "url": {"file": "hook.url"},
            "secret": {"keyring": "cbops/hook"},
            "headers": {"X-Hub": {"env": "HUB_TOKEN"}},
            "retries": {"attempts": 1},
        },
    ]


def test_no_command_tells_what_failing_servers_echo_of_secrets_from_any_place(cli: Cli) -> None:
    def reply(handler: Handler) -> None:
        status, kind = replies[0]
        body = echo_of(handler, kind)
        shown = body[:400].decode("latin-1").replace("\n", " ")
        more = {"location": f"http://127.0.0.1:9/{quote(body[:300])}"} if status == 302 else {}
        handler.answer(status, body, kind, **{"x_echo": shown, **more})

    replies: list[tuple[int, str]] = []
    told: list[str] = []
    used = {entry.words for entry in TABLE}
    lines = [line for words, each in COMMANDS.items() if words in used for line in each]
    with serving(reply) as server, keyring_of(planted(cli, server.url)):
        for number, line in enumerate(lines):
            for place in range(2):
                replies[:] = [ECHOES[(2 * number + place) % len(ECHOES)]]
                extra = ("--format", "json") if place % 2 else ()
                result = cli(*line.format(url=server.url).split(), "--rollout", "one", "--verbose", *extra)
                assert result.status not in (1, 2), (line, result.stderr)
                told += [result.stdout, result.stderr]
        for each in ECHOES:
            replies[:] = [each]
            for line in ("doctor", "policy show tenant_canary canary_policy", "monitor daily --day 1"):
                result = cli(*line.split(), "--rollout", "one", "--verbose")
                told += [result.stdout, result.stderr]
        sent = "".join(
            f"{path} {' '.join(map(str, headers.values()))}\n" for _, path, headers, _ in server.requests
        )

    # All that can be sent was sent, so there was something to tell. The signature's secret never is.
    assert f"Bearer {HIDDEN['metrics']}" in sent
    assert "Basic " + base64.b64encode(f"reader:{HIDDEN['alerts']}".encode()).decode() in sent
    assert {name for name in ("router", "hub", "address") if HIDDEN[name] not in sent} == set()
    assert HIDDEN["signature"] not in sent
    kept = {cli.folder / "admin.key", cli.folder / "hook.url"}
    written = [path for path in cli.folder.rglob("*") if path.is_file() and path not in kept]
    everything = "".join(told).encode() + b"".join(path.read_bytes() for path in written)
    for name, secret in HIDDEN.items():
        leaks = [one for one in told if any(way in one.encode() for way in ways(secret))]
        assert leaks == [], name
        assert not [way for way in ways(secret) if way in everything], name
    sealing = (cli.folder / "seal.key").read_text().splitlines()[1]
    assert sealing not in "".join(told)


def test_a_whole_life_of_a_rollout_tells_and_writes_no_secret(work: Work) -> None:
    told = [work.text(*words, "--verbose") for words, _ in LIFE]

    everything = "".join(each.stdout + each.stderr for each in told).encode()
    sealing = work.folder / "seal.key"
    written = [path for path in work.folder.rglob("*") if path.is_file() and path != sealing]
    everything += b"".join(path.read_bytes() for path in written)
    assert KEY.encode() not in everything
    assert sealing.read_bytes().splitlines()[1] not in everything
