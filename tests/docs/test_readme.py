"""The README is walked through as it stands, and what all documents say of commands is true."""

from __future__ import annotations

import ast
import json
import re
import shlex
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from console import ADDRESS, Block, Checked, Shell, blocks
from doctor_world import Scrapes
from prometheus_server import prometheus, until
from typer.main import get_command

from cbops.cli.settings import FLAGS, VALUES
from cbops.cli.table import TABLE, Located, locate
from cbops.cli.tree import build
from cbops.model.checklist import ITEMS
from tests.conftest import ROOT, Cli

README = ROOT / "README.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))
WALK = "Phase 1, step by step"
READY = "Before the rollout"
# Commands that are shown and not run here, and why.
NOT_RUN = {
    "make demo": "runs what tests/cli/test_demo.py plays, in an environment that make creates",
    "make test": "this test is a part of it",
    "python3 -m venv .venv": "tests/packaging/test_wheel.py installs into a clean environment",
    ".venv/bin/pip install .": "tests/packaging/test_wheel.py installs into a clean environment",
    'export PATH="$PWD/.venv/bin:$PATH"': "a matter of the reader's shell",
}
GLOBAL = {*FLAGS, *VALUES, "--version", "--help"}


def consoles(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.kind == "console"]


@pytest.mark.long
def test_the_way_through_phase_1_works_as_it_stands(cli: Cli) -> None:
    checked, shell = Checked(README), Shell(cli)
    try:
        for block in (block for block in blocks(README) if block.section == WALK):
            if block.kind == "yaml":
                shell.save(block)
            for step in block.steps if block.kind == "console" else ():
                checked.see(step, shell.type(step.command))
        assert shell.status == 0
        (router,) = shell.served
        assert "Served " in router.stop()
    finally:
        shell.stop()
        checked.rewrite()


class WithPrometheus(Shell):
    """A shell that also starts Prometheus, as the document has it, and asks the practice router with curl.

    So that nobody waits, it has hours of samples already and evaluates its rules each second.
    """

    def __init__(self, cli: Cli) -> None:
        super().__init__(cli)
        self.running = ExitStack()

    def type(self, command: str) -> str:
        words = shlex.split(command.replace(ADDRESS, self.address))
        if words[0] == "curl":
            name, _, value = words[words.index("-H") + 1].partition(": ")
            body = json.loads(words[words.index("--json") + 1])
            return httpx.post(words[-1], json=body, headers={name: value}).text + "\n"
        if words[0] == "prometheus":
            self._prometheus()
            return ""
        return super().type(command)

    def _prometheus(self) -> None:
        folder = self.cli.folder
        rules = folder / "rules.yml"
        rules.write_text(
            rules.read_text(encoding="utf-8").replace("interval: 30s", "interval: 1s"), encoding="utf-8"
        )
        data = Scrapes().write(folder / "data")
        configured = (folder / "prometheus.yml").read_text(encoding="utf-8")
        url = self.running.enter_context(prometheus(data, configured))
        config = folder / "cbops.yaml"
        config.write_text(
            config.read_text(encoding="utf-8").replace("http://127.0.0.1:9090", url), encoding="utf-8"
        )
        until(lambda: evaluated(url), "an evaluation of the rules")


def evaluated(url: str) -> bool:
    listed = httpx.get(f"{url}/api/v1/rules", timeout=10).json()["data"]["groups"]
    every = [rule for group in listed for rule in group["rules"]]
    return bool(every) and not any(rule["lastEvaluation"].startswith("0001") for rule in every)


@pytest.mark.long
@pytest.mark.needs("prometheus")
@pytest.mark.needs("promtool")
def test_a_fresh_checklist_goes_from_unknown_to_verified_as_it_stands(cli: Cli) -> None:
    checked, shell = Checked(README), WithPrometheus(cli)
    tenants = next(b for b in blocks(README) if b.kind == "yaml" and b.lines[0] == "# tenants.yaml")
    try:
        shell.save(tenants)
        for block in (block for block in blocks(README) if block.section == READY):
            if block.kind == "yaml":
                shell.save(block)
            for step in block.steps if block.kind == "console" else ():
                checked.see(step, shell.type(step.command))
        assert shell.status == 0
        items = cli.json("checklist", "show").data["items"]
        states = {item["item"]: item["state"] for item in items}
        assert states == {
            **dict.fromkeys(ITEMS, "verified"),
            **dict.fromkeys(("load_tests", "rollback_understood", "team_trained"), "attested"),
        }
        assert all(item["finding"] for item in items if item["item"] not in ("load_tests", "team_trained"))
    finally:
        shell.running.close()
        shell.stop()
        checked.rewrite()


def test_every_command_of_the_readme_is_run_or_excused() -> None:
    run = (WALK, READY)
    shown = {step.command for block in consoles(README) if block.section not in run for step in block.steps}
    assert shown == set(NOT_RUN)


def test_only_pages_whose_examples_are_run_have_examples() -> None:
    assert {page.name for page in PAGES if consoles(page)} == {"README.md", "commands.md"}


def test_every_target_of_make_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        target
        for page in PAGES
        for target in re.findall(r"(?:`|    |\$ )make ([a-z]+)", page.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= targets


MENTIONED = sorted(
    {
        (page.name, " ".join(text.split()))
        for page in PAGES
        for text in re.findall(r"`(cbops(?: [^`]+)?)`", page.read_text(encoding="utf-8"))
    }
)


@pytest.mark.parametrize(("page", "text"), MENTIONED, ids=lambda value: value)
def test_every_command_and_option_that_is_mentioned_exists(page: str, text: str) -> None:
    words = [word.strip("…[]") for word in text.split()[1:]]
    located = locate(tuple(words))
    assert located.unknown is None, f"{page}: there is no '{text}'"
    known = GLOBAL | (options(located) if located.entry else set())
    used = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert used <= known, f"{page}: '{text}' has no {used - known}"


def options(located: Located) -> set[str]:
    """The options of the command that was located."""
    assert located.entry is not None
    found: object = get_command(build(located))
    for word in located.entry.words.split():
        found = getattr(found, "commands", {}).get(word, found)
    return {name for parameter in getattr(found, "params", ()) for name in parameter.opts}


def told(path: Path) -> set[str]:
    """What the texts of a module call by `cbops <group or command> …`, up to the end of the phrase."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    texts += [
        "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
    ]
    first = "|".join({entry.words.split()[0] for entry in TABLE})
    return {
        found for text in texts for found in re.findall(rf"\bcbops ((?:{first})\b[^.;:,()'\"`\n]*)", text)
    }


@pytest.mark.parametrize(
    "folder", ["cli", "clients", "flows", "judge", "journal", "render", "rollout", "simulator"]
)
def test_every_hint_names_a_command_that_there_is(folder: str) -> None:
    for path in (ROOT / "cbops" / folder).rglob("*.py"):
        for text in told(path):
            words = text.split()
            located = locate(tuple(words))
            assert located.unknown is None, f"{path.name}: there is no 'cbops {text}'"
            if located.entry:
                used = {word for word in words if word.startswith("--")}
                assert used <= GLOBAL | options(located), f"{path.name}: 'cbops {text}'"
