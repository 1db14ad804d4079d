"""Trace files for the commands that replay."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cbops.model.base import from_ms, iso

BEGIN = 1_737_968_400_000  # 2025-01-27T09:00:00Z
MINUTE = 60_000


def request(minute: float, outcome: str = "success", **more: Any) -> dict[str, Any]:
    """A request that many minutes after the beginning, answered in 100 ms."""
    return {"ts": iso(from_ms(BEGIN + round(minute * MINUTE))), "latency_ms": 100, "outcome": outcome, **more}


def quiet_night(hours: int = 12, **more: Any) -> list[dict[str, Any]]:
    """A request a minute; one fails alone after two hours, and all of them do for half an hour after five."""
    failing = {120, *range(300, 330)}
    return [
        request(minute, "failure" if minute in failing else "success", **more) for minute in range(hours * 60)
    ]


def written(path: Path, rows: Iterable[dict[str, Any]]) -> Path:
    """The rows as JSONL."""
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def three_days(**more: Any) -> list[dict[str, Any]]:
    """Three days from 2025-01-24 on: a request every 20 s by day and every 3 min by night, a failure alone now and
    then, and an outage of 40 minutes on the second day.
    """
    rows = []
    for second in range(0, 3 * 86_400, 20):
        hour, minute = second // 3600 % 24, second // 60
        if not 7 <= hour < 20 and second % 180:
            continue
        failed = len(rows) in (100, 5190) or len(rows) % 499 == 300 or 2_160 <= minute < 2_200
        rows.append(request(minute - 4_860 + second % 60 / 60, "failure" if failed else "success", **more))
    return rows
