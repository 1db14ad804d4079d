"""The router's logs on record, and judgements repeated from the record alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cbops.cli.wiring import SystemClock
from cbops.flows.steps.loading import evaluation, load
from cbops.flows.steps.recording import Who, recording
from tests.conftest import Cli
from tests.practice import Practice, adopt, enabled_by_hand, write_config

END = "2025-01-30T00:00:00Z"


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Practice]:
    """Three days of baseline and three with the breaker, an outage in the last of them."""
    with enabled_by_hand(tmp_path_factory.mktemp("logged"), datetime(2025, 1, 30, tzinfo=UTC)) as world:
        yield world


@pytest.fixture
def collected(cli: Cli, played: Practice) -> Cli:
    adopt(cli, played)
    assert cli.json("monitor", "daily", "--all", "--as-of", END).status == 0
    return cli


def rollout(cli: Cli) -> Path:
    (folder,) = (cli.folder / "rollouts").iterdir()
    return folder


def transitions(cli: Cli) -> list[dict[str, Any]]:
    """What the record says was counted, as a router would log it."""
    lines = []
    for path in (rollout(cli) / "evidence").iterdir():
        found = json.loads(path.read_text("utf-8"))
        if "window" not in found or found["window"]["day"] < 1:
            continue
        for one in found["transitions"]:
            move = {"timestamp": one["at"], "tenant_id": "tenant_canary", "provider_id": one["provider"]}
            lines += [{**move, "from": one["source"], "to": one["target"]}] * one["count"]
    return lines


def log(cli: Cli, lines: list[dict[str, Any]], name: str = "router.log") -> Path:
    start = {"timestamp": "2025-01-27T00:00:00Z", "event": "router_started"}
    end = {"timestamp": END, "event": "tick"}
    path = cli.folder / name
    path.write_text("".join(json.dumps(line) + "\n" for line in (start, *lines, end)), "utf-8")
    return path


def observability(data: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in data["criteria"] if one["id"] == "observability")


def log_checks(data: dict[str, Any]) -> set[str]:
    checks = observability(data)["evidence"]["checks"]
    return {check["status"] for check in checks if check["check"] == "logs"}


def test_logs_that_agree_go_on_record_and_are_judged_offline_ever_after(collected: Cli) -> None:
    path = log(collected, transitions(collected))
    given = collected.json("monitor", "daily", "--day", 2, "--as-of", END, "--logs", path).data
    assert given["logs"]["transitions"] == len(transitions(collected))
    path.unlink()

    judged = collected.json("evaluate", "--as-of", END)

    assert judged.data["logs"] is None
    assert log_checks(judged.data) == {"agree"}
    assert '"type":"logs_read"' in (rollout(collected) / "journal.jsonl").read_text("utf-8").replace(" ", "")


def test_a_transition_that_no_line_tells_misses_the_criterion(collected: Cli) -> None:
    path = log(collected, transitions(collected)[1:])

    judged = collected.json("evaluate", "--as-of", END, "--logs", path)

    assert observability(judged.data)["verdict"] == "missed"
    assert "contradiction" in log_checks(judged.data)


def test_files_that_are_no_logs_of_this_router_are_refused_and_leave_nothing_on_record(
    collected: Cli,
) -> None:
    before = (rollout(collected) / "journal.jsonl").read_bytes()
    quiet = log(collected, [])
    text = collected.folder / "plain.log"
    text.write_text("no JSON\n")
    for path, told in ((quiet, "could be a circuit's transition"), (text, "no line that is a JSON object")):
        for command in (("evaluate",), ("monitor", "daily", "--all")):
            refused = collected.json(*command, "--as-of", END, "--logs", path)
            assert (refused.status, refused.error["code"]) == (3, "input")
            assert told in refused.error["message"]
    assert (rollout(collected) / "journal.jsonl").read_bytes() == before


def test_a_judgement_is_repeated_in_a_copy_under_another_configuration(
    collected: Cli, tmp_path: Path
) -> None:
    path = log(collected, transitions(collected))
    judged = collected.json("evaluate", "--as-of", END, "--logs", path)
    path.unlink()
    collected.json(
        "incident", "add", "--provider", "openai", "--from", "2025-01-28T00:00Z", "--to", "2025-01-29T00:00Z"
    )
    folder = rollout(collected)
    write_config(
        collected.folder, "http://127.0.0.1:9", "nowhere.db",
        criteria={"min_full_days": 1, "error_rate_margin": 0.0001},
    )  # fmt: skip
    shutil.move(folder, folder.with_name("a-copy"))
    before = {p: p.read_bytes() for p in (collected.folder / "rollouts").rglob("*") if p.is_file()}

    again = collected.json("evaluate", "--repeat")

    assert again.data["repeated"] == {"same": True, "identical": True, "differences": []}
    assert again.status == judged.status
    assert again.data["criteria"] == judged.data["criteria"]
    assert {p: p.read_bytes() for p in (collected.folder / "rollouts").rglob("*") if p.is_file()} == before


def test_a_record_that_gives_other_verdicts_is_named_and_exits_7(collected: Cli) -> None:
    collected.json("evaluate", "--as-of", END)
    forged = rewritten(rollout(collected), lambda judged: judged["criteria"][0].update(verdict="missed"))
    assert forged

    again = collected.json("evaluate", "--repeat")

    assert again.status == 7
    assert again.data["repeated"]["same"] is False
    assert again.data["repeated"]["differences"][0].startswith("unexpected_opens: missed then")


def rewritten(folder: Path, change: Any) -> bool:
    """The last judgement as another release might have made it, put on record after all that there is."""
    last = load(folder).evaluations[-1].evaluated
    judged = json.loads(evaluation(folder, last.evaluation).model_dump_json(by_alias=True))
    change(judged)
    with recording(folder, Who("maya", "test", SystemClock())) as (record, _):
        sha = record.put_evidence(json.dumps(judged))
        record.append(last.model_copy(update={"evaluation": sha}))
    return True


def test_an_old_record_without_its_settings_is_repeated_with_todays_and_says_so(collected: Cli) -> None:
    collected.json("evaluate", "--as-of", END)
    rewritten(rollout(collected), lambda judged: judged.pop("settings"))

    again = collected.json("evaluate", "--repeat")

    assert again.data["repeated"]["same"] is True
    assert any("settings" in warning for warning in again.answer["warnings"])


def test_a_repeat_takes_no_other_options_and_needs_a_judgement(collected: Cli) -> None:
    assert collected.json("evaluate", "--repeat").status == 6
    assert collected.json("evaluate", "--repeat", "--as-of", END).status == 2
