"""`cbops replay run` where there is nothing but a trace."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from recorded import MINUTE, quiet_night, request, written
from test_table import imported

from cbops.model.forecast import LIMIT
from cbops.model.policy import CANARY_BLOCK

ROOT = Path(__file__).parents[2]
WORLD = ROOT / "tests" / "data" / "worlds" / "sample"
LENIENT = {**CANARY_BLOCK, "error_rate_threshold": 1.1, "failure_threshold": 20}


@pytest.fixture
def trace(cli):
    return written(cli.folder / "night.jsonl", quiet_night())


def totals(result):
    return {policy["name"]: policy["totals"] for policy in result.data["forecast"]["policies"]}


def refused(result, status, code):
    assert (result.status, result.error["code"]) == (status, code)
    return result.error["message"] + " " + result.error["hint"]


def test_a_trace_in_an_empty_folder_is_replayed_with_the_canarys_block_and_without_a_breaker(cli, trace):
    result = cli.json("replay", "run", "--trace", trace.name)
    assert result.status == 0
    assert list(totals(result)) == ["policy", "no breaker"]
    policy, none = result.data["forecast"]["policies"]
    assert policy["block"] == CANARY_BLOCK
    assert none["block"] is None
    # A lonely failure opens it: with one request a minute the window holds at most one success.
    assert policy["totals"]["opens"] >= 2
    assert policy["totals"]["single_failure"] >= 1
    assert none["totals"]["failed_through"] == 31
    assert result.data["rollout"] is None
    assert result.data["recorded"] is False
    assert result.data["svg"] is None
    assert result.data["notes"] == ["policy: the block that canaries begin with"]
    assert result.data["forecast"]["limit"] == LIMIT


def test_the_words_begin_with_the_first_sentence_and_end_with_the_limit(cli, trace):
    data = cli.json("replay", "run", "--trace", trace.name).data
    result = cli("replay", "run", "--trace", trace.name)
    lines = result.stdout.splitlines()
    assert lines[0] == data["forecast"]["summary"][0]
    assert lines[-2] == LIMIT
    assert lines[-1].startswith("next: ")
    assert "Policies side by side:" in lines
    assert any(line.startswith("Timeline: times in UTC") for line in lines)
    assert cli("replay", "run", "--trace", trace.name, "--quiet").stdout.splitlines() == lines[:1]


@pytest.mark.parametrize("columns", ["60", "80", "120"])
def test_table_and_timeline_keep_to_the_screen(cli, trace, columns):
    lines = cli("replay", "run", "--trace", trace.name, env={"COLUMNS": columns}).stdout.splitlines()
    first = next(place for place, line in enumerate(lines) if line.startswith("error rate"))
    assert len(lines[first]) == int(columns) - 1
    assert len(lines[first + 1]) == int(columns) - 1


def test_an_encoding_without_blocks_gets_a_picture_in_ascii(cli, trace):
    done = subprocess.run(
        [sys.executable, "-m", "cbops", "replay", "run", "--trace", trace.name],
        cwd=cli.folder,
        env={**cli.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "latin-1"},
        capture_output=True,
        check=True,
    )
    lines = done.stdout.decode("latin-1").splitlines()
    (rates,) = [line for line in lines if line.startswith("error rate ")]
    assert set(rates.removeprefix("error rate").strip()) <= set("._1234567")
    assert "?" not in rates


def test_files_that_a_shell_put_there_are_read_too_and_each_once(cli):
    rows = quiet_night()
    for number in range(3):
        written(cli.folder / f"part-{number}.jsonl", rows[number * 240 : (number + 1) * 240])
    names = [f"part-{number}.jsonl" for number in range(3)]
    whole = cli.json("replay", "run", "--trace", *names)
    assert whole.data["forecast"]["traffic"]["files"] == names
    assert whole.data["forecast"]["traffic"]["requests"] == 720
    for words in (
        ("--trace", "part-*.jsonl"),
        ("--trace", names[0], "--trace", names[1], "--trace", names[2]),
        ("--trace", names[0], "--skip-bad", "0", names[1], names[2], names[0]),
        tuple(names),
    ):
        assert cli.json("replay", "run", *words).data == whole.data


def test_the_same_call_gives_the_same_answer_whatever_the_engine_and_the_workers_are(cli, trace):
    first = cli.json("replay", "run", "--trace", trace.name).data
    assert (
        cli.json("replay", "run", "--trace", trace.name, "--engine", "plain", "--workers", "1").data == first
    )
    assert cli.json("replay", "run", "--trace", trace.name, "--memory", "128MiB").data == first


def test_policies_stand_side_by_side_by_their_files(cli, trace):
    (cli.folder / "mine.json").write_text(json.dumps({"policy_id": "x", "circuit_breaker": LENIENT}))
    (cli.folder / "usual.json").write_text(json.dumps(CANARY_BLOCK))
    (cli.folder / "sub").mkdir()
    (cli.folder / "sub" / "usual.json").write_text(json.dumps({**CANARY_BLOCK, "timeout_ms": 60_000}))
    result = cli.json(
        "replay", "run", "--trace", trace.name, "--policy-file", "mine.json", "--against", "usual.json",
        "--against", "sub/usual.json",
    )  # fmt: skip
    assert list(totals(result)) == ["policy", "usual.json", "sub/usual.json", "no breaker"]
    assert totals(result)["policy"]["opens"] == 1
    assert totals(result)["policy"]["single_failure"] == 0
    assert totals(result)["usual.json"]["opens"] > 1
    assert result.data["forecast"]["policies"][0]["block"] == LENIENT
    assert result.data["notes"][0] == "policy: the block in mine.json"


def test_a_declared_incident_makes_an_open_expected(cli):
    written(
        cli.folder / "t.jsonl",
        [request(m, "failure" if m == 120 else "success", provider="openai") for m in range(240)],
    )
    incidents = [{"provider": "openai", "from": "2025-01-27T10:55Z", "to": "2025-01-27T11:05Z"}]
    (cli.folder / "i.json").write_text(json.dumps(incidents))
    alone = totals(cli.json("replay", "run", "--trace", "t.jsonl"))["policy"]
    told = totals(cli.json("replay", "run", "--trace", "t.jsonl", "--incidents", "i.json"))["policy"]
    assert (alone["opens"], alone["expected"]) == (1, 0)
    assert (told["opens"], told["expected"], told["outages"]) == (1, 1, 1)


def test_only_the_tenant_and_the_provider_that_are_asked_for(cli):
    rows = [
        request(minute, tenant_id=tenant, provider_id=provider)
        for minute in range(10)
        for tenant, provider in (("a", "x"), ("a", "y"), ("b", "x"))
    ]
    written(cli.folder / "t.jsonl", rows)

    def count(*words):
        return cli.json("replay", "run", "--trace", "t.jsonl", *words).data["forecast"]["traffic"]["requests"]

    assert count() == 30
    assert count("--tenant", "a") == 20
    assert count("--provider", "x") == 20
    assert count("--tenant", "b", "--provider", "x") == 10
    nobody = cli.json("replay", "run", "--trace", "t.jsonl", "--tenant", "nobody")
    assert "no request that could be replayed" in refused(nobody, 3, "input")


def test_columns_are_named_and_outcomes_ruled_by_the_map(cli):
    rows = [{"at": 1000 * n, "took": 5, "code": 429 if n == 3 else 200} for n in range(10)]
    written(cli.folder / "t.jsonl", rows)
    assert cli.json("replay", "run", "--trace", "t.jsonl").status == 3
    words = ("--map", "arrival=at:ms", "--map", "latency=took:ms", "--map", "status=code")
    plain = totals(cli.json("replay", "run", "--trace", "t.jsonl", *words))["no breaker"]
    ruled = totals(cli.json("replay", "run", "--trace", "t.jsonl", *words, "--map", "status.429=failure"))[
        "no breaker"
    ]
    assert (plain["failed_through"], ruled["failed_through"]) == (0, 1)


def test_times_that_are_no_dates_are_told_from_the_beginning(cli):
    written(
        cli.folder / "t.jsonl",
        [{"arrival_ms": 60_000 * n, "latency_ms": 5, "outcome": "f" if n == 60 else "s"} for n in range(120)],
    )
    result = cli("replay", "run", "--trace", "t.jsonl")
    assert result.status == 0
    assert "+1:00:00" in result.stdout
    assert "times from the beginning of the trace" in result.stdout


def test_the_zone_of_the_times_can_be_chosen(cli, trace):
    result = cli("replay", "run", "--trace", trace.name, "--timezone", "Asia/Tokyo")
    assert "times in Asia/Tokyo" in result.stdout
    assert "2025-01-27 18:00:00" in result.stdout


def test_bad_rows_are_refused_or_skipped_and_said(cli):
    path = written(cli.folder / "t.jsonl", quiet_night())
    with path.open("a", encoding="utf-8") as file:
        file.write('{"ts": "2025-01-28T09:00:00Z", "latency_ms": -5, "outcome": "success"}\n')
    assert "t.jsonl" in refused(cli.json("replay", "run", "--trace", "t.jsonl"), 3, "input")
    skipped = cli.json("replay", "run", "--trace", "t.jsonl", "--skip-bad", "1")
    assert skipped.data["forecast"]["traffic"]["skipped"] == 1
    (warning,) = skipped.answer["warnings"]
    assert warning.startswith("1 row skipped: ")
    assert "t.jsonl:721" in warning


def test_requests_that_production_denied_are_left_out_and_said(cli):
    rows = [request(minute, admitted=minute != 5) for minute in range(30)]
    written(cli.folder / "t.jsonl", rows)
    result = cli.json("replay", "run", "--trace", "t.jsonl")
    assert result.data["forecast"]["traffic"]["requests"] == 29
    assert result.data["forecast"]["traffic"]["denied_in_production"] == 1
    assert "denied by production" in cli("replay", "run", "--trace", "t.jsonl").stdout


def test_a_trace_of_denied_requests_alone_is_no_data_and_never_a_pass(cli):
    written(cli.folder / "t.jsonl", [request(minute, admitted=False) for minute in range(30)])
    message = refused(cli.json("replay", "run", "--trace", "t.jsonl"), 3, "input")
    assert "left out: 30 requests denied in production" in message


def test_a_picture_is_drawn_where_one_is_asked_for(cli, trace):
    result = cli.json("replay", "run", "--trace", trace.name, "--svg", "night.svg")
    assert result.data["svg"] == "night.svg"
    first = (cli.folder / "night.svg").read_bytes()
    root = ET.fromstring(first)
    assert root.tag.endswith("svg")
    assert cli.json("replay", "run", "--trace", trace.name, "--svg", "night.svg").status == 0
    assert (cli.folder / "night.svg").read_bytes() == first
    assert (
        "next: Look at the picture: night.svg"
        in cli("replay", "run", "--trace", trace.name, "--svg", "night.svg").stdout
    )


@pytest.mark.parametrize(
    ("words", "status", "code", "says"),
    [
        ((), 2, "usage", "a replay needs a trace"),
        (("--trace",), 2, "usage", "requires an argument"),
        (("--trace", " "), 2, "usage", "it is empty"),
        (("--trace", "absent.jsonl"), 3, "input", "no such file"),
        (("--trace", "absent-*.jsonl"), 3, "input", "no such file"),
        (("--trace", "."), 3, "input", "is a folder"),
        (("--trace", "empty.jsonl"), 3, "input", "empty"),
        (("--trace", "night.jsonl", "--policy-file", "absent.json"), 3, "policy", "absent.json"),
        (("--trace", "night.jsonl", "--policy-file", "night.jsonl"), 3, "policy", "night.jsonl"),
        (("--trace", "night.jsonl", "--policy-file", "typo.json"), 3, "policy", "failure_threshold"),
        (("--trace", "night.jsonl", "--against", "absent.json"), 3, "policy", "absent.json"),
        (("--trace", "night.jsonl", "--against", "ok.json", "--against", "ok.json"), 2, "usage", "given twice"),
        (("--trace", "night.jsonl", "--incidents", "ok.json"), 3, "input", "is not a JSON list"),
        (("--trace", "night.jsonl", "--map", "arrival"), 2, "usage", "--map arrival"),
        (("--trace", "night.jsonl", "--map", "arival=ts"), 2, "usage", "arrival"),
        (("--trace", "night.jsonl", "--skip-bad", "-1"), 2, "usage", "--skip-bad"),
        (("--trace", "night.jsonl", "--skip-bad", "x"), 2, "usage", "--skip-bad"),
        (("--trace", "night.jsonl", "--memory", "512"), 2, "usage", "is not a size such as 512MB"),
        (("--trace", "night.jsonl", "--memory", "127MiB"), 2, "usage", "is not between 128MiB"),
        (("--trace", "night.jsonl", "--memory", "-1GB"), 2, "usage", "is not a size"),
        (("--trace", "night.jsonl", "--workers", "0"), 2, "usage", "--workers"),
        (("--trace", "night.jsonl", "--engine", "fast"), 2, "usage", "--engine"),
        (("--trace", "night.jsonl", "--timezone", "Mars/Phobos"), 2, "usage", "is not a time zone"),
        (("--trace", "night.jsonl", "--svg", "."), 2, "usage", "is a folder"),
        (("--trace", "night.jsonl", "--svg", "absent/x.svg"), 2, "usage", "there is no folder"),
        (("--trace", "night.jsonl", "--record"), 3, "config", "there is no cbops.yaml"),
        (("--trace", "night.jsonl", "--rollout", "r"), 3, "config", "there is no cbops.yaml"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(cli, trace, words, status, code, says):
    (cli.folder / "empty.jsonl").touch()
    (cli.folder / "ok.json").write_text(json.dumps(CANARY_BLOCK))
    (cli.folder / "typo.json").write_text(json.dumps({"failure_treshold": 5}))
    before = sorted(cli.folder.iterdir())
    assert says in refused(cli.json("replay", "run", *words), status, code)
    assert sorted(cli.folder.iterdir()) == before


def test_without_the_extra_a_picture_is_refused_before_the_work(cli, trace, monkeypatch):
    monkeypatch.setattr("cbops.render.charts.svg.available", lambda: False)
    result = cli.json("replay", "run", "--trace", trace.name, "--svg", "x.svg")
    assert "pip install 'cbops[charts]'" in refused(result, 3, "input")


def test_a_folder_with_cbops_yaml_and_no_rollout_is_as_good_as_any(cli, trace):
    cli("init")
    result = cli.json("replay", "run", "--trace", trace.name)
    assert result.status == 0
    assert result.data["rollout"] is None
    assert result.data["notes"][-1] == "no live policy: no rollout says which"
    message = refused(cli.json("replay", "run", "--trace", trace.name, "--record"), 6, "wrong-stage")
    assert "there is no rollout" in message


@pytest.mark.parametrize(
    "words", [("replay", "run", "--help"), ("canary", "status"), ("policy", "show"), ("init",)]
)
def test_what_does_not_replay_loads_neither_the_columns_nor_the_charts(cli, words):
    cli("init")
    assert not imported(*words, folder=cli.folder) & {"numpy", "duckdb", "nanoarrow", "vl_convert", "rich"}


def test_a_replay_loads_no_charts_unless_one_is_drawn(cli, trace):
    loaded = imported("replay", "run", "--trace", trace.name, folder=cli.folder)
    assert "duckdb" in loaded
    assert not loaded & {"vl_convert", "rich", "httpx", "jinja2"}


def test_the_week_of_the_sample_world_is_told_as_it_was(cli):
    result = cli.json(
        "replay", "run", "--trace", WORLD / "requests.jsonl.gz", "--incidents", WORLD / "incidents.json"
    )
    policy = totals(result)["policy"]
    traffic = result.data["forecast"]["traffic"]
    assert (traffic["requests"], traffic["denied_in_production"]) == (472_982, 1_973)
    assert policy["opens"] == policy["expected"] + policy["unexpected"] + policy["unexplained"]
    assert policy["outages"] >= 1
    assert policy["outages_missed"] == 0
    declared = [
        o
        for c in result.data["forecast"]["policies"][0]["circuits"]
        for o in c["outages"]
        if o["source"] == "incident"
    ]
    assert [outage["begins"] for outage in declared] == ["2025-01-29T14:00:00.000Z"]


def test_ctrl_c_ends_it_without_leftovers(cli):
    rows = (request(n / 60, tenant_id=f"t{n % 50}") for n in range(120_000))
    written(cli.folder / "long.jsonl", rows)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "cbops",
            "replay",
            "run",
            "--trace",
            "long.jsonl",
            "--svg",
            "x.svg",
            "--engine",
            "plain",
        ],
        cwd=cli.folder,
        env={**cli.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(cli.folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 60
    while time.monotonic() < until and "duckdb" not in Path(f"/proc/{process.pid}/maps").read_text():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert err.startswith("error: interrupted")
    assert [path.name for path in cli.folder.iterdir()] == ["long.jsonl"]


def test_a_minute_is_a_minute() -> None:
    first, second = request(0), request(1)
    assert (first["ts"], second["ts"]) == ("2025-01-27T09:00:00.000Z", "2025-01-27T09:01:00.000Z")
    assert MINUTE == 60_000


def test_a_trace_of_bad_rows_alone_is_an_error_that_names_them(cli):
    text = "ts,latency_ms,outcome\n1735689600000,-1,success\n1735689601000,-2,success\n"
    (cli.folder / "bad.csv").write_text(text, encoding="utf-8")
    result = cli.json("replay", "run", "--trace", "bad.csv", "--skip-bad", "2")
    assert result.status == 3
    assert "left out: 2 rows that could not be read" in result.error["message"]
    assert "bad.csv:2: the latency ('latency_ms') is negative: -1" in str(result.error)
