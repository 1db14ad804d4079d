"""Worlds of tests/data/worlds/make_world.py: the canary's requests as they were, and the scrapes in a store."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cbops.breaker.trace import Trace
from cbops.clients.store import SampleStore

MAKER = Path(__file__).parent / "data" / "worlds" / "make_world.py"
START = datetime(2025, 1, 28, tzinfo=UTC)
TENANT, PROVIDER = "canary", "openai"
BLOCK = {
    "enabled": True,
    "failure_threshold": 5,
    "error_rate_threshold": 0.5,
    "error_rate_window_seconds": 60,
    "timeout_ms": 30_000,
    "success_threshold": 2,
}
NEVER = "2025-03-01T00:00:00"
SECOND_DAY = "2025-01-29T00:00:00"

_LABEL = re.compile(r'(\w+)="([^"]*)"')
_LETTERS = {"success": "s", "failure": "f", "ignored": "i"}


def scenario(rpm: float, failure: float, days: float = 3, enabled: str = SECOND_DAY, **more: Any) -> dict:
    """A canary on one provider with a fallback, and two declared outages of that provider."""
    return {
        "start": f"{START:%Y-%m-%dT%H:%M:%S}",
        "days": days,
        "enabled_at": enabled,
        "scrape_seconds": 60,
        "canary": {"tenant": TENANT, "circuit_breaker": BLOCK},
        "providers": {
            "openai": {"failure": failure, "latency_ms": 220},
            "anthropic": {"failure": 0.001, "latency_ms": 260},
        },
        "tenants": [
            {
                "id": TENANT,
                "policy": "p",
                "rpm": rpm,
                "diurnal": 0.8,
                "providers": {"openai": 100},
                "fallback": "anthropic",
                "owner": "a",
            }
        ],
        "outages": [
            {
                "provider": "openai",
                "from": "2025-01-28T14:00:00",
                "to": "2025-01-28T14:30:00",
                "failure": 0.9,
                "latency": 3.0,
                "declared": True,
            },
            {
                "provider": "openai",
                "from": "2025-01-29T20:00:00",
                "to": "2025-01-29T20:10:00",
                "failure": 0.6,
                "declared": True,
            },
        ],
        **more,
    }


WORLDS: dict[str, dict[str, Any]] = {
    "1/min": scenario(1, 0.01, days=7),
    "3/min, never enabled": scenario(3, 0.01, days=7, enabled=NEVER),
    "3/min": scenario(3, 0.01, days=7),
    "12/min": scenario(12, 0.005),
    "12/min, scraped every 15 s": scenario(12, 0.005, scrape_seconds=15),
    "12/min, scraped every 300 s": scenario(12, 0.005, scrape_seconds=300),
    "30/min, 5 % fail": scenario(30, 0.05),
    "30/min, 20 % fail, never enabled": scenario(30, 0.2, enabled=NEVER),
    "60/min, restarts and gaps": scenario(
        60,
        0.002,
        restarts=["2025-01-28T14:10:20", "2025-01-29T05:17:20"],
        scrape_gaps=[
            ["2025-01-28T10:00:00", "2025-01-28T10:25:00"],
            ["2025-01-29T20:02:00", "2025-01-29T20:07:00"],
        ],
    ),
    "300/min": scenario(300, 0.002, days=2),
}


@dataclass(frozen=True)
class Made:
    """A world in a folder; its scrapes are in `samples.db`."""

    folder: Path
    scenario: dict[str, Any]

    @property
    def store(self) -> Path:
        return self.folder / "samples.db"

    def requests(self) -> Trace:
        """What the canary's circuit to openai saw: a request that it denied has no outcome."""
        return requests(self.folder / "out" / "requests.jsonl.gz")


def made(folder: Path, world: dict[str, Any]) -> Made:
    """Simulated now, a second or so for each hundred thousand requests."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scenario.json").write_text(json.dumps(world), encoding="utf-8")
    subprocess.run([sys.executable, str(MAKER), "scenario.json", "out"], cwd=folder, check=True)
    found = Made(folder, world)
    with SampleStore(found.store) as store:
        for at, values in _scrapes(folder / "out" / "metrics.om", store):
            store.append(at, values)
    return found


def requests(path: Path, provider: str = PROVIDER) -> Trace:
    rows = []
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            if row["provider_id"] == provider and row["admitted"]:
                rows.append((round(row["ts"] * 1000), row["latency_ms"], _LETTERS[row["outcome"]]))
    rows.sort(key=lambda row: row[0])
    return Trace(
        array("q", [at for at, _, _ in rows]),
        array("q", [took for _, took, _ in rows]),
        "".join(letter for _, _, letter in rows).encode(),
    )


def _scrapes(path: Path, store: SampleStore) -> Iterator[tuple[int, list[tuple[int, float]]]]:
    """The samples of OpenMetrics text, as one router's, without the latency's buckets."""
    found: dict[int, list[tuple[int, float]]] = {}
    ids: dict[str, int] = {}
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(("#", "router_result_latency_ms_bucket")):
                continue
            head, value, at = line.rsplit(" ", 2)
            if head not in ids:
                name, _, rest = head.partition("{")
                ids[head] = store.series_id(
                    name, dict(_LABEL.findall(rest)) | {"instance": "router:9001", "job": "router"}
                )
            found.setdefault(round(float(at) * 1000), []).append((ids[head], float(value)))
    yield from sorted(found.items())
