"""Collecting days from an embedded store that a practice router filled."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from cbops.clients.store import SampleStore
from cbops.model.base import to_ms
from cbops.model.policy import CANARY_BLOCK, with_breaker
from tests.conftest import Cli
from tests.practice import ENABLED, Practice, adopt, enabled_by_hand, write_config

NOW = "2025-01-28T15:00:00Z"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Three days of baseline and a day and a half with the breaker, which was enabled by hand."""
    with enabled_by_hand(tmp_path_factory.mktemp("played"), datetime(2025, 1, 28, 15, tzinfo=UTC)) as world:
        yield world


@pytest.fixture
def adopted(cli: Cli, played: Practice) -> Cli:
    return adopt(cli, played)


def collected(cli: Cli) -> list[dict[str, object]]:
    entries = cli.json("journal", "show").data["entries"]
    return [entry["data"]["window"] for entry in entries if entry["type"] == "day_collected"]


def test_the_last_ended_day_is_collected_when_none_is_named(adopted: Cli) -> None:
    day = adopted.json("monitor", "daily", "--as-of", NOW).data["day"]

    assert (day["day"], day["date"], day["partial"]) == (1, "2025-01-27", False)
    assert day["from"] == "2025-01-27T09:00:00.000Z"
    assert day["coverage"] == 1
    assert day["decisions"] > 10_000
    assert isinstance(day["decisions"], int)


def test_the_baseline_is_collected_once(adopted: Cli) -> None:
    adopted.json("monitor", "daily", "--as-of", NOW)
    assert [window["day"] for window in collected(adopted)] == [-2, -1, 0, 1]

    adopted.json("monitor", "daily", "--as-of", NOW)

    assert [window["day"] for window in collected(adopted)] == [-2, -1, 0, 1, 1]


def test_all_goes_up_to_the_running_day_which_is_partial(adopted: Cli) -> None:
    days = adopted.json("monitor", "daily", "--all", "--as-of", NOW).data["days"]

    assert [(day["day"], day["partial"]) for day in days] == [(1, False), (2, True)]
    assert days[1]["to"] == "2025-01-28T15:00:00.000Z"


def test_every_provider_of_the_policy_is_told_with_zeros_where_nothing_happened(adopted: Cli) -> None:
    day = adopted.json("monitor", "daily", "--as-of", NOW).data["day"]

    idle = day["providers"]["anthropic"]
    assert idle["events"] == {"success": 0, "failure": 0, "fail_fast": 0}
    assert (idle["error_rate"], idle["latency"]["count"], idle["latency"]["mean_ms"]) == (None, 0, None)


def test_collecting_again_keeps_what_people_wrote(adopted: Cli) -> None:
    adopted.json("monitor", "daily", "--day", 2, "--as-of", "2025-01-28T10:00:00Z")
    adopted.json("monitor", "note", "--day", 1, "--kind", "issue", "owner saw a slow hour")
    adopted.json("monitor", "note", "--day", 1, "--kind", "action", "asked the provider")

    days = adopted.json("monitor", "daily", "--all", "--as-of", NOW).data["days"]

    assert (days[0]["issues"], days[0]["actions"]) == (["owner saw a slow hour"], ["asked the provider"])
    assert days[1]["to"] == "2025-01-28T15:00:00.000Z"


def test_a_day_is_one_of_the_rollouts_time_zone(cli: Cli, played: Practice) -> None:
    there = adopt(cli, played, timezone="Asia/Tokyo")

    day = there.json("monitor", "daily", "--day", 1, "--as-of", NOW).data["day"]

    assert day["date"] == "2025-01-27"
    assert (day["from"], day["to"]) == ("2025-01-27T09:00:00.000Z", "2025-01-27T15:00:00.000Z")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--day", 3), "no day 3"),
        (("--date", "2025-01-26"), "no day 2025-01-26; it has days 1 to"),
        (("--day", 1, "--all"), "exclude each other"),
        (("--day", 1, "--date", "2025-01-27"), "exclude each other"),
    ],
)
def test_a_day_that_is_not_there_is_a_usage_error(
    adopted: Cli, words: tuple[object, ...], message: str
) -> None:
    refused = adopted.json("monitor", "daily", *words, "--as-of", NOW)
    assert refused.status == 2
    assert message in refused.error["message"]
    assert collected(adopted) == []


def test_before_any_day_has_ended_the_running_one_is_named(adopted: Cli) -> None:
    refused = adopted.json("monitor", "daily", "--as-of", "2025-01-27T20:00:00Z")
    assert refused.status == 2
    assert "--day 1" in refused.error["hint"]


def test_before_enabling_there_is_nothing_to_collect(adopted: Cli) -> None:
    assert adopted.json("monitor", "daily", "--as-of", "2025-01-27T08:00:00Z").status == 2


def test_the_applied_policy_is_compared_with_the_live_one(adopted: Cli, played: Practice) -> None:
    same = adopted.json("monitor", "daily", "--as-of", NOW).data["drift"]
    assert (same["checked"], same["drifted"]) == (True, False)

    _, document = played.admin.latest("tenant_canary", "canary_policy")
    block = {**CANARY_BLOCK, "timeout_ms": 5}
    answer = played.admin.put(
        "tenant_canary", "canary_policy", with_breaker(document, block), version="1.2", comment="someone"
    )
    try:
        changed = adopted.json("monitor", "daily", "--as-of", NOW)
    finally:
        played.admin.put(
            "tenant_canary",
            "canary_policy",
            with_breaker(document, CANARY_BLOCK),
            version="1.3",
            comment="back",
        )
    assert answer.new_version == "1.2"
    assert changed.data["drift"]["drifted"] is True
    assert "timeout_ms" in changed.data["drift"]["message"]
    assert any("timeout_ms" in warning for warning in changed.answer["warnings"])


def test_without_the_admin_api_a_day_is_collected_and_that_is_said(cli: Cli, played: Practice) -> None:
    there = adopt(cli, played)
    write_config(there.folder, "http://127.0.0.1:9", played.store, baseline_days=3)

    day = there.json("monitor", "daily", "--as-of", NOW)

    assert day.status == 0
    assert day.data["drift"]["checked"] is False
    assert any(warning.startswith("drift:") for warning in day.answer["warnings"])


def test_a_store_that_is_not_there_is_an_error_of_the_metrics_source(cli: Cli, played: Practice) -> None:
    there = adopt(cli, played)
    write_config(there.folder, played.url, "elsewhere.db", baseline_days=3)

    refused = there.json("monitor", "daily", "--as-of", NOW)

    assert refused.status == 5
    assert "elsewhere.db" in refused.error["message"]
    assert collected(there) == []


def test_every_day_names_the_queries_that_measured_it(adopted: Cli) -> None:
    day = adopted.json("monitor", "daily", "--as-of", NOW).data["day"]
    (rollout,) = (adopted.folder / "rollouts").iterdir()

    evidence = json.loads((rollout / "evidence" / day["observation"]).read_text(encoding="utf-8"))

    assert len(evidence["queries"]) >= 4
    assert all(query["query"] and query["samples"] >= 0 for query in evidence["queries"])
    assert evidence["source"] == "embedded"


def forgotten(cli: Cli, world: Practice) -> None:
    """The metrics source has nothing of these days any more."""
    with SampleStore(cli.folder / "forgotten.db") as store:
        store.append(to_ms(ENABLED), [(store.series_id("up", {"job": "elsewhere", "instance": "x"}), 0)])
    write_config(cli.folder, world.url, cli.folder / "forgotten.db", baseline_days=3)


def test_a_good_measurement_is_not_replaced_when_the_metrics_are_gone(adopted: Cli, played: Practice) -> None:
    before = adopted.json("monitor", "daily", "--as-of", NOW).data["day"]
    forgotten(adopted, played)

    again = adopted.json("monitor", "daily", "--as-of", NOW)

    assert again.data["day"]["observation"] == before["observation"]
    assert again.data["day"]["decisions"] == before["decisions"]
    (kept,) = [w for w in again.answer["warnings"] if "stays" in w]
    assert kept.startswith("day 1: the measurement on record stays: coverage 100.0%")
    assert "coverage 0.0%" in kept


def test_a_day_that_was_seen_further_is_not_replaced_by_less_of_it(adopted: Cli) -> None:
    adopted.json("monitor", "daily", "--day", 2, "--as-of", NOW)

    again = adopted.json("monitor", "daily", "--day", 2, "--as-of", "2025-01-28T10:00:00Z")

    assert again.data["day"]["to"] == "2025-01-28T15:00:00.000Z"
    assert any(w.startswith("day 2: the measurement on record stays") for w in again.answer["warnings"])


def test_baseline_days_without_a_scrape_are_measured_again(adopted: Cli, played: Practice) -> None:
    store = played.store
    forgotten(adopted, played)
    adopted.json("monitor", "daily", "--as-of", NOW)
    adopted.json("monitor", "daily", "--as-of", NOW)
    assert [window["day"] for window in collected(adopted)] == [-2, -1, 0, 1, 1]
    write_config(adopted.folder, played.url, store, baseline_days=3)

    measured = adopted.json("monitor", "daily", "--as-of", NOW)

    assert [window["day"] for window in collected(adopted)][5:] == [-2, -1, 0, 1]
    assert measured.status == 0
    assert not any("stays" in warning for warning in measured.answer["warnings"])


def test_what_was_seen_of_the_live_policy_goes_on_record_with_the_day(adopted: Cli) -> None:
    adopted.json("monitor", "daily", "--as-of", NOW)
    entries = adopted.json("journal", "show").data["entries"]
    seen = [entry["data"]["drift"] for entry in entries if entry["type"] == "day_collected"]
    message = "the live policy is the one that was applied"
    assert seen == [None, None, None, {"checked": True, "drifted": False, "message": message, "others": []}]


def test_a_day_tells_which_metrics_were_found_and_in_which_dialect(adopted: Cli) -> None:
    day = adopted.json("monitor", "daily", "--as-of", NOW).data["day"]

    found = {one["metric"]: one for one in day["metrics"]}
    assert found["router_policy_decisions_total"]["samples"] > 0
    assert (
        found["router_circuit_breaker_events_total"]["server_name"] == "router_circuit_breaker_events_total"
    )
    assert {one["dialect"] for one in day["metrics"]} <= {None, "router"}
    assert {tuple(one["extra_labels"]) for one in day["metrics"]} == {()}


def test_the_record_tells_when_each_query_was_asked(adopted: Cli) -> None:
    day = adopted.json("monitor", "daily", "--as-of", NOW).data["day"]
    (rollout,) = (adopted.folder / "rollouts").iterdir()

    evidence = json.loads((rollout / "evidence" / day["observation"]).read_text(encoding="utf-8"))

    assert {query["asked_at"] for query in evidence["queries"]} == {"2025-01-28T15:00:00.000Z"}
