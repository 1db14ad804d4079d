"""Criterion 5 on made worlds: nothing contradicts, and neither do the router's own logs; a line less does."""

from __future__ import annotations

import importlib.util
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from judge.build import state
from made_worlds import MAKER, WORLDS, made, scenario

from cbops.clients.router_logs import read_router_logs
from cbops.clients.store import SampleStore
from cbops.judge import evaluate
from cbops.measure import gather_day, measure_day, merge_episodes
from cbops.model.calendar import day_window
from cbops.model.config import CriteriaConfig, MetricsConfig
from cbops.model.observation import Observation
from cbops.model.tenant import Target

pytestmark = pytest.mark.long

TARGET = Target(tenant="canary", policy="p", provider="openai")
ENABLED = datetime(2025, 1, 29, tzinfo=UTC)
CHOSEN = {
    name: WORLDS[name] for name in ("3/min", "12/min, scraped every 15 s", "60/min, restarts and gaps")
} | {
    "documented": scenario(12, 0.005, dialect="documented"),
    "trace labels": scenario(12, 0.005, trace_labels=True),
}


def days_of(folder: Path, world: dict) -> list[Observation]:
    end = datetime.fromisoformat(world["start"]).replace(tzinfo=UTC) + timedelta(days=world["days"])
    config, days = MetricsConfig(), []
    with SampleStore(made(folder, world).store) as store:
        for number in range(1, world["days"]):
            window = day_window(number, ENABLED, end, ZoneInfo("UTC"))
            assert window is not None
            samples = gather_day(store.fetch, store.kind, TARGET, window, config, ("anthropic",))
            days.append(measure_day(TARGET, window, end, samples, config, known_providers=("anthropic",)))
    return days


def logged(folder: Path, world: dict, skip: int | None = None) -> Path:
    """What the router of that world would have logged."""
    spec = importlib.util.spec_from_file_location("made_worlds_maker", MAKER)
    assert spec is not None
    assert spec.loader is not None
    maker = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = maker
    spec.loader.exec_module(maker)
    router = maker.World(world, 1)
    router.run()
    mine = [move for move in router.transitions if move["tenant"] == "canary"]
    after = [i for i, move in enumerate(mine) if move["ms"] > router.enable_ms + 3600_000]
    if skip is not None:
        del mine[after[skip]]
    base = router.t0.timestamp() * 1000
    lines = [
        {"timestamp": base, "event": "router_started"},
        {"timestamp": base + router.end_ms, "event": "tick"},
    ]
    lines += [
        {"timestamp": base + move["ms"], "tenant_id": "canary", "provider_id": move["provider"],
         "metadata": {"from": move["from"], "to": move["to"], "reason": move["reason"]}}
        for move in mine
    ]  # fmt: skip
    path = folder / "router.log"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    return path


def checks(days: list[Observation], log: Path) -> list[dict]:
    judged = evaluate(
        state(enabled_at=ENABLED, target=TARGET),
        observations=days,
        baseline=(),
        episodes=merge_episodes(days),
        criteria=CriteriaConfig(),
        as_of=days[-1].window.end,
        logs=(read_router_logs([str(log)], "canary"),),
    )
    found = next(one for one in judged.criteria if one.id == "observability")
    return found.evidence["checks"]


@pytest.mark.parametrize("name", CHOSEN)
def test_a_made_world_and_its_log_hold_no_contradiction(tmp_path, name):
    world = CHOSEN[name]
    days = days_of(tmp_path, world)

    found = checks(days, logged(tmp_path, world))

    assert [each["text"] for each in found if each["status"] == "contradiction"] == []
    assert {each["check"] for each in found} >= {"logs", "gauge_state", "gauge_error_rate"}
    less = checks(days, logged(tmp_path, world, skip=1))
    assert [each["check"] for each in less if each["status"] == "contradiction"] == ["logs"]
