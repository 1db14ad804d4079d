"""A search on record, made by hand; every text that comes from outside goes through `tell`."""

from __future__ import annotations

from collections.abc import Callable

from cbops.model.policy import CANARY_BLOCK
from cbops.model.space import SearchSpace
from cbops.model.traffic import TrafficSummary
from cbops.model.tuning import PolicyScore, Recommended, Searched, Stability, Tuning, Winner

BETTER = {**CANARY_BLOCK, "error_rate_window_seconds": 600, "timeout_ms": 60_000}


def score(block: dict[str, object], **figures: object) -> PolicyScore:
    """Of two outages, both met."""
    usual: dict[str, object] = {
        "opens": 2,
        "expected": 2,
        "unexpected": 0,
        "unexplained": 0,
        "rejected": 4,
        "saved": 90,
        "failed_through": 50,
        "outages_missed": 0,
        "opened_after_ms": 20_000,
        "closed_after_ms": 40_000,
        "wedged": 0,
        "wedge_chance": 0.002,
    }
    return PolicyScore.model_validate({**usual, "block": block, **figures})


def searched(tell: Callable[[str], str]) -> Tuning:
    """A window of ten minutes against nine needless opens of the live policy."""
    return Tuning(
        traffic=TrafficSummary(
            origin="files", files=(tell("night.jsonl"),), requests=4800, denied_in_production=12
        ),
        circuits=1,
        outages=2,
        base="live",
        searched=Searched(
            source="file",
            file=tell("space.yaml"),
            band="low traffic, under 100 req/min",
            busiest_rpm=4.5,
            fields=SearchSpace(error_rate_window_seconds=(60, 600), timeout_ms=(30_000, 60_000)),
            combinations=4,
            never_closing=0,
            policies=5,
        ),
        scored=5,
        complete=True,
        front=1,
        candidates=(
            score(BETTER, roles=("recommended",), on_front=True, opened_after_ms=80_000),
            score(CANARY_BLOCK, roles=("live",), opens=11, unexpected=9, rejected=31),
        ),
        rule=("The fewest opens.",),
        recommended=Recommended(block=BETTER, reasons=(tell("opens that no outage explains 9 → 0"),)),
        stability=Stability(
            days=3,
            resamples=200,
            judged=141,
            seed=1,
            same=0.9503,
            near=1.0,
            live=0.0,
            winners=(Winner(block=BETTER, share=0.9503),),
        ),
        neighbours=(),
        summary=tell("5 policies searched: 9 → 0 opens that no outage explains."),
    )
