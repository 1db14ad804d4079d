"""A key that is planted in the environment turns up nowhere: no answer, no error, no file."""

from __future__ import annotations

from datetime import UTC, datetime

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
