"""`dashboard render`: where the file goes, what it is made from, and what it never writes over."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Cli

ALONE = "circuit-breaker-dashboard.json"
JOURNALS = ROOT / "tests" / "data" / "journals" / "v1"


def within(cli: Cli, kind: str) -> Path:
    """A work folder with cbops.yaml and one rollout; its folder."""
    (cli.folder / "cbops.yaml").write_text(
        "version: 1\nmetrics: {source: embedded, dialect: documented}\n", encoding="utf-8"
    )
    folder = cli.folder / "rollouts" / "r0"
    shutil.copytree(JOURNALS / kind, folder)
    return folder


def grafana(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def test_it_needs_neither_a_configuration_nor_a_rollout(cli: Cli) -> None:
    result = cli.json("dashboard", "render")
    assert result.status == 0
    data = result.data
    assert (data["path"], data["rollout"], data["tenant"], data["provider"]) == (ALONE, None, None, None)
    assert (data["dialect"], data["dialect_from"], data["changed"]) == ("router", "default", True)
    assert (data["threshold"], data["threshold_from"], data["window_seconds"]) == (0.5, "default", 60)
    assert data["bytes"] == (cli.folder / ALONE).stat().st_size
    assert "the dashboard is in the router dialect" in result.answer["warnings"][0]
    shown = grafana(cli.folder / ALONE)
    assert [panel["title"] for panel in shown["panels"]] == [panel["title"] for panel in data["panels"]]
    assert [one["expr"] for panel in data["panels"] for one in panel["queries"]] == [
        target["expr"] for panel in shown["panels"] for target in panel["targets"]
    ]


def test_the_first_line_says_what_was_written_and_the_last_what_to_do(cli: Cli) -> None:
    lines = cli("dashboard", "render", "--dialect", "router").stdout.splitlines()
    assert lines[0] == f"Wrote the dashboard: {ALONE} (18 panels, 33 queries)."
    assert lines[2] == "Threshold of error rates: 0.5 (the default: no policy is known, see --threshold)."
    assert "Import" in lines[-1]
    assert lines[-1].startswith("next: ")


def test_rendering_again_changes_nothing_and_says_so(cli: Cli) -> None:
    cli("dashboard", "render")
    before = (cli.folder / ALONE).read_bytes()
    assert "Nothing to change in the dashboard" in cli("dashboard", "render").stdout
    assert (cli.folder / ALONE).read_bytes() == before


def test_a_rollout_gives_tenant_threshold_and_the_instant_of_enabling(cli: Cli) -> None:
    folder = within(cli, "enabled")
    result = cli.json("dashboard", "render")
    data = result.data
    assert data["path"] == str(folder / "dashboard.json")
    assert (data["rollout"], data["dialect_from"], data["threshold_from"]) == (
        "r0",
        "configuration",
        "rollout",
    )
    assert data["tenant"]
    assert data["uid"] != "cbops-circuit-breaker"
    shown = grafana(folder / "dashboard.json")
    assert shown["templating"]["list"][1]["current"]["value"] == [data["tenant"]]
    assert "Breaker enabled" in [one["name"] for one in shown["annotations"]["list"]]


def test_another_tenant_has_nothing_of_the_rollouts_policy(cli: Cli) -> None:
    within(cli, "enabled")
    data = cli.json("dashboard", "render", "--tenant", "else", "--provider", "p", "--stdout").data
    assert (data["tenant"], data["provider"], data["threshold_from"], data["path"]) == (
        "else",
        "p",
        "default",
        None,
    )
    assert [one["name"] for one in json.loads(data["text"])["annotations"]["list"]] == ["Opens"]


def test_a_threshold_on_the_command_line_goes_before(cli: Cli) -> None:
    within(cli, "enabled")
    data = cli.json("dashboard", "render", "--threshold", "0.25", "--stdout").data
    assert (data["threshold"], data["threshold_from"]) == (0.25, "option")
    assert cli("dashboard", "render", "--threshold", "7").status == 2


def test_stdout_is_the_file_and_nothing_is_written(cli: Cli) -> None:
    shown = cli("dashboard", "render", "--stdout").stdout
    assert not (cli.folder / ALONE).exists()
    cli("dashboard", "render", "--out", "x.json")
    assert (cli.folder / "x.json").read_text(encoding="utf-8") == shown


def test_a_file_of_somebody_else_is_written_over_only_when_asked(cli: Cli) -> None:
    path = cli.folder / ALONE
    cli("dashboard", "render")
    path.write_text(path.read_text(encoding="utf-8").replace('"1m"', '"5m"', 1), encoding="utf-8")
    refused = cli.json("dashboard", "render", "--tenant", "a")
    assert (refused.status, refused.answer["error"]["code"]) == (6, "conflict")
    assert cli("dashboard", "render", "--tenant", "a", "--force").status == 0


def test_a_text_that_is_no_tenant_is_refused(cli: Cli) -> None:
    assert cli("dashboard", "render", "--tenant", " ").status == 3


@pytest.mark.parametrize("option", ["--tenant", "--provider"])
def test_hostile_names_stay_within_the_json(cli: Cli, option: str) -> None:
    hostile = '"}]} $__range \\ é'
    data = cli.json("dashboard", "render", option, hostile, "--stdout").data
    assert data[option[2:]] == hostile
    json.loads(data["text"])
