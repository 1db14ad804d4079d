"""Traffic of a quiet tenant, and a search over it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

START = 1_737_936_000_000  # 2025-01-27T00:00:00Z
DAY, HOUR, MINUTE = 86_400_000, 3_600_000, 60_000
# Of 25 minutes each: (day, hour).
OUTAGES = ((1, 11), (3, 14), (5, 9))


def quiet_rows(days: int = 7, seed: int = 5, outages=OUTAGES) -> list[tuple[int, int, str]]:
    """(arrival, latency, outcome) of a tenant with four requests a minute by day and one in three minutes at night.

    Two per cent of its calls fail at any time; in an outage nineteen of twenty do.
    """
    generator = np.random.default_rng(seed)
    spans = [
        (START + day * DAY + hour * HOUR, START + day * DAY + hour * HOUR + 25 * MINUTE)
        for day, hour in outages
    ]
    now, rows = START, []
    while True:
        by_day = 8 <= now // HOUR % 24 < 20
        now += int(generator.exponential(MINUTE / (4 if by_day else 1 / 3))) + 1
        if now >= START + days * DAY:
            return rows
        failing = any(begin <= now < end for begin, end in spans)
        chance = generator.random()
        outcome = (
            "failure" if chance < (0.95 if failing else 0.02) else "ignored" if chance > 0.97 else "success"
        )
        rows.append((now, int(generator.gamma(2, 300)), outcome))


def write_quiet(folder: Path, name: str = "quiet.jsonl", **options: object) -> str:
    """The same as a file."""
    rows = quiet_rows(**options)
    lines = [
        json.dumps(
            {"arrival_ms": at, "latency_ms": wait, "outcome": outcome, "tenant": "t", "provider": "openai"}
        )
        for at, wait, outcome in rows
    ]
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")
    return name
