"""`cbops policy check` without a router: a file, a trace, and neither."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

from cbops.model.policy import CANARY_BLOCK
from tests.conftest import ROOT, Cli

DOCUMENT = {
    "version": "1.0",
    "providers": [{"name": "openai", "weight": 100}],
    "fallbacks": [{"when": {"status": [503]}, "to": "anthropic"}],
    "circuit_breaker": CANARY_BLOCK,
}
MINUTE = 60_000


def file(cli: Cli, content: object, name: str = "policy.json") -> str:
    (cli.folder / name).write_text(json.dumps(content), encoding="utf-8")
    return name


def check(cli: Cli, *more: object, status: int = 0) -> dict:
    result = cli.json("policy", "check", *more)
    assert result.status == status, result.answer
    return result.data


def codes(data: dict) -> set[str]:
    return {each["code"] for each in data["findings"]}


def trace(cli: Cli, name: str = "trace.jsonl", hours: int = 3, **more: object) -> str:
    """A request a minute; each fifth is a 4xx, and one success took two minutes."""
    rows = [
        {
            "ts": 1_738_000_000 + at * 60,
            "latency_ms": 120_000 if at == 7 else 200,
            "outcome": "ignored" if at % 5 == 0 else "success",
            "tenant_id": "t1",
            "provider_id": "openai",
            **more,
        }
        for at in range(hours * 60 + 1)
    ]
    text = "".join(json.dumps(row) + "\n" for row in rows)
    path = cli.folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return name


def test_a_file_alone_needs_no_configuration_and_no_router(cli: Cli) -> None:
    data = check(cli, "--policy-file", file(cli, CANARY_BLOCK))
    assert (data["tenant"], data["version"], data["document_from"]) == (None, None, "unknown")
    assert "no_fallback" not in codes(data)
    assert {each["value"] for each in data["facts"]} == {None}
    assert all(each["told"] for each in data["facts"])


def test_a_whole_policy_in_the_file_is_the_document_around_the_block(cli: Cli) -> None:
    data = check(cli, "--policy-file", file(cli, DOCUMENT))
    assert (data["provider"], data["document_from"]) == ("openai", "file")
    assert "no_fallback" not in codes(data)
    data = check(cli, "--policy-file", file(cli, {**DOCUMENT, "fallbacks": []}))
    assert "no_fallback" in codes(data)


def test_what_enabling_would_refuse_to_read_is_found_with_exit_7(cli: Cli) -> None:
    data = check(cli, "--policy-file", file(cli, {"failure_treshold": 3, "timeout_ms": "30s"}), status=7)
    errors = [each for each in data["findings"] if each["level"] == "error"]
    assert [each["code"] for each in errors] == ["unknown_key", "wrong_type"]
    assert errors[0]["fix"] == "Did you mean 'failure_threshold'?"
    assert data["effective"]["timeout_ms"] == "30s"
    assert "failure_treshold" not in data["effective"]


def test_text_ends_with_what_to_do(cli: Cli) -> None:
    name = file(cli, {**CANARY_BLOCK, "success_threshold": 9})
    result = cli("policy", "check", "--policy-file", name)
    assert result.status == 7
    assert result.stdout.startswith("policy.json: 1 error, ")
    assert "  error never_closes: success_threshold 9 is more than half_open_max_calls 3" in result.stdout
    assert "    fix: Set half_open_max_calls to 10 or more." in result.stdout
    assert result.stdout.endswith("next: Correct the errors and check again.\n")
    fine = cli("policy", "check", "--policy-file", file(cli, CANARY_BLOCK)).stdout
    assert fine.endswith(
        "next: Check it in the live policy: cbops policy check TENANT POLICY --policy-file policy.json\n"
    )


def test_without_a_file_a_configuration_is_needed(cli: Cli) -> None:
    assert cli.json("policy", "check").status == 3
    assert cli.json("policy", "check", "t1", "p1", "--policy-file", file(cli, CANARY_BLOCK)).status == 3


def test_a_configuration_without_a_rollout_leaves_the_file_alone(cli: Cli) -> None:
    cli("init")
    result = cli.json("policy", "check", "--policy-file", file(cli, CANARY_BLOCK))
    assert result.status == 0
    assert result.answer["warnings"][0].startswith(
        "the file is checked without a live policy: there is no rollout"
    )
    assert cli.json("policy", "check", "--policy-file", "policy.json", "--rollout", "x").status == 2


@pytest.mark.parametrize("name", ["trace.jsonl", "trace.jsonl.gz"])
def test_a_trace_tells_the_traffic_the_shares_and_the_latency(cli: Cli, name: str) -> None:
    data = check(cli, "--policy-file", file(cli, CANARY_BLOCK), "--trace", trace(cli, name))
    facts = {each["name"]: each["value"] for each in data["facts"]}
    assert facts["busiest_rpm"] == facts["quietest_rpm"] == 1
    assert facts["ignored_share"] == pytest.approx(0.2, abs=0.01)
    assert (facts["lost_share"], facts["longest_latency_ms"]) == (0, 120_000)
    assert facts["tenants_on_timeout"] is None
    assert {"single_failure_opens", "timeout_below_latency", "wedge_risk", "flapping"} <= codes(data)
    told = next(each["told"] for each in data["facts"] if each["name"] == "busiest_rpm")
    assert told == f"181 requests of the trace, {name}"


def test_a_short_trace_knows_no_hour_and_says_so(cli: Cli) -> None:
    data = check(cli, "--policy-file", file(cli, CANARY_BLOCK), "--trace", trace(cli, hours=0))
    told = {each["name"]: each["told"] for each in data["facts"]}
    assert told["busiest_rpm"] == "the trace is shorter than an hour"
    assert told["mean_rpm"] == "the trace has no length"
    assert told["lost_share"] == "the trace has too few requests for a share"
    assert told["longest_latency_ms"] == "the trace has no result that the breaker records"


def test_a_trace_of_somebody_else_is_an_input_error(cli: Cli) -> None:
    policy = file(cli, DOCUMENT)
    result = cli.json(
        "policy", "check", "--policy-file", policy, "--trace", trace(cli, provider_id="mistral")
    )
    assert (result.status, result.error["code"]) == (3, "input")
    assert "no request to openai" in result.error["message"]
    check(cli, "--policy-file", policy, "--trace", "trace.jsonl", "--provider", "mistral")


def test_columns_are_mapped_and_a_map_without_a_trace_is_a_slip(cli: Cli) -> None:
    policy = file(cli, CANARY_BLOCK)
    rows = [json.dumps({"when": at * MINUTE, "took": 5, "outcome": "success"}) for at in range(100)]
    (cli.folder / "own.jsonl").write_text("\n".join(rows) + "\n")
    maps = ("--map", "arrival=when:ms", "--map", "latency=took:ms")
    data = check(cli, "--policy-file", policy, "--trace", "own.jsonl", *maps)
    assert {each["name"]: each["value"] for each in data["facts"]}["busiest_rpm"] == 1
    assert cli.json("policy", "check", "--policy-file", policy, *maps).status == 2


def test_what_was_left_out_of_the_trace_is_said(cli: Cli) -> None:
    name = trace(cli)
    path: Path = cli.folder / name
    denied = {"ts": 1_738_020_000, "latency_ms": 1, "outcome": "success", "admitted": False}
    lines = [{**json.loads(line), "admitted": True} for line in path.read_text().splitlines()]
    lines.append({**lines[-1], **denied})
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = cli.json("policy", "check", "--policy-file", file(cli, CANARY_BLOCK), "--trace", name)
    assert any(
        "1 requests that production's own breaker denied" in each for each in result.answer["warnings"]
    )


def test_a_static_check_loads_no_engine_for_traces(cli: Cli) -> None:
    name = file(cli, CANARY_BLOCK)
    code = (
        "import sys, contextlib, io\nfrom cbops.cli.app import run\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        f"    run(['policy', 'check', '--policy-file', {name!r}])\n"
        "assert not {'numpy', 'duckdb', 'nanoarrow'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=cli.folder, env={"PYTHONPATH": str(ROOT)}, check=True)
