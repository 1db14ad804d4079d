"""The router's own answers, operation by operation and trace by trace."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from cbops.breaker import Breaker, Trace, replay

DATA = Path(__file__).parents[1] / "data" / "conformance"

# The router has a reason metric for opening and half-opening, and none for closing.
WITH_TRIGGER = ("open", "half_open")


def load(name: str) -> list[dict[str, Any]]:
    with gzip.open(DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


SEQUENCES = load("engine")
TRACES = load("replay")


def answers(sequence: dict[str, Any]) -> list[list[Any]]:
    reasons: list[str] = []

    def moved(_now: int, _source: str, target: str, reason: str) -> None:
        if target in WITH_TRIGGER:
            reasons.append(reason)

    breaker = Breaker(sequence["policy"], on_transition=moved)
    calls = {
        "a": breaker.allow,
        "s": breaker.record_success,
        "f": breaker.record_failure,
        "force_recovery": breaker.force_recovery,
        "force_half_open": breaker.force_half_open,
        "reset_recovery": breaker.reset,
    }
    found: list[list[Any]] = []
    for now, name in sequence["ops"]:
        reasons.clear()
        said = calls[name](now)
        found.append(
            [
                {None: "ok", True: "allow", False: "deny"}[said],
                breaker.state,
                breaker.failure_count,
                breaker.success_count,
                breaker.half_open_calls,
                breaker.error_rate,
                list(reasons),
            ]
        )
    return found


def test_all_recorded_sequences_and_traces_are_here():
    assert (len(SEQUENCES), len(TRACES)) == (300, 45)


@pytest.mark.parametrize("block", range(10))
def test_every_operation_answers_like_the_router(block):
    for number, sequence in enumerate(SEQUENCES[block::10]):
        assert answers(sequence) == sequence["results"], f"sequence {number * 10 + block}"


@pytest.mark.parametrize("number", range(len(TRACES)))
def test_every_trace_replays_like_the_router(number):
    recorded = TRACES[number]
    result = replay(recorded["policy"], Trace.from_rows(recorded["requests"]))
    assert [list(moved) for moved in result.transitions] == recorded["transitions"]
    assert {name: getattr(result, name) for name in recorded["counts"]} == recorded["counts"]
    assert result.denied == recorded["denied"]
    assert result.final_state == recorded["final_state"]
