"""A rollout against the practice router, with a proxy before it that does harm when it is told to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina
from fault_proxy import Proxy
from fault_world import World
from flow_fixtures import router, scenario, served, wire, work
from flow_world import Work

__all__ = ["router", "scenario", "served", "wire", "work"]


@pytest.fixture
def world(work: Work) -> Iterator[World]:
    with Proxy(work.url) as proxy, stamina.set_testing(True, attempts=2, cap=True):
        yield World(work, proxy)
