"""Shadow criteria asked of a real Prometheus, day by day, from collecting to the judgement."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_server import blocks_from, prometheus

from tests.conftest import Cli

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.needs("promtool"), pytest.mark.long]

FIRST = datetime(2025, 1, 24, tzinfo=UTC)
ENABLED, END = "2025-01-27T09:00:00Z", "2025-01-31T00:00:00Z"
DAYS = 7
STEP = timedelta(minutes=5)
# What a request costs on each of the days: a third more since the first full day.
COST = (3.0, 3.1, 2.9, 3.0, 4.0, 4.1, 4.0)
QUERY = 'avg_over_time(cost{tenant_id="{tenant}",provider_id="{provider}"}[{range}])'


def openmetrics() -> str:
    """A tenant's successes and its cost, scraped every five minutes, and a cost of someone else."""
    times = [FIRST + number * STEP for number in range(1, DAYS * 288 + 1)]
    labels = 'tenant_id="acme",provider_id="openai"'
    events = "router_circuit_breaker_events"
    lines = [f"# TYPE {events} counter"]
    lines += [
        f'{events}_total{{{labels},event_type="success",instance="r:1"}} {number * 50} {at.timestamp():.0f}'
        for number, at in enumerate(times, start=1)
    ]
    lines.append("# TYPE cost gauge")
    for tenant in ("acme", "other"):
        lines += [
            f'cost{{tenant_id="{tenant}",provider_id="openai"}} '
            f"{COST[min(DAYS - 1, (at - FIRST - STEP).days)]} {at.timestamp():.0f}"
            for at in times
        ]
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("shadows")
    (folder / "samples.txt").write_text(openmetrics(), encoding="utf-8")
    blocks_from(folder / "samples.txt", folder / "tsdb")
    with prometheus(folder / "tsdb") as url:
        yield url


def shadow(name: str, query: str, **more: Any) -> dict[str, Any]:
    return {"id": name, "query": query, "direction": "lower_is_better", "margin": "5 %"} | more


def configure(cli: Cli, server: str, *shadows: dict[str, Any]) -> None:
    config = {
        "version": 1,
        "router": {"admin_url": "http://127.0.0.1:9"},
        "metrics": {"url": server},
        "baseline_days": 3,
        "criteria": {"shadow": list(shadows)},
    }
    (cli.folder / "cbops.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    (cli.folder / "tenants.yaml").write_text("tenants: []\n", encoding="utf-8")


def collected(cli: Cli) -> None:
    cli.json("canary", "adopt", "acme", "--policy", "p", "--provider", "openai", "--enabled-at", ENABLED)
    assert cli.json("monitor", "daily", "--all", "--as-of", END).status == 0


def test_each_day_is_asked_once_and_judged_against_the_days_before(cli: Cli, server: str) -> None:
    configure(
        cli,
        server,
        shadow("cost", QUERY),
        shadow("dearer", QUERY, direction="higher_is_better", binding=True),
        shadow("several", 'cost{provider_id="{provider}"}'),
        shadow("nothing", 'cost{tenant_id="{tenant}",region="moon"}'),
        shadow("broken", "sum(cost"),
        shadow("empty", 'avg_over_time(cost{tenant_id="{tenant}"}[{range}]) * 0 / 0', binding=False),
    )
    collected(cli)

    data = cli.json("evaluate", "--as-of", END).data

    found = {one["id"]: one for one in data["shadows"]}
    assert {name: one["verdict"] for name, one in found.items()} == {
        "cost": "missed",
        "dearer": "met",
        "several": "error",
        "nothing": "error",
        "broken": "error",
        "empty": "inconclusive",
    }
    cost = found["cost"]["evidence"]
    assert [day["date"] for day in cost["before"]] == ["2025-01-24", "2025-01-25", "2025-01-26"]
    assert [round(day["value"], 2) for day in cost["before"]] == [3.0, 3.1, 2.9]
    assert [round(day["value"], 2) for day in cost["after"]] == [4.0, 4.1, 4.0]
    assert cost["after"][0]["query"] == 'avg_over_time(cost{tenant_id="acme",provider_id="openai"}[86400s])'
    assert cost["after"][0]["at"] == "2025-01-29T00:00:00.000Z"
    assert "2 series" in found["several"]["summary"]
    assert not any("cost" in reason or "several" in reason for reason in data["reasons"])
    assert [one["id"] for one in data["criteria"]][-1] == "observability"
    assert len(data["criteria"]) == 5


def test_one_that_is_added_later_is_asked_of_the_days_before_enabling_too(cli: Cli, server: str) -> None:
    configure(cli, server)
    collected(cli)
    assert cli.json("evaluate", "--as-of", END).data["shadows"] == []

    configure(cli, server, shadow("cost", QUERY, binding=True))
    (before,) = cli.json("evaluate", "--as-of", END).data["shadows"]
    assert before["verdict"] == "inconclusive"
    cli.json("monitor", "daily", "--all", "--as-of", END)

    data = cli.json("evaluate", "--as-of", END).data
    assert data["shadows"][0]["verdict"] == "missed"
    assert "cost, a binding shadow criterion, is missed" in data["missing"]
    assert data["recommendation"] != "proceed"
