"""Made worlds for the dashboard, in a real Prometheus: both dialects, trace ids, restarts, gaps, two router instances."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from made_worlds import BLOCK, MAKER
from prometheus_server import blocks_from, prometheus

from cbops.measure.panels import panel_queries
from cbops.model.dashboard import DashboardSettings, PanelQuery

SAMPLE = MAKER.parent / "sample"
TENANT = "canary"
PROVIDERS = ("openai", "anthropic")
SCENARIO: dict[str, Any] = {
    "start": "2025-01-28T00:00:00",
    "days": 2,
    "enabled_at": "2025-01-28T06:00:00",
    "scrape_seconds": 60,
    "canary": {"tenant": TENANT, "circuit_breaker": BLOCK},
    "providers": {
        "openai": {"failure": 0.004, "latency_ms": 220},
        "anthropic": {"failure": 0.004, "latency_ms": 260},
    },
    "tenants": [
        {
            "id": TENANT,
            "policy": "p",
            "rpm": 12,
            "providers": {"openai": 80, "anthropic": 20},
            "fallback": "anthropic",
            "owner": "a",
        },
        {"id": "b", "policy": "q", "rpm": 12, "providers": {"openai": 60, "anthropic": 40}, "owner": "b"},
    ],
    "outages": [
        {"provider": "openai", "from": "2025-01-28T14:00:00", "to": "2025-01-28T14:30:00", "failure": 0.9},
        {"provider": "openai", "from": "2025-01-29T20:00:00", "to": "2025-01-29T20:10:00", "failure": 0.6},
    ],
    "restarts": ["2025-01-28T14:10:20", "2025-01-29T05:17:20"],
    "scrape_gaps": [["2025-01-28T10:00:00", "2025-01-28T10:25:00"]],
}


@dataclass(frozen=True)
class Answer:
    """What a query gave: each series' labels, and its values by instant."""

    query: PanelQuery
    series: tuple[tuple[dict[str, str], dict[int, float]], ...]

    def of(self, provider: str) -> dict[int, float]:
        """The one series of a provider."""
        (found,) = [values for labels, values in self.series if labels.get("provider_id") == provider]
        return found

    def value(self, provider: str) -> float:
        """Its only value."""
        (found,) = self.of(provider).values()
        return found


def ask(url: str, query: PanelQuery, end: datetime, seconds: int, step: int) -> Answer:
    """As Grafana does: at the end of the range, or through it in steps."""
    at = round(end.timestamp())
    asked: dict[str, Any] = {"query": query.expr}
    if query.instant:
        path, asked = "query", asked | {"time": at}
    else:
        path, asked = "query_range", asked | {"start": at - seconds, "end": at, "step": step}
    answer = httpx.post(f"{url}/api/v1/{path}", data=asked, timeout=120).json()
    assert answer["status"] == "success", f"{query.query}: {answer}"
    return Answer(
        query,
        tuple(
            (
                one["metric"],
                {int(float(t)): float(v) for t, v in ([one["value"]] if query.instant else one["values"])},
            )
            for one in answer["data"]["result"]
        ),
    )


@dataclass(frozen=True)
class Asked:
    """A server with a world, asked what the dashboard asks."""

    url: str
    settings: DashboardSettings
    tenant: str | None
    providers: tuple[str, ...] = PROVIDERS

    def answers(
        self, end: datetime, seconds: int, step: int = 60, only: tuple[str, ...] = ()
    ) -> dict[str, Answer]:
        """By the queries' ids."""
        queries = panel_queries(
            self.settings, self.tenant, self.providers, range_seconds=seconds, step_seconds=step
        )
        return {
            query.query: ask(self.url, query, end, seconds, step)
            for query in queries
            if not only or query.query in only
        }


def made(folder: Path, seed: int, **more: Any) -> dict[str, Any]:
    """Simulate into the folder; the truth."""
    folder.mkdir()
    (folder / "scenario.json").write_text(json.dumps(SCENARIO | more), encoding="utf-8")
    subprocess.run(
        [sys.executable, str(MAKER), "scenario.json", "out", "--seed", str(seed)], cwd=folder, check=True
    )
    truth: dict[str, Any] = json.loads((folder / "out" / "truth.json").read_text(encoding="utf-8"))
    return truth


def together(folders: dict[str, Path], out: Path) -> None:
    """One file of the scrapes of several routers, each with its labels as a server would add them."""
    families: dict[str, list[str]] = defaultdict(list)
    for instance, folder in folders.items():
        family = ""
        for line in (folder / "out" / "metrics.om").read_text(encoding="utf-8").splitlines():
            if line.startswith("# EOF"):
                break
            if line.startswith("# TYPE"):
                family = line
            elif line.startswith("up{"):
                families[family].append(re.sub('instance="[^"]*"', f'instance="{instance}"', line))
            else:
                families[family].append(line.replace("{", f'{{instance="{instance}",job="router",', 1))
    lines = [line for family, found in families.items() for line in (family, *found)]
    out.write_text("\n".join([*lines, "# EOF", ""]), encoding="utf-8")


@contextmanager
def served(folder: Path, openmetrics: Path) -> Iterator[str]:
    """The URL of a server with these samples and no rules."""
    blocks_from(openmetrics, folder / "tsdb")
    with prometheus(folder / "tsdb") as url:
        yield url


def instant(text: str) -> datetime:
    """In UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)
