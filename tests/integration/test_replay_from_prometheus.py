"""Counters of the sample world in a real Prometheus, replayed: as many requests as its truth has results, and a
forecast near that of the requests themselves.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_server import prometheus

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.needs("promtool")]

WORLD = Path(__file__).parents[1] / "data" / "worlds" / "sample"
CIRCUIT = ("--tenant", "tenant_canary", "--provider", "openai")
ENABLED, END = "2025-01-27T09:00:00Z", "2025-02-04T00:00:00Z"
SPAN = ("--from", ENABLED, "--to", END)


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("sample")
    with tarfile.open(WORLD / "tsdb.tar.gz") as packed:
        packed.extractall(folder, filter="data")
    with prometheus(folder / "tsdb") as url:
        yield url


@pytest.fixture
def replay(cli, server):
    (cli.folder / "cbops.yaml").write_text(
        yaml.safe_dump({"version": 1, "metrics": {"source": "prometheus", "url": server}})
    )

    def run(*words: object) -> dict[str, Any]:
        result = cli.json("replay", "run", "--no-live", *words)
        assert result.status == 0, result
        return result.data

    return run


def test_as_many_requests_as_the_truth_has_results_and_as_many_denied(replay):
    truth = json.loads((WORLD / "truth.json").read_text(encoding="utf-8"))
    events = [day["providers"]["openai"]["events"] for day in truth["days"]]
    traffic = replay("--from-prometheus", *CIRCUIT, *SPAN)["forecast"]["traffic"]

    # The truth's days end at midnight with what was scraped by then.
    assert traffic["requests"] == sum(each["success"] + each["failure"] for each in events)
    assert traffic["denied_in_production"] == sum(each["fail_fast"] for each in events)
    assert (traffic["origin"], traffic["approximate"]) == ("prometheus", True)
    assert "scraped every 60 s" in traffic["note"]
    assert "0.4 h (0.2%) of the time has no samples" in traffic["note"]
    assert "a restart of a router" in traffic["note"]


def test_the_forecast_is_near_that_of_the_requests(replay):
    whole = ("--from", "2025-01-24T00:00:00Z", "--to", END, "--incidents", WORLD / "incidents.json")
    counted = replay("--from-prometheus", *CIRCUIT, *whole)["forecast"]["policies"][0]
    exact = replay("--trace", WORLD / "requests.jsonl.gz", *CIRCUIT, *whole[4:])["forecast"]["policies"][0]
    found, true = counted["totals"], exact["totals"]

    # Both outages are found; the open that two failures in one quiet minute cause is not.
    assert (found["opens"], true["opens"]) == (2, 3)
    assert (found["expected"], found["unexpected"]) == (2, 0)
    assert (true["expected"], true["unexpected"]) == (2, 1)
    assert abs(found["requests"] - true["requests"]) < 100
    assert abs(found["opened_after_ms"] - true["opened_after_ms"]) < 60_000
    for one, other in zip(
        counted["circuits"][0]["episodes"], exact["circuits"][0]["episodes"][1:], strict=True
    ):
        assert one["opened"][:15] == other["opened"][:15]


def test_the_approximation_is_marked_wherever_it_shows(replay, cli):
    day = ("--from", "2025-01-29T00:00:00Z", "--to", "2025-01-30T00:00:00Z")
    words = ("replay", "run", "--no-live", "--from-prometheus", *CIRCUIT, *day)
    shown = cli(*words)

    assert shown.status == 0
    assert "approximat" in shown.stdout.splitlines()[0].lower()
    assert "approximation: synthesised from counters" in shown.stdout
    assert "approximat" in cli(*words, "--quiet").stdout.lower()


def test_a_wrong_tenant_is_told_with_those_that_there_are(cli, replay):
    result = cli.json("replay", "run", "--from-prometheus", "--tenant", "nobody", *SPAN)

    assert (result.status, result.error["code"]) == (5, "metrics-empty")
    assert "tenant_b, tenant_c, tenant_canary" in result.error["hint"]
