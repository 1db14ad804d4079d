"""The rollout that the examples start from, played once."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from practice import Stages

from tests.conftest import KEPT


@pytest.fixture(scope="session")
def stages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stages]:
    environ = {name: os.environ[name] for name in KEPT if name in os.environ}
    with Stages(tmp_path_factory.mktemp("stages"), environ).serving() as made:
        yield made
