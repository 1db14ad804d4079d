from __future__ import annotations

import json

import pytest
from flow_fixtures import router, scenario, served, wire, work
from flow_world import POLICY, PROVIDER, TENANT

__all__ = ["router", "scenario", "served", "wire", "work"]

LOG = "execution_log.md.j2"


@pytest.fixture
def mine(cli):
    """A folder of templates beside cbops.yaml, which names it."""
    (cli.folder / "cbops.yaml").write_text("version: 1\ntemplates: mine\n")
    (cli.folder / "mine").mkdir()
    return cli.folder / "mine"


def test_without_a_folder_every_template_is_shipped(cli):
    (cli.folder / "cbops.yaml").write_text("version: 1\n")
    result = cli.json("report", "templates")
    assert result.status == 0
    assert result.data["folder"] is None
    assert {each["origin"] for each in result.data["templates"]} == {"shipped"}
    (log,) = (each for each in result.data["templates"] if each["name"] == LOG)
    assert {"name": "log.status", "kind": "text"} in log["variables"]
    shown = cli("report", "templates").stdout
    assert "templates in cbops.yaml names none" in shown
    assert LOG in shown
    assert "log.status" not in shown


def test_ones_own_templates_are_told_from_the_shipped_ones(cli, mine):
    (mine / LOG).write_text("{{ log.status }}")
    (mine / "part.md.j2").write_text("x")
    result = cli.json("report", "templates")
    origins = {each["name"]: each["origin"] for each in result.data["templates"]}
    assert (origins[LOG], origins["part.md.j2"], origins["ticket.md.j2"]) == (
        "overridden",
        "included",
        "shipped",
    )
    assert result.answer["warnings"] == []
    shown = cli("report", "templates", "execution_log.md").stdout
    assert shown.startswith("1 template, 1 of them from ")
    assert "log.days[].title" in shown
    assert "ticket.title" not in shown


def test_a_problem_that_can_be_seen_is_a_warning(cli, mine):
    (mine / LOG).write_text("\n{{ lgo.status }}")
    result = cli.json("report", "templates")
    assert result.status == 0
    (warning,) = result.answer["warnings"]
    assert warning.endswith(f"{LOG}: line 2: 'lgo' is undefined")


def test_a_folder_that_is_not_there_is_an_error(cli, mine):
    mine.rmdir()
    for words in (("report", "templates"), ("report", "log", "--blank", "--stdout")):
        result = cli.json(*words)
        assert (result.status, result.error["code"]) == (3, "input")
        assert "is not there" in result.error["message"]


def test_the_log_is_made_with_ones_own_template(cli, mine):
    (mine / LOG).write_text("OURS {{ log.status }}")
    assert cli("report", "log", "--blank", "--stdout").stdout.startswith("OURS ")
    (mine / LOG).write_text("\n\n{{ log.statsu }}")
    result = cli.json("report", "log", "--blank", "--stdout")
    assert (result.status, result.error["code"]) == (3, "input")
    assert f"{LOG}, line 3: " in result.error["message"]


def test_tickets_are_made_with_ones_own_template_and_one_that_is_wrong_keeps_no_ticket_off_the_record(work):
    with (work.folder / "cbops.yaml").open("a") as file:
        file.write("\ntemplates: mine\n")
    mine = work.folder / "mine"
    mine.mkdir()
    work("canary", "select", TENANT, "--policy", POLICY, "--provider", PROVIDER, "--override", "known")
    (mine / "ticket.md.j2").write_text("---\n---\nOURS {{ ticket.title }}\n")
    work("ticket", "create", "--title", "one")
    (written,) = work.folder.glob("rollouts/*/tickets/*.md")
    assert written.read_text() == "---\n---\nOURS one\n"
    (mine / "ticket.md.j2").write_text("\n{{ ticket.tilte }}")
    made = work("ticket", "create", "--title", "two")
    assert made.status == 0
    (warning,) = json.loads(made.stdout)["warnings"]
    assert "ticket.md.j2, line 2: " in warning
    (mine / "ticket.md.j2").write_text("OURS {{ ticket.title }}\n")
    work("ticket", "list")
    assert [path.read_text() for path in sorted(written.parent.iterdir())] == ["OURS one\n", "OURS two\n"]
