"""A key that is planted in the environment turns up nowhere: no answer, no error, no file."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from loopback import Handler, serving

from tests.conftest import Cli
from tests.practice import TOKEN, practice, write_config

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
        "version: 1\nmetrics: {url: 'http://127.0.0.1:9', headers: {Authorization: {env: METRICS_AUTH}}}\n",
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
