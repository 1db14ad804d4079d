"""`cbops replay tune`: a search from the command line to the policy file, the picture and the log."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import threading
from importlib.util import find_spec

import pytest
from tuning_samples import write_quiet

from cbops.cli.demo_files import prepare
from cbops.model.policy import CANARY_BLOCK, parse_block
from cbops.simulator.scenarios import SOUND
from tests.conftest import ROOT

needs_charts = pytest.mark.skipif(
    find_spec("vl_convert") is None and os.environ.get("CI", "").lower() != "true",
    reason="needs vl-convert, which is not installed (cbops[charts])",
)
SMALL = "failure_threshold: [3, 5]\nerror_rate_window_seconds: {from: 60, to: 600, factor: 10}\n"


@pytest.fixture(scope="module")
def quiet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quiet")
    return folder / write_quiet(folder)


@pytest.fixture
def space(cli):
    (cli.folder / "space.yaml").write_text(SMALL, encoding="utf-8")
    return "space.yaml"


def tune(cli, quiet, *more, status=0):
    result = cli.json("replay", "tune", "--trace", quiet, *more)
    assert result.status == status, result.answer
    return result


def role(tuning, name):
    return next((each for each in tuning["candidates"] if name in each["roles"]), None)


def test_for_a_quiet_tenant_the_search_finds_what_the_canarys_policy_lacks(cli, quiet):
    """At night single failures open the canary's policy; a longer window mends that and still opens in an outage."""
    tuning = tune(cli, quiet).data["tuning"]
    base, best = role(tuning, "base"), role(tuning, "recommended")
    assert base["block"] == CANARY_BLOCK
    assert base["unexpected"] + base["unexplained"] > 50
    assert best["unexpected"] + best["unexplained"] <= 3
    assert best["outages_missed"] == 0
    assert best["rejected"] < base["rejected"]
    assert best["failed_through"] <= base["failed_through"]
    assert best["on_front"]
    block = tuning["recommended"]["block"]
    assert block["error_rate_window_seconds"] > 60
    assert {**best["block"], "enabled": True} == block
    assert tuning["outages"] == 3
    assert tuning["stability"]["near"] > 0.5
    assert tuning["searched"]["source"] == "band"
    assert tuning["scored"] == tuning["searched"]["policies"] == len(tuning["candidates"])
    assert tuning["complete"] is True


def test_the_same_seed_gives_the_same_answer_and_the_words_say_what_it_holds(cli, quiet, space):
    first = tune(cli, quiet, "--space", space, "--seed", 4)
    assert tune(cli, quiet, "--space", space, "--seed", 4, "--workers", 1).data == first.data
    text = cli("replay", "tune", "--trace", quiet, "--space", space, "--seed", 4)
    lines = text.stdout.splitlines()
    assert lines[0] == first.data["tuning"]["summary"]
    assert any(line.startswith("Recommended: failures ") for line in lines)
    assert any(line.startswith("Stability: of ") for line in lines)
    assert lines[-1].startswith("next: ")
    # The table's columns stand under their heads.
    (head,) = [line for line in lines if " needless " in line and " missed " in line]
    rows = [line for line in lines if line.startswith("  ") and re.search(r"(base|usual|recommended)$", line)]
    assert len(rows) == 3
    assert all(len(row) > head.index("wedge") for row in rows)


def test_a_space_file_says_what_is_searched(cli, quiet, space):
    searched = tune(cli, quiet, "--space", space).data["tuning"]["searched"]
    assert searched["file"] == space
    assert searched["combinations"] == 4
    assert searched["fields"]["error_rate_window_seconds"] == [60, 600]
    assert searched["fields"]["timeout_ms"] is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "failure_threshold: [3]\ntimeout_ms: {from: 9, to: 1, step: 1}\n",
            "timeout_ms (line 2) is a range without",
        ),
        (
            "failure_threshold:\n  - 3\n  - 0\n",
            "failure_threshold.1 (line 3) should be greater than or equal to 1",
        ),
        ("failure_treshold: [3]\n", "failure_treshold (line 1) is not known"),
        ("", "names no field to search"),
        ("failure_threshold: [3\n", "line 2"),
    ],
)
def test_a_wrong_space_file_is_refused_with_the_line(cli, quiet, text, said):
    (cli.folder / "wrong.yaml").write_text(text, encoding="utf-8")
    result = tune(cli, quiet, "--space", "wrong.yaml", status=3)
    assert said in result.error["message"]
    assert "wrong.yaml" in result.error["message"]


def test_the_recommended_block_is_written_as_policy_file_takes_it(cli, quiet, space):
    data = tune(cli, quiet, "--space", space, "--write", "better.json").data
    assert data["written"] == "better.json"
    written = json.loads((cli.folder / "better.json").read_text(encoding="utf-8"))
    assert written == data["tuning"]["recommended"]["block"]
    assert parse_block(written).enabled
    assert cli("replay", "run", "--trace", quiet, "--policy-file", "better.json").status == 0


def test_a_file_that_is_there_is_only_replaced_with_force(cli, quiet, space):
    (cli.folder / "better.json").write_text("mine", encoding="utf-8")
    result = tune(cli, quiet, "--space", space, "--write", "better.json", status=3)
    assert "better.json is there already" in result.error["message"]
    assert (cli.folder / "better.json").read_text(encoding="utf-8") == "mine"
    tune(cli, quiet, "--space", space, "--write", "better.json", "--force")
    assert json.loads((cli.folder / "better.json").read_text(encoding="utf-8"))["enabled"] is True


@pytest.mark.parametrize(
    ("place", "said"), [(".", "is a folder"), ("no/where.json", "there is no folder no")]
)
def test_a_place_that_can_not_be_written_is_refused(cli, quiet, place, said):
    result = tune(cli, quiet, "--write", place, status=2)
    assert said in result.error["message"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_the_right_to_write_is_refused_before_the_work(cli, quiet):
    (cli.folder / "closed").mkdir(mode=0o555)
    result = tune(cli, quiet, "--write", "closed/better.json", status=2)
    assert "may not be written" in result.error["message"]


def test_without_an_outage_nothing_is_recommended_and_no_file_written(cli, space):
    sound = write_quiet(cli.folder, "sound.jsonl", days=2, outages=())
    result = tune(cli, sound, "--space", space, "--write", "better.json")
    assert result.data["tuning"]["outages"] == 0
    assert result.data["tuning"]["recommended"]["block"] is None
    assert "can't be judged" in result.data["tuning"]["recommended"]["reasons"][0]
    assert result.data["tuning"]["stability"] is None
    assert result.data["written"] is None
    assert not (cli.folder / "better.json").exists()
    assert "better.json was not written: nothing is recommended" in result.answer["warnings"]


def test_an_incident_that_was_declared_counts_as_an_outage(cli, space):
    sound = write_quiet(cli.folder, "sound.jsonl", days=1, outages=())
    spans = [{"provider": "openai", "from": "2025-01-27T10:00:00Z", "to": "2025-01-27T10:20:00Z"}]
    (cli.folder / "incidents.json").write_text(json.dumps(spans), encoding="utf-8")
    tuning = tune(cli, sound, "--space", space, "--incidents", "incidents.json").data["tuning"]
    assert tuning["outages"] == 1
    assert tuning["stability"] is None  # a single day


def test_fields_left_out_come_from_the_policy_file(cli, quiet, space):
    base = {**CANARY_BLOCK, "half_open_max_calls": 7, "timeout_ms": 45000}
    (cli.folder / "base.json").write_text(json.dumps(base), encoding="utf-8")
    data = tune(cli, quiet, "--space", space, "--policy-file", "base.json").data
    blocks = [each["block"] for each in data["tuning"]["candidates"]]
    assert {block["half_open_max_calls"] for block in blocks} == {7}
    assert data["tuning"]["base"] == "file"
    assert "fields left out: as in the block in base.json" in data["notes"]


def test_a_trace_that_does_not_fit_says_what_it_would_need(cli):
    rows = "".join(f"{place},5,s\n" for place in range(1_900_000))
    (cli.folder / "large.csv").write_text("arrival_ms,latency_ms,outcome\n" + rows, encoding="utf-8")
    result = cli.json("replay", "tune", "--trace", "large.csv", "--memory", "256MiB")
    assert result.status == 3
    assert "1,900,000 of them need about 174 MiB" in result.error["message"]
    assert "--provider" in result.error["hint"]


def test_an_empty_trace_is_no_pass(cli, space):
    (cli.folder / "empty.csv").write_text("arrival_ms,latency_ms,outcome\n", encoding="utf-8")
    assert tune(cli, "empty.csv", "--space", space, status=3).error["code"] == "input"


@needs_charts
def test_the_picture_shows_the_front_and_who_is_who(cli, quiet, space):
    data = tune(cli, quiet, "--space", space, "--svg", "front.svg").data
    drawn = (cli.folder / "front.svg").read_text(encoding="utf-8")
    assert data["svg"] == "front.svg"
    assert drawn.startswith("<svg")
    for word in (
        "good calls rejected",
        "failing calls let through",
        "recommended",
        "base",
        "middle of the band",
    ):
        assert word in drawn


@pytest.fixture
def rollout(cli):
    prepare(cli.folder, SOUND.tenants_file())
    shutil.copytree(ROOT / "rollouts", cli.folder / "rollouts", dirs_exist_ok=True)
    (folder,) = [path for path in (cli.folder / "rollouts").iterdir() if (path / "journal.jsonl").exists()]
    return folder


def test_a_search_on_record_stands_in_the_log_and_the_record_stays_proven(cli, rollout, quiet, space):
    before = cli("report", "log", "--stdout").stdout
    options = ("--rollout", rollout.name, "--record", "--no-live", "--all-tenants", "--by", "Ana")
    data = tune(cli, quiet, "--space", space, *options).data
    assert (data["recorded"], data["rollout"]) == (True, rollout.name)
    assert cli("journal", "verify").status == 0
    after = cli("report", "log", "--stdout").stdout
    part = after.split("### Threshold Tuning Recommendations\n")[1].split("\n## ")[0]
    assert part.startswith("- **Thresholds searched** (by Ana, ")
    assert "  - Recommended: failure\\_threshold" in part or "  - Recommended: failure_threshold" in part
    assert "error_rate_window_seconds **600** (base: 60)" in part
    assert "  - Stability: of " in part
    assert "  - Limit: " in part
    # Nothing else of the log changes.
    old = before.split("### Threshold Tuning Recommendations\n")
    assert after.startswith(old[0])
    assert after.endswith(old[1].split("\n## ", 1)[1])
    assert cli("report", "log", "--stdout").stdout == after


def test_the_evidence_keeps_the_front_alone(cli, quiet, rollout):
    tune(cli, quiet, "--rollout", rollout.name, "--record", "--no-live", "--all-tenants")
    last = json.loads((rollout / "journal.jsonl").read_text(encoding="utf-8").splitlines()[-1])
    assert last["type"] == "tuned"
    kept = json.loads((rollout / "evidence" / last["data"]["tuning"]).read_text(encoding="utf-8"))
    assert kept["scored"] > len(kept["candidates"]) >= 3
    assert all(each["on_front"] or each["roles"] for each in kept["candidates"])


def test_ctrl_c_keeps_what_was_found(cli, quiet):
    """A real process on a terminal: interrupted as soon as its bar counts policies."""
    wide = "failure_threshold: {from: 1, to: 50, step: 1}\nerror_rate_window_seconds: {from: 1, to: 200, step: 1}\n"
    (cli.folder / "wide.yaml").write_text(wide, encoding="utf-8")
    master, slave = pty.openpty()
    words = ["replay", "tune", "--trace", str(quiet), "--space", "wide.yaml", "--engine", "plain"]
    process = subprocess.Popen(
        [sys.executable, "-m", "cbops", *words, "--write", "better.json"],
        stdout=subprocess.PIPE,
        stderr=slave,
        text=True,
        encoding="utf-8",
        cwd=cli.folder,
        env={**cli.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(slave)
    seen = b""
    guard = threading.Timer(90, process.kill)
    guard.start()
    while not re.search(rb"[2-9][0-9] of 10,00\d policies", seen):
        seen += os.read(master, 4096)
    process.send_signal(signal.SIGINT)
    reader = threading.Thread(target=drain, args=(master,), daemon=True)
    reader.start()
    out, _ = process.communicate()
    guard.cancel()
    reader.join()
    os.close(master)
    assert process.returncode == 130
    assert re.match(r"Interrupted: \d+ of 10,00\d policies searched: ", out)
    assert "Best trades" in out
    assert "next: " in out


def drain(master: int) -> None:
    """What is still written to the terminal, until nobody holds it any more."""
    try:
        while os.read(master, 4096):
            pass
    except OSError:
        return
