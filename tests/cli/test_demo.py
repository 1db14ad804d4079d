"""The demo, played for real: over HTTP, through every command's flow, in virtual time."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT, Cli

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("demo")]

ROLLOUT = "phase1-tenant_canary-20250127"


def played(cli: Cli, scenario: str) -> dict[str, object]:
    result = cli.json("demo", "--scenario", scenario, "--dir", "played")
    return {"status": result.status, **result.data}


@pytest.fixture
def there(cli: Cli) -> Cli:
    """The same command line, inside the folder that the demo leaves."""
    return Cli(cli.folder / "played", cli.environ)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file of a rollout but the lock, by its name."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


def test_the_sound_week_proceeds_and_is_the_committed_example(cli: Cli, there: Cli) -> None:
    answer = played(cli, "sound")

    assert (answer["status"], answer["recommendation"]) == (0, "proceed")
    made = contents(there.folder / "rollouts" / ROLLOUT)
    kept = contents(ROOT / "rollouts" / ROLLOUT)
    assert sorted(made) == sorted(kept)
    assert made == kept

    log = made["execution-log.md"].decode()
    assert "[TO BE FILLED" not in log
    assert "#### Day 7 (2025-02-02)" in log
    assert there.json("journal", "verify").data["ok"]
    assert there("report", "log", "--stdout").stdout == log
    status = there.json("canary", "status").data
    assert (status["stage"], status["decision"], status["decided_by"]) == (
        "decided",
        "proceed",
        "Demo Operator",
    )


def test_collecting_and_judging_again_from_what_the_demo_left_says_the_same(cli: Cli, there: Cli) -> None:
    answer = played(cli, "single-failure")
    assert (answer["status"], answer["recommendation"]) == (10, "extend")
    before = last_evaluation(there)

    # The practice router is gone: the embedded store and the journal are enough.
    again = there.json("monitor", "daily", "--all", "--as-of", "2025-02-03T00:00:00Z")
    judged = there.json("evaluate", "--as-of", "2025-02-03T00:00:00Z")

    assert again.status == 0
    assert len(again.data["days"]) == 7
    assert again.data["drift"]["checked"] is False
    assert judged.status == 10
    assert {c["id"]: c["verdict"] for c in judged.data["criteria"]} == before
    episodes = judged.data["episodes"]
    assert episodes
    assert {episode["classification"] for episode in episodes} == {"unexpected"}


def test_a_latency_regression_is_rolled_back_and_that_is_proven(cli: Cli, there: Cli) -> None:
    answer = played(cli, "latency-regression")

    assert (answer["status"], answer["recommendation"]) == (20, "rollback")
    assert last_evaluation(there)["latency"] == "missed"
    lines = (there.folder / "rollouts" / ROLLOUT / "journal.jsonl").read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    proof = next(event["data"] for event in events if event["type"] == "rollback_proof")
    assert proof["proven"] is True
    assert proof["decisions"] > 0
    assert (proof["fail_fast"], proof["half_open"], proof["fallback_decisions"]) == (0, 0, 0)
    assert there.json("canary", "status").data["stage"] == "rolled_back"


def last_evaluation(there: Cli) -> dict[str, str]:
    events = there.json("journal", "show").data["entries"]
    judged = [event for event in events if event["type"] == "evaluated"][-1]
    return {c["id"]: c["verdict"] for c in judged["data"]["criteria"]}


def test_the_demo_overwrites_nothing(cli: Cli) -> None:
    (cli.folder / "played").mkdir()
    (cli.folder / "played" / "mine.txt").write_text("precious", encoding="utf-8")

    refused = cli.json("demo", "--dir", "played")

    assert refused.status == 3
    assert "not empty" in refused.error["message"]
    assert [path.name for path in (cli.folder / "played").iterdir()] == ["mine.txt"]


def test_an_unknown_scenario_is_named_with_those_that_there_are(cli: Cli) -> None:
    refused = cli.json("demo", "--scenario", "sond")

    assert refused.status == 3
    assert "sound" in refused.error["hint"]
