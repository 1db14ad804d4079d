"""A key that is planted in the environment turns up nowhere: no answer, no error, no file."""

from __future__ import annotations

import base64
import html
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from keyrings_for_tests import keyring_of
from loopback import Handler, serving

from tests.conftest import Cli
from tests.practice import TOKEN, practice, write_config

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
}
COMMANDS = (
    "canary candidates",
    "canary select tenant_b --policy default --provider openai --override asked",
    "canary enable --dry-run",
    "canary enable --yes",
    "canary status",
    "canary compare --controls tenant_b --reason nearest",
    "doctor",
    "policy show tenant_canary canary_policy",
    "policy check tenant_canary canary_policy",
    "policy diff",
    "monitor daily --day 1",
    "evaluate",
    "resume",
    "alerts check rules.yaml",
    "dashboard render",
    "report log",
    "journal show",
    "journal verify",
    "rollback --yes",
    "rollback --scope tenant --yes",
    "rollback --scope global --yes",
)
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
        value for name, value in handler.headers.items() if name.lower() in ("x-api-key", "authorization")
    ]
    plain = [
        base64.b64decode(value.split()[1]).decode() for value in sent if value.lower().startswith("basic ")
    ]
    words = " and ".join([*sent, *plain, *(quote(each) for each in sent)])
    if kind == "application/json":
        return json.dumps({"error": {"message": words}, "message": words, "status": words}).encode()
    if kind == "text/html":
        return f"<html><title>{html.escape(words)}</title><body>{words}".encode()
    return (words + " " + json.dumps(words)).encode() * 20


def test_no_command_tells_what_failing_servers_echo_of_secrets_from_any_place(cli: Cli) -> None:
    def reply(handler: Handler) -> None:
        status, kind = replies[0]
        body = echo_of(handler, kind)
        shown = body[:400].decode("latin-1").replace("\n", " ")
        more = {"location": f"http://127.0.0.1:9/{quote(body[:300])}"} if status == 302 else {}
        handler.answer(status, body, kind, **{"x_echo": shown, **more})

    shutil.copytree(JOURNALS / "adopted", cli.folder / "rollouts" / "one")
    key = cli.folder / "admin.key"
    key.write_text(HIDDEN["router"] + "\n", encoding="utf-8")
    key.chmod(0o600)
    (cli.folder / "tenants.yaml").write_text(
        "tenants: [{id: tenant_canary}, {id: tenant_b}]\n", encoding="utf-8"
    )
    (cli.folder / "rules.yaml").write_text("groups: []\n", encoding="utf-8")
    cli.environ["METRICS_TOKEN"] = HIDDEN["metrics"]
    replies: list[tuple[int, str]] = []
    told: list[str] = []
    seen: set[str] = set()
    with serving(reply) as server, keyring_of({("cbops", "alerts"): HIDDEN["alerts"]}):
        (cli.folder / "cbops.yaml").write_text(
            "version: 1\n"
            f"router: {{admin_url: '{server.url}', retries: {{attempts: 1}}, auth: {{file: admin.key}}}}\n"
            f"metrics: {{url: '{server.url}', retries: {{attempts: 1}},"
            " headers: {Authorization: {env: METRICS_TOKEN, scheme: Bearer}}}\n"
            f"alerts: {{alertmanager_url: '{server.url}', retries: {{attempts: 1}},"
            " basic_auth: {username: reader, password: {keyring: cbops/alerts}}}\n",
            encoding="utf-8",
        )
        for number, command in enumerate(COMMANDS):
            for place in range(3):
                replies[:] = [ECHOES[(3 * number + place) % len(ECHOES)]]
                extra = ("--format", "json") if place % 2 else ()
                result = cli(*command.split(), "--verbose", *extra)
                assert result.status not in (1, 2), (command, result.stderr)
                told += [result.stdout, result.stderr]
        for each in ECHOES:
            replies[:] = [each]
            for command in ("doctor", "policy show tenant_canary canary_policy", "monitor daily --day 1"):
                result = cli(*command.split(), "--verbose")
                told += [result.stdout, result.stderr]
        seen = {
            header
            for _, _, headers, _ in server.requests
            for name, header in headers.items()
            if name.lower() in ("x-api-key", "authorization")
        }

    # All three were sent, so there was something to tell.
    assert seen == {
        HIDDEN["router"],
        f"Bearer {HIDDEN['metrics']}",
        "Basic " + base64.b64encode(f"reader:{HIDDEN['alerts']}".encode()).decode(),
    }
    everything = "".join(told).encode() + b"".join(
        path.read_bytes() for path in cli.folder.rglob("*") if path.is_file() and path != key
    )
    for secret in HIDDEN.values():
        assert not [way for way in ways(secret) if way in everything]
