"""The practice router's log: every counted transition is a line, and a disk that refuses is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from simulator_worlds import CANARY, advance, enable, outage, value, world

from cbops.errors import StorageError
from cbops.model.base import to_ms
from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND
from cbops.simulator.transition_log import TransitionLog

EDGES = (("closed", "open"), ("open", "half_open"), ("half_open", "open"), ("half_open", "closed"))
TOTAL = "router_circuit_breaker_state_transitions_total"
START_MS = to_ms(SOUND.start)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def moves(path: Path) -> list[dict[str, Any]]:
    return [line for line in lines(path) if line["event"] == "circuit_breaker_state_transition"]


def test_as_many_transitions_are_logged_as_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "router.log"
    with TransitionLog(path) as log:
        router = Router(world(outages=(outage(5, 15, failure=0.9),)), log=log)
        enable(router)
        advance(router, minutes=30)
    logged = moves(path)
    for source, target in EDGES:
        counted = value(router.metrics(), TOTAL, provider_id="openai", **{"from": source, "to": target}) or 0
        assert sum((one["from"], one["to"]) == (source, target) for one in logged) == counted > 0


def test_a_line_says_when_where_and_why(tmp_path: Path) -> None:
    path = tmp_path / "router.log"
    with TransitionLog(path) as log:
        router = Router(world(outages=(outage(5, 15),)), log=log)
        log.started(router.now_ms, "127.0.0.1:9001")
        enable(router)
        advance(router, minutes=6)
    start, first = lines(path)[:2]
    assert start == {
        "timestamp": "2025-01-24T00:00:00.000Z",
        "level": "info",
        "event": "router_started",
        "instance": "127.0.0.1:9001",
    }
    assert first["timestamp"].startswith("2025-01-24T00:05:")
    assert first | {"timestamp": None} == {
        "timestamp": None,
        "level": "info",
        "event": "circuit_breaker_state_transition",
        "tenant_id": CANARY[0],
        "provider_id": "openai",
        "from": "closed",
        "to": "open",
        "reason": "failure_threshold_exceeded",
        "instance": "127.0.0.1:9001",
    }


def test_a_line_can_be_read_as_soon_as_it_has_happened(tmp_path: Path) -> None:
    path = tmp_path / "router.log"
    with TransitionLog(path) as log:
        log.transition("a", "openai", START_MS, "closed", "open", "failure_threshold_exceeded")
        assert len(moves(path)) == 1


def test_a_second_start_adds_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "router.log"
    for at in (START_MS, START_MS + 60_000):
        with TransitionLog(path) as log:
            log.started(at, "127.0.0.1:9001")
    assert [line["timestamp"][11:19] for line in lines(path)] == ["00:00:00", "00:01:00"]


def test_a_restart_is_a_line_of_its_own_as_no_transition_tells_it(tmp_path: Path) -> None:
    path = tmp_path / "router.log"
    with TransitionLog(path) as log:
        router = Router(world(outages=(outage(0, 15),)), log=log)
        enable(router)
        advance(router, minutes=1)
        router.restart()
    assert lines(path)[-1]["event"] == "router_started"


def test_a_path_that_cannot_be_written_is_an_error_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"the log .*missing/router\.log can't be written: No such file"):
        TransitionLog(tmp_path / "missing" / "router.log")


def test_a_full_disk_is_an_error_at_the_start() -> None:
    with pytest.raises(StorageError, match="No space left"), TransitionLog(Path("/dev/full")) as log:
        log.started(START_MS, "127.0.0.1:9001")


def test_a_disk_that_fills_up_later_is_told_once_and_the_router_goes_on() -> None:
    told: list[StorageError] = []
    with TransitionLog(Path("/dev/full"), told.append) as log:
        router = Router(world(outages=(outage(1, 15),)), log=log)
        enable(router)
        advance(router, minutes=30)
    assert log.lost > 1
    assert [error.code for error in told] == ["storage"]
    assert value(router.metrics(), TOTAL, provider_id="openai", **{"from": "closed", "to": "open"})
