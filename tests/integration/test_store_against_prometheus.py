"""The embedded store and a real Prometheus give the same day for the same samples."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from generated_scrapes import Case, scrape_world
from prometheus_server import TAKES_SAMPLES, prometheus
from remote_write import Written, write

from cbops.clients.prometheus import PrometheusSource
from cbops.clients.store import SampleStore
from cbops.flows.ports import SamplePort
from cbops.measure import gather_day, measure_day
from cbops.model.config import MetricsConfig
from cbops.model.tenant import Target

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.long]

SEED = 4
WORLDS = 40
FEW = 5
TRAPS = {
    "seen",
    "never scraped",
    "restart",
    "gap",
    "episode",
    "carried episode",
    "alert",
    "control tenants",
    "several instances",
    "moves without a metric",
    "dialect router",
    "dialect documented",
    "dialect None",
}


@dataclass
class Both:
    """The same samples in both."""

    cases: list[Case]
    store: SampleStore
    server: PrometheusSource


def rows(path: Path) -> Iterator[Written]:
    """Every series of a store with its samples, staleness markers included."""
    with sqlite3.connect(path) as connection:
        for number, name, labels in connection.execute("SELECT id, name, labels FROM series").fetchall():
            points = connection.execute("SELECT t, v FROM samples WHERE series = ? ORDER BY t", (number,))
            yield (
                {"__name__": name, **json.loads(labels)},
                [(at, None if value is None else float(value)) for at, value in points],
            )


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    folder = tmp_path_factory.mktemp("both")
    with SampleStore(folder / "samples.db") as store:
        cases = [case for number in range(WORLDS) for case in scrape_world(number, SEED, store)]
        store.flush()
        with (
            prometheus(folder / "tsdb", options=[TAKES_SAMPLES]) as url,
            PrometheusSource(MetricsConfig(url=url), {}) as server,
        ):
            write(url, rows(folder / "samples.db"))
            yield Both(cases, store, server)


def day(source: SamplePort, case: Case) -> dict[str, Any]:
    """What is measured, without what says where it is from; no alert in the store is no alert known."""
    target = Target(tenant=case.tenant, policy="p", provider=case.provider)
    samples = gather_day(source.fetch, source.kind, target, case.window, case.metrics)
    seen = measure_day(target, case.window, case.window.end, samples, case.metrics)
    return {
        **seen.model_dump(mode="json", exclude={"source", "queries", "alert_rules"}),
        "alerts": [one.model_dump(mode="json") for one in seen.alerts or ()],
    }


def difference(case: Case, store: dict[str, Any], server: dict[str, Any]) -> str:
    """What differs, with both sides; empty when nothing does."""
    parts = [f"  {key}: {store[key]} != {server[key]}" for key in store if store[key] != server[key]]
    return "\n".join([f"{case.tenant} {case.window.start} to {case.window.end}", *parts]) if parts else ""


def test_every_generated_day_is_the_same_from_both_and_no_trap_is_missing_among_them(both: Both) -> None:
    met: Counter[str] = Counter()
    for case in both.cases:
        seen, expected = day(both.store, case), day(both.server, case)
        assert difference(case, seen, expected) == ""
        met.update(traps(seen))
    assert {trap for trap, days in met.items() if days >= FEW} == TRAPS, met


def traps(seen: dict[str, Any]) -> Iterator[str]:
    """What a day had to stumble over."""
    yield "seen" if seen["scrape"]["seen"] else "never scraped"
    yield from {"restart"} if seen["restarts"] else ()
    yield from {"gap"} if seen["scrape"]["gaps"] else ()
    yield from {"episode"} if seen["episodes"] else ()
    yield from {"carried episode"} if seen["carried"] else ()
    yield from {"alert"} if seen["alerts"] else ()
    yield from {"control tenants"} if seen["controls"] else ()
    yield from {"several instances"} if len({one["instance"] for one in seen["transitions"]}) > 1 else ()
    yield from (
        {"moves without a metric"} if "unseen_moves" in {one["code"] for one in seen["findings"]} else ()
    )
    yield f"dialect {seen['dialect']}"
