from __future__ import annotations

import inspect
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cbops.cli.settings import EPILOG
from cbops.cli.table import BY_WORDS, GROUPS, TABLE, Located, locate, suggestions
from cbops.cli.tree import command_of

ROOT = Path(__file__).parents[2]
HEAVY = {
    "numpy",
    "duckdb",
    "nanoarrow",
    "httpx",
    "jinja2",
    "rich",
    "fastapi",
    "starlette",
    "uvicorn",
    "sqlite3",
    "filelock",
    "prometheus_client",
    "promql_parser",
    "stamina",
    "grafana_foundation_sdk",
    "keyring",
    "apprise",
    "requests",
    "cryptography",
}


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.words)
def test_every_command_imports_and_begins_with_its_line_of_help(entry):
    doc = inspect.getdoc(command_of(entry))
    assert doc is not None
    assert doc.splitlines()[0] == entry.summary


def test_no_command_and_no_group_stands_twice():
    assert len(BY_WORDS) == len(TABLE)
    assert {entry.group for entry in TABLE if entry.group} == set(GROUPS)
    assert not set(GROUPS) & {entry.words for entry in TABLE}


def test_every_module_of_a_command_is_in_the_table():
    folder = ROOT / "cbops" / "cli" / "commands"
    here = {path.stem for path in folder.glob("*.py")} - {"__init__"}
    assert here == {entry.words.replace(" ", "_") for entry in TABLE}


@pytest.mark.parametrize(
    ("words", "located"),
    [
        ((), Located()),
        (("--help",), Located()),
        (("--help", "init"), Located()),
        (("init", "x"), Located(entry=BY_WORDS["init"])),
        (("monitor",), Located(group="monitor")),
        (("monitor", "--help", "daily"), Located(group="monitor")),
        (("monitor", "daily", "--help"), Located(entry=BY_WORDS["monitor daily"])),
        (("monitor", "dialy"), Located(group="monitor", unknown="dialy")),
        (("monitr",), Located(unknown="monitr")),
    ],
)
def test_words_are_located(words, located):
    assert locate(words) == located


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("monitor", "dialy"), ("monitor daily",)),
        (("monitr",), ("monitor",)),
        (("daily",), ("monitor daily",)),
        (("monitor", "select"), ("canary select",)),
        (("xyzzy",), ()),
        (("init",), ()),
    ],
)
def test_a_word_that_is_nearly_right_is_suggested(words, meant):
    assert suggestions(locate(words)) == meant


def test_help_lists_every_group_and_every_command_of_one_word(cli):
    shown = cli("--help").stdout
    for name in [*GROUPS, *(entry.words for entry in TABLE if not entry.group)]:
        assert f"\n  {name} " in shown
    assert "--rollout ID" in shown


@pytest.mark.parametrize("group", GROUPS)
def test_help_of_a_group_lists_its_commands(cli, group):
    shown = " ".join(cli(group, "--help").stdout.split())
    for entry in TABLE:
        if entry.group == group:
            assert f"{entry.name} {entry.summary}" in shown


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.words)
def test_help_of_every_command_ends_with_the_global_options(cli, entry):
    result = cli(*entry.words.split(), "--help")
    assert result.status == 0
    assert " ".join(result.stdout.split()).endswith(EPILOG)
    assert result.stderr == ""


def imported(*words: str, folder: Path) -> set[str]:
    """The top-level modules and cbops' own that a command line imports."""
    code = (
        "import sys, json, contextlib, io\n"
        "from cbops.cli.app import run\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):\n"
        f"    run({list(words)!r})\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("words", [("--help",), ("monitor", "--help"), ("--version",)])
def test_help_imports_no_command(cli, words):
    modules = imported(*words, folder=cli.folder)
    assert not {name for name in modules if name.startswith("cbops.cli.commands.")}
    assert not modules & {*HEAVY, "yaml"}


def test_help_of_cbops_itself_needs_no_models(cli):
    assert "pydantic" not in imported("--help", folder=cli.folder)


def test_status_imports_only_what_it_needs(cli):
    cli("init")
    modules = imported("canary", "status", folder=cli.folder)
    assert "cbops.cli.commands.canary_status" in modules
    assert not modules & HEAVY


def test_status_of_a_rollout_asks_nobody_where_no_alertmanager_is_configured(cli):
    cli("init")
    shutil.copytree(ROOT / "tests" / "data" / "journals" / "v1" / "adopted", cli.folder / "rollouts" / "one")
    assert cli("canary", "status").status == 0
    modules = imported("canary", "status", folder=cli.folder)
    assert "cbops.flows.status" in modules
    assert not modules & HEAVY


@pytest.mark.parametrize(
    ("line", "completes"),
    [("cbops mon", ["monitor"]), ("cbops canary se", ["select"]), ("cbops monitor daily --as", ["--as-of"])],
)
def test_the_shell_completes_groups_commands_and_options(cli, line, completes):
    env = {"_CBOPS_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    assert cli.process(env=env).stdout.split() == completes
