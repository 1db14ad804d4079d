"""A practice router that serves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from simulator_worlds import KEY

from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND
from cbops.simulator.server import RunningServer


@pytest.fixture
def server() -> Iterator[RunningServer]:
    with RunningServer(Router(SOUND), token=KEY) as running:
        yield running


@pytest.fixture(scope="module")
def shared() -> Iterator[RunningServer]:
    """One for all tests of a module that leave it as it was, or write under names of their own."""
    with RunningServer(Router(SOUND), token=KEY) as running:
        yield running
