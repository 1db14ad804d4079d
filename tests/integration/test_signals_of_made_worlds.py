"""A made world in which all five kinds of signal are to be found, day by day; no day opens a ticket twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from journal_samples import TickingClock, opened, write_rollout
from made_worlds import BLOCK, Made, made, scenario

from cbops.clients.store import SampleStore
from cbops.flows.steps.loading import load
from cbops.flows.steps.recording import Who, recording
from cbops.journal.reader import read
from cbops.measure import gather_day, measure_day
from cbops.model.base import as_utc, to_ms
from cbops.model.calendar import day_window
from cbops.model.config import MetricsConfig
from cbops.model.events import DayCollected, IncidentAdded
from cbops.model.events_change import BreakerAdopted
from cbops.model.tenant import Target
from cbops.model.ticket import TicketKind

pytestmark = pytest.mark.long

TARGET = Target(tenant="canary", policy="p", provider="openai")
ENABLED = datetime(2025, 1, 30, tzinfo=UTC)
LAST = 5  # days since enabling
KINDS = {kind.value for kind in TicketKind} - {TicketKind.OPERATOR_WRITTEN.value}
# A gauge that a criterion requires is looked for where it isn't.
CONFIG = MetricsConfig(names={"router_circuit_breaker_error_rate": "moved_elsewhere"})

TROUBLED = scenario(
    6,
    0.02,
    days=7,
    enabled=f"{ENABLED:%Y-%m-%dT%H:%M:%S}",
    regression={"latency": 1.3},
    outages=[
        {"provider": "openai", "from": "2025-01-31T14:00:00", "to": "2025-01-31T14:30:00", "failure": 0.95, "declared": True}
    ],
)  # fmt: skip
# The same traffic with a sound provider and a policy that suits it.
SOUND = scenario(
    12,
    0.0,
    days=7,
    enabled=f"{ENABLED:%Y-%m-%dT%H:%M:%S}",
    canary={"tenant": "canary", "circuit_breaker": {**BLOCK, "timeout_ms": 90_000}},
    outages=[],
)


def alerted(world: Made) -> None:
    """An alert for each brief open, and none for the outage."""
    truth = json.loads((world.folder / "out" / "truth.json").read_text("utf-8"))
    with SampleStore(world.store) as store:
        labels = {"alertname": "Opened", "alertstate": "firing", "severity": "warning", "tenant_id": "canary", "provider_id": "openai"}  # fmt: skip
        series = store.series_id("ALERTS", labels)
        fired: set[int] = set()
        for each in truth["episodes"]:
            start, end = (as_utc(datetime.fromisoformat(each[name])) for name in ("opened", "closed"))
            if end - start < timedelta(seconds=100):
                first = to_ms(start) // 60_000 * 60_000 + 60_000
                fired |= {first, first + 60_000}
        for at in sorted(fired):
            store.append(at, [(series, 1.0)])


def rollout(folder: Path, block: dict[str, Any]) -> Path:
    """A rollout of the world's canary, as somebody enabled it."""
    place = folder / "rollouts" / "canary"
    event = opened().model_copy(
        update={"rollout": "canary", "target": TARGET, "timezone": "UTC", "adopted": True}
    )
    write_rollout(place, [event, BreakerAdopted(enabled_at=ENABLED, version="1.1", block=block)])
    (folder / "cbops.yaml").write_text("version: 1\n")
    return place


def collect(world: Made, place: Path, clock: TickingClock, *numbers: int, config: MetricsConfig) -> None:
    """These days as a Prometheus with these samples would have shown them."""
    end = ENABLED + timedelta(days=max(numbers))
    clock.time = end
    with SampleStore(world.store) as store, recording(place, Who("ann", "a test", clock)) as (record, _):
        for number in numbers:
            window = day_window(number, ENABLED, end, ZoneInfo("UTC"))
            assert window is not None
            samples = gather_day(store.fetch, "prometheus", TARGET, window, config, ("anthropic",))
            seen = measure_day(TARGET, window, end, samples, config, known_providers=("anthropic",))
            sha = record.put_evidence(seen.model_dump_json(by_alias=True) + "\n")
            record.append(DayCollected(window=window, as_of=end, observation=sha))


def test_all_five_kinds_are_found_and_another_day_opens_no_ticket_twice(tmp_path, cli):
    world = made(tmp_path / "world", TROUBLED)
    alerted(world)
    place, clock = rollout(cli.folder, BLOCK), TickingClock()
    collect(world, place, clock, -1, 0, *range(1, LAST), config=CONFIG)
    with recording(place, Who("ann", "a test", clock)) as (record, _):
        span = {
            "from": datetime(2025, 1, 31, 14, tzinfo=UTC),
            "to": datetime(2025, 1, 31, 14, 30, tzinfo=UTC),
        }
        record.append(IncidentAdded.model_validate({"provider": "openai", **span}))

    def run(*words: str) -> dict[str, Any]:
        return cli.json(*words, clock=clock).data

    run("evaluate")
    signals = run("ticket", "signals")["signals"]
    assert {each["kind"] for each in signals} == KINDS
    codes = {each["id"].rpartition("-")[0] for each in signals}
    assert codes >= {
        "unexpected-opens",
        "noisy-alert",
        "silent-open",
        "added-latency",
        "thresholds",
        "missing-series",
    }
    assert len(run("ticket", "create", "--from-signal", "all")["opened"]) == len(signals)
    before = {ticket.fingerprint: ticket for ticket in load(place).tickets}

    again = run("ticket", "create", "--from-signal", "all")
    assert (again["opened"], again["updated"]) == ([], [])

    collect(world, place, clock, LAST, config=CONFIG)
    run("evaluate")
    later = run("ticket", "create", "--from-signal", "all")
    assert not {each["fingerprint"] for each in later["opened"]} & set(before)
    assert any(each["fingerprint"].startswith("unexpected-opens") for each in later["updated"])
    prints = [ticket.fingerprint for ticket in load(place).tickets]
    assert len(prints) == len(set(prints))
    assert all(entry.event.type != "ticket_moved" for entry in read(place).entries)
    assert len(list((place / "tickets").glob("CB-OPS-*.md"))) == len(prints)


def test_a_sound_world_has_at_most_thresholds_worth_a_thought(tmp_path, cli):
    world = made(tmp_path / "world", SOUND)
    place, clock = rollout(cli.folder, {**BLOCK, "timeout_ms": 90_000}), TickingClock()
    collect(world, place, clock, -1, 0, *range(1, LAST + 1), config=MetricsConfig())
    cli.json("evaluate", clock=clock)
    data = cli.json("ticket", "signals", clock=clock).data
    assert {each["kind"] for each in data["signals"]} <= {"configuration"}, data
