"""CBOPS_CLOCK=practice: cbops lives by the practice router's time, and a rollback never depends on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND
from cbops.simulator.server import RunningServer
from tests.conftest import Cli

KEY = "practice-key"
NAMED = ("--tenant", "tenant_canary", "--policy", "canary_policy")


@pytest.fixture
def router(cli: Cli) -> Iterator[Router]:
    made = Router(SOUND)
    with RunningServer(made, token=KEY) as server:
        cli.environ.update(CBOPS_ADMIN_TOKEN=KEY, CBOPS_CLOCK="practice")
        configure(cli, server.url)
        yield made


def configure(cli: Cli, url: str) -> None:
    text = f'router: {{admin_url: "{url}"}}\nmetrics: {{source: embedded}}\ntenants: tenants.yaml\n'
    (cli.folder / "cbops.yaml").write_text(text)
    (cli.folder / "tenants.yaml").write_text("tenants: []\n")
    (cli.folder / "rollouts").mkdir(exist_ok=True)


def test_a_command_happens_at_the_routers_time(cli: Cli, router: Router) -> None:
    words = ("--policy", "canary_policy", "--provider", "openai", "--override", "practice")
    opened = cli.json("canary", "select", "tenant_canary", *words)
    assert opened.data["rollout"] == "phase1-tenant_canary-20250124"


def test_a_scrape_lets_the_routers_time_pass(cli: Cli, router: Router) -> None:
    with RunningServer(router, token=KEY) as page:
        scraped = cli.json(
            "monitor", "scrape", "--url", f"{page.url}/metrics", "--every", "5m", "--for", "1h"
        )
    assert (scraped.data["scrapes"], scraped.data["failed"]) == (13, 0)
    assert scraped.data["first"] == "2025-01-24T00:00:00.000Z"
    assert scraped.data["last"] == "2025-01-24T01:00:00.000Z"
    assert (router.now - SOUND.start).total_seconds() == 3600


def test_another_value_is_an_error(cli: Cli, router: Router) -> None:
    failed = cli.json("canary", "status", env={"CBOPS_CLOCK": "http://127.0.0.1:1"})
    assert (failed.status, failed.error["code"]) == (3, "config")
    assert failed.error["hint"] == "The only value: export CBOPS_CLOCK=practice"


def test_without_that_router_the_hint_says_how_to_live_by_the_real_time(cli: Cli) -> None:
    configure(cli, "http://127.0.0.1:1")
    failed = cli.json("canary", "status", env={"CBOPS_CLOCK": "practice"})
    assert (failed.status, failed.error["code"]) == (3, "config")
    assert "unset CBOPS_CLOCK" in failed.error["hint"]


def test_a_rollback_goes_on_by_the_real_time(cli: Cli, router: Router) -> None:
    """As when somebody has forgotten the variable in the shell that works on a real router."""
    undone = cli.json("rollback", *NAMED, "--yes", env={"CBOPS_CLOCK": "forgotten"})
    assert undone.status == 7
    assert [each["written"] for each in undone.data["policies"]] == [False]
    assert "the real time is used: CBOPS_CLOCK is 'forgotten'" in undone.answer["warnings"]
