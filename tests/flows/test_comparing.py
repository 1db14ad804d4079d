"""What a canary is compared with: whose breaker the admin API says is enabled, and what a person sets on record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cbops.flows.steps.loading import load, observations
from cbops.model.policy import CANARY_BLOCK, with_breaker
from tests.conftest import Cli
from tests.practice import TOKEN, Practice, practice, write_config

END = "2025-01-30T00:00:00Z"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Three days of baseline and three with the breaker."""
    with practice(tmp_path_factory.mktemp("compared")) as world:
        world.stage.play(datetime(2025, 1, 27, 9, tzinfo=UTC))
        enable(world, "tenant_canary", "canary_policy")
        world.stage.play(datetime(2025, 1, 30, tzinfo=UTC))
        yield world


def enable(world: Practice, tenant: str, policy: str) -> None:
    _, document = world.admin.latest(tenant, policy)
    world.admin.put(tenant, policy, with_breaker(document, CANARY_BLOCK), version="1.1", comment="by hand")


def adopted(cli: Cli, played: Practice, **changes: Any) -> Cli:
    cli.environ["CBOPS_ADMIN_TOKEN"] = TOKEN
    write_config(cli.folder, played.url, played.store, baseline_days=3, **changes)
    cli.json(
        "canary", "adopt", "tenant_canary", "--policy", "canary_policy", "--provider", "openai",
        "--enabled-at", "2025-01-27T09:00:00Z",
    )  # fmt: skip
    return cli


def rollout(cli: Cli) -> Path:
    (folder,) = (cli.folder / "rollouts").iterdir()
    return folder


def controls(data: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in data["criteria"] if one["id"] == "unexpected_opens")["evidence"]["controls"]


def test_probe(cli: Cli, played: Practice) -> None:
    work = adopted(cli, played)
    result = work.json("monitor", "daily", "--all", "--as-of", END)
    print(result.answer["warnings"])
    state = load(rollout(work))
    for day in observations(rollout(work), state.days):
        print(day.breakers, [b.tenant + b.provider for b in day.controls])
    print(json.dumps(controls(work.json("evaluate", "--as-of", END).data), indent=1))
    print(work("canary", "compare").stdout)
    print(work("canary", "compare", "--controls", "tenant_billing,nobody", "--reason", "same prompts").stdout)
    print(work("evaluate", "--as-of", END).stdout)
    print(work("canary", "status").stdout)
    assert 0
