"""A practice router with its metrics scraped into an embedded store, played in virtual time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from cbops.cli.demo import Stage
from cbops.clients.admin import AdminClient
from cbops.clients.scrape import Scraper
from cbops.clients.store import SampleStore
from cbops.model.config import RouterConfig
from cbops.model.policy import CANARY_BLOCK, with_breaker
from cbops.simulator.router import Router
from cbops.simulator.scenarios import Scenario, scenario
from cbops.simulator.server import RunningServer

if TYPE_CHECKING:
    from tests.conftest import Cli

TOKEN = "practice-key"
ENABLED = datetime(2025, 1, 27, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Practice:
    """The router, its server's URL, the clock that plays it, and the store that is filled meanwhile."""

    router: Router
    url: str
    stage: Stage
    admin: AdminClient
    store: Path


@contextmanager
def practice(
    folder: Path, played: Scenario | str = "sound", *, scrape_seconds: int = 300, seed: int | None = None
) -> Iterator[Practice]:
    """From the scenario's start on; nothing is played yet. The store is `samples.db` in the folder."""
    world = scenario(played) if isinstance(played, str) else played
    router = Router(world, seed=seed)
    store = folder / "samples.db"
    with (
        RunningServer(router, token=TOKEN) as server,
        SampleStore(store) as samples,
        Scraper(f"{server.url}/metrics", samples, instance="practice-router", job="router") as scraper,
        AdminClient(RouterConfig(admin_url=server.url), TOKEN) as admin,
    ):
        stage = Stage(router, scraper, samples, timedelta(seconds=scrape_seconds), lambda _what, _done: None)
        yield Practice(router, server.url, stage, admin, store)


@contextmanager
def enabled_by_hand(folder: Path, until: datetime) -> Iterator[Practice]:
    """Three days of baseline, and the canary's breaker from ENABLED on, which nobody used cbops for."""
    with practice(folder) as world:
        world.stage.play(ENABLED)
        enable(world, "tenant_canary", "canary_policy")
        world.stage.play(until)
        yield world


def enable(world: Practice, tenant: str, policy: str) -> None:
    """By the admin API, as its first change."""
    _, document = world.admin.latest(tenant, policy)
    world.admin.put(tenant, policy, with_breaker(document, CANARY_BLOCK), version="1.1", comment="by hand")


def adopt(cli: Cli, world: Practice, **config: object) -> Cli:
    """A work folder with a rollout for the breaker that was enabled by hand."""
    cli.environ["CBOPS_ADMIN_TOKEN"] = TOKEN
    write_config(cli.folder, world.url, world.store, baseline_days=3, **config)
    opened = cli.json(
        "canary", "adopt", "tenant_canary", "--policy", "canary_policy", "--provider", "openai",
        "--enabled-at", ENABLED.isoformat(),
    )  # fmt: skip
    assert opened.status == 0
    return cli


def write_config(folder: Path, admin_url: str, store: Path | str = "samples.db", **more: object) -> None:
    """cbops.yaml and the scenario's tenants.yaml."""
    config = {
        "version": 1,
        "router": {"admin_url": admin_url},
        "metrics": {"source": "embedded", "path": str(store)},
        **more,
    }
    (folder / "cbops.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    tenants = scenario("sound").tenants_file().model_dump(mode="json")
    (folder / "tenants.yaml").write_text(yaml.safe_dump(tenants), encoding="utf-8")
