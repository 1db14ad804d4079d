"""The fixtures of flow_world, for the folders whose tests play rollouts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

import pytest
from flow_world import KEY, Practice, RouterClock, Switch, Wire, Work, wired

from cbops.clients.scrape import Scraper
from cbops.clients.store import SampleStore
from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND, Scenario
from cbops.simulator.server import RunningServer

if TYPE_CHECKING:
    from conftest import Cli


@pytest.fixture(scope="session")
def served() -> Iterator[tuple[Switch, str]]:
    """One server for all tests, and the switch behind it."""
    switch = Switch()
    switch.router = Practice(SOUND)
    with RunningServer(cast("Router", switch), token=KEY) as server:
        yield switch, server.url


@pytest.fixture
def wire() -> Iterator[Wire]:
    with wired() as made:
        yield made


@pytest.fixture
def scenario() -> Scenario:
    """Override it in a module for another world."""
    return SOUND


@pytest.fixture
def router(served: tuple[Switch, str], scenario: Scenario) -> Practice:
    switch, _ = served
    switch.router = Practice(scenario)
    return switch.router


@pytest.fixture
def work(cli: Cli, served: tuple[Any, str], router: Practice, wire: Wire) -> Iterator[Work]:
    url = served[1]
    cli.environ["CBOPS_ADMIN_TOKEN"] = KEY
    store = SampleStore(cli.folder / "samples.db")
    scraper = Scraper(f"{url}/metrics", store, instance="router:9001", job="router")
    with store, scraper:
        made = Work(cli, router, wire, RouterClock(router, scraper, store), url, store, served[0])
        made.configure()
        yield made
