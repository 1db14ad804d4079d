"""Rollouts played against the practice router."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina
from crash_world import Crash, Zygote, started
from flow_fixtures import router, scenario, served, wire, work
from flow_world import Work

__all__ = ["router", "scenario", "served", "wire", "work"]


@pytest.fixture(autouse=True, scope="session")
def _no_pauses() -> Iterator[None]:
    """Reads are tried again as often as ever, without the pauses: nothing here becomes better by waiting."""
    with stamina.set_testing(True, attempts=5, cap=True):
        yield


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    """One for all: starting it costs a second."""
    with started() as made:
        yield made


@pytest.fixture
def crash(zygote: Zygote, work: Work) -> Crash:
    """Commands in `work` that are killed, or run at once."""
    return Crash(zygote, work)
