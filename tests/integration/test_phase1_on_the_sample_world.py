"""`canary adopt`, `monitor daily --all` and `evaluate` on a made world in a real Prometheus, against its truth."""

from __future__ import annotations

import gzip
import json
import shutil
import tarfile
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Cli
from tests.prometheus_server import prometheus

WORLD = Path(__file__).parents[1] / "data" / "worlds" / "sample"
BUCKETS = [0, 50, 100, 150, 200, 250, 300, 400, 600, 1000, 2000, 5000, 10000]
AS_OF = "2025-02-04T00:00:00Z"
SCRAPE = timedelta(seconds=60)

pytestmark = [pytest.mark.needs("prometheus"), pytest.mark.long]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("world")
    with tarfile.open(WORLD / "tsdb.tar.gz") as packed:
        packed.extractall(folder, filter="data")
    with prometheus(folder / "tsdb") as url:
        yield url


@pytest.fixture
def adopted(cli: Cli, server: str) -> Cli:
    (cli.folder / "cbops.yaml").write_text(
        # Nothing listens on port 9: the admin API is not needed here.
        f"version: 1\nrouter: {{admin_url: 'http://127.0.0.1:9'}}\nmetrics: {{url: '{server}'}}\n",
        encoding="utf-8",
    )
    shutil.copy(WORLD / "tenants.yaml", cli.folder)
    opened = cli.json(
        "canary", "adopt", "tenant_canary", "--policy", "canary_policy", "--provider", "openai",
        "--enabled-at", "2025-01-27T09:00:00Z",
    )  # fmt: skip
    assert opened.status == 0
    return cli


def truth() -> dict[str, Any]:
    return json.loads((WORLD / "truth.json").read_text(encoding="utf-8"))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def latencies() -> dict[tuple[str, str], list[float]]:
    """Sorted latencies of the canary's requests that the provider named really got, by (date, provider)."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    with gzip.open(WORLD / "requests.jsonl.gz", "rt") as lines:
        for line in lines:
            request = json.loads(line)
            if request["admitted"]:
                day = at("1970-01-01T00:00:00+00:00") + timedelta(seconds=request["ts"])
                found[day.date().isoformat(), request["provider_id"]].append(request["latency_ms"])
    return {key: sorted(values) for key, values in found.items()}


def test_every_day_equals_the_truth(adopted: Cli) -> None:
    days = adopted.json("monitor", "daily", "--all", "--as-of", AS_OF).data["days"]

    wanted = truth()["days"]
    assert [day["day"] for day in days] == [day["day"] for day in wanted]
    for day, true in zip(days, wanted, strict=True):
        assert (day["date"], at(day["from"]), at(day["to"])) == (
            true["date"],
            at(true["from"]),
            at(true["to"]),
        )
        assert day["decisions"] == true["decisions"]
        assert set(day["providers"]) == set(true["providers"])
        for name, mine in true["providers"].items():
            got = day["providers"][name]
            assert got["events"] == mine["events"]
            assert got["transitions"] == mine["transitions_to"]
            assert got["latency"]["count"] == mine["latency_count"]
            if mine["latency_count"]:
                assert got["latency"]["mean_ms"] == pytest.approx(mine["latency_mean_ms"], rel=0.001)
                assert got["error_rate"] == pytest.approx(mine["error_rate"], abs=1e-6)
            else:
                assert got["latency"]["mean_ms"] is None
                assert got["error_rate"] is None


def test_percentiles_lie_in_the_bucket_of_the_true_one(adopted: Cli) -> None:
    days = adopted.json("monitor", "daily", "--all", "--as-of", AS_OF).data["days"]

    true = latencies()
    checked = 0
    for day in days:
        values = true[day["date"], "openai"]
        if day["day"] == 1:  # only from 09:00 on
            continue
        for name, share in (("p50_ms", 0.5), ("p95_ms", 0.95), ("p99_ms", 0.99)):
            # A percentile near a bucket's border may lie on either side of it: ranks differ by a request.
            near = [values[min(len(values) - 1, max(0, round(share * len(values)) + d))] for d in (-2, 0, 2)]
            upper = {BUCKETS[bisect_left(BUCKETS, value)] for value in near}
            got = day["providers"]["openai"]["latency"][name]
            assert BUCKETS[bisect_left(BUCKETS, got)] in upper
            checked += 1
    assert checked == 21


def test_episodes_and_alerts_lie_within_a_scrape_of_the_truth(adopted: Cli) -> None:
    days = adopted.json("monitor", "daily", "--all", "--as-of", AS_OF).data["days"]

    episodes = [episode for day in days for episode in day["episodes"]]
    for episode, true in zip(episodes, truth()["episodes"], strict=True):
        assert episode["provider"] == true["provider"]
        assert timedelta(0) <= at(episode["opened"]) - at(true["opened"]) <= SCRAPE
        assert timedelta(0) <= at(episode["closed"]) - at(true["closed"]) <= SCRAPE
        assert episode["reopened"] == true["reopened"]
        assert episode["reason"] in (None, true["reason"])
        assert (episode["classification"] == "expected") == true["provider_was_failing"]
    alerts = [alert for day in days for alert in day["alerts"]]
    for alert, true in zip(alerts, truth()["alerts"], strict=True):
        assert (alert["name"], alert["severity"], alert["provider"]) == (
            true["alertname"], true["severity"], true["provider"],
        )  # fmt: skip
        assert abs(at(alert["from"]) - at(true["from"] + "+00:00")) <= SCRAPE
        assert abs(at(alert["to"]) - at(true["to"] + "+00:00")) <= SCRAPE


@pytest.mark.parametrize("declared", [True, False])
def test_the_recommendation_is_extend_with_its_reason(adopted: Cli, declared: bool) -> None:
    adopted.json("monitor", "daily", "--all", "--as-of", AS_OF)
    if declared:
        assert adopted.json("incident", "add", "--file", WORLD / "incidents.json").status == 0

    judged = adopted.json("evaluate", "--as-of", AS_OF)

    assert judged.status == 10
    assert judged.data["recommendation"] == "extend"
    verdicts = {criterion["id"]: criterion["verdict"] for criterion in judged.data["criteria"]}
    assert list(verdicts) == ["unexpected_opens", "recovery", "error_rate", "latency", "observability"]
    assert verdicts["unexpected_opens"] == "missed"
    assert verdicts["recovery"] == "met"
    assert verdicts["error_rate"] != "missed"
    assert verdicts["latency"] != "missed"
    assert [episode["classification"] for episode in judged.data["episodes"]] == ["expected", "unexpected"]
    assert judged.data["missing"]


def test_the_unexpected_open_becomes_one_ticket_that_the_next_days_do_not_repeat(adopted: Cli) -> None:
    adopted.json("incident", "add", "--file", WORLD / "incidents.json")
    opened: list[dict[str, Any]] = []
    for until in ("2025-02-01T00:00:00Z", AS_OF):
        adopted.json("monitor", "daily", "--all", "--as-of", until)
        adopted.json("evaluate", "--as-of", until)
        opened += adopted.json("ticket", "create", "--from-signal", "all").data["opened"]

    assert [(ticket["title"], ticket["priority"]) for ticket in opened] == [
        ("[CB-OPS] Circuit to openai opens while openai is healthy", "critical")
    ]


def test_a_day_in_the_middle_alone_gives_the_same_figures(adopted: Cli) -> None:
    alone = adopted.json("monitor", "daily", "--day", 3, "--as-of", AS_OF).data["day"]

    true = truth()["days"][2]
    assert alone["day"] == 3
    assert alone["providers"]["openai"]["events"] == true["providers"]["openai"]["events"]
    assert alone["providers"]["openai"]["transitions"] == true["providers"]["openai"]["transitions_to"]


def test_a_day_that_is_not_over_is_partial_and_collected_again_it_is_whole(adopted: Cli) -> None:
    early = adopted.json("monitor", "daily", "--date", "2025-01-28", "--as-of", "2025-01-28T12:00:00Z").data[
        "day"
    ]
    assert early["partial"]
    assert early["decisions"] < truth()["days"][1]["decisions"]
    adopted.json("monitor", "note", "--day", 2, "--kind", "issue", "the owner called")

    late = adopted.json("monitor", "daily", "--date", "2025-01-28", "--as-of", AS_OF).data["day"]

    assert not late["partial"]
    assert late["decisions"] == truth()["days"][1]["decisions"]
    assert late["issues"] == ["the owner called"]


def test_before_the_first_scrape_everything_is_unknown_not_zero(cli: Cli, server: str) -> None:
    (cli.folder / "cbops.yaml").write_text(
        f"version: 1\nrouter: {{admin_url: 'http://127.0.0.1:9'}}\nmetrics: {{url: '{server}'}}\n",
        encoding="utf-8",
    )
    (cli.folder / "tenants.yaml").write_text("tenants: []\n", encoding="utf-8")
    cli.json(
        "canary", "adopt", "tenant_canary", "--policy", "canary_policy", "--provider", "openai",
        "--enabled-at", "2025-01-20T00:00:00Z",
    )  # fmt: skip

    day = cli.json("monitor", "daily", "--day", 1, "--as-of", "2025-01-22T00:00:00Z").data["day"]

    assert day["coverage"] == 0
    assert day["decisions"] is None
    assert day["providers"]["openai"]["events"] == {"success": None, "failure": None, "fail_fast": None}
    assert day["providers"]["openai"]["transitions"] == {"open": None, "half_open": None, "closed": None}
    judged = cli.json("evaluate", "--as-of", "2025-01-22T00:00:00Z")
    assert judged.status == 10
    assert {c["verdict"] for c in judged.data["criteria"]}.isdisjoint({"met"})
