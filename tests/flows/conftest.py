"""Rollouts played against the practice router."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import stamina
from flow_fixtures import router, scenario, served, wire, work

__all__ = ["router", "scenario", "served", "wire", "work"]


@pytest.fixture(autouse=True, scope="session")
def _no_pauses() -> Iterator[None]:
    """Reads are tried again as often as ever, without the pauses: nothing here becomes better by waiting."""
    with stamina.set_testing(True, attempts=5, cap=True):
        yield
