"""docs/commands.md: every command with its real help, examples that are run, its data and its exit statuses."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from console import UPDATING, Block, Checked, Shell, Step, blocks, matches, renewed
from practice import Stages

from cbops import errors
from cbops.cli.demo_files import prepare
from cbops.cli.examples import EXAMPLES as EXAMPLES_OF_HELP
from cbops.cli.examples import folded
from cbops.cli.schemas import file_name
from cbops.cli.table import TABLE, Entry
from cbops.simulator.scenarios import SOUND
from tests.conftest import ROOT, Cli

PAGE = ROOT / "docs" / "commands.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = blocks(PAGE)
EXAMPLES = [block for block in BLOCKS if block.kind == "console"]
HELPS = {block.section: block for block in BLOCKS if block.kind == "text"}
# The one block that is not run as it stands: a demo takes long, and tests/cli/test_demo.py plays it.
DEMO = "demo"
STATUSES = {0, 1, 2, 3, 4, 5, 6, 7, 10, 20, 130}

every_command = pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.words)


def section(entry: Entry) -> str:
    """The text of a command's section."""
    found = re.search(rf"^### `cbops {entry.words}`\n(.*?)(?=^##|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, f"docs/commands.md has no section about cbops {entry.words}"
    return found[1]


def fields(schema: dict[str, object]) -> set[str]:
    """The names at the top of a schema, or of each of several."""
    several, definitions = schema.get("anyOf"), schema.get("$defs")
    if isinstance(several, list) and isinstance(definitions, dict):
        return {name for one in several for name in fields(definitions[one["$ref"].rpartition("/")[2]])}
    properties = schema["properties"]
    assert isinstance(properties, dict)
    return set(properties)


@pytest.fixture(scope="module")
def checked() -> Iterator[Checked]:
    """What the examples printed; with CBOPS_UPDATE_GOLDEN=1 it is put into the page in the end."""
    made = Checked(PAGE)
    yield made
    made.rewrite()


def test_every_command_has_its_section_in_the_order_of_the_table() -> None:
    assert re.findall(r"^### `cbops ([a-z ]+)`$", TEXT, re.MULTILINE) == [entry.words for entry in TABLE]


@every_command
def test_the_section_begins_with_the_line_of_help(entry: Entry) -> None:
    assert section(entry).strip().startswith(entry.summary + "\n")


@every_command
@pytest.mark.parametrize("columns", ["80", "100"])
def test_the_help_is_the_real_one(entry: Entry, columns: str, cli: Cli, checked: Checked) -> None:
    block = HELPS[entry.words]
    printed = cli(*entry.words.split(), "--help", env={"COLUMNS": columns}).stdout
    if UPDATING:
        if columns == "80" and printed.splitlines() != list(block.lines):
            checked.wrong.append((Step("--help", block.lines, block.at), printed))
        return
    assert printed == "\n".join(block.lines) + "\n"


@pytest.mark.parametrize(
    "block",
    [block for block in EXAMPLES if block.section != DEMO],
    ids=lambda block: f"{block.section}:{block.at}",
)
def test_the_example_prints_what_the_page_shows(
    block: Block, stages: Stages, tmp_path: Path, checked: Checked
) -> None:
    assert block.stage in Stages.NAMES, f"{PAGE.name}:{block.at}: which stage does it start from?"
    with stages.at(block.stage, tmp_path) as shell:
        try:
            for step in block.steps:
                checked.see(step, shell.type(step.command))
            assert shell.status == 0, f"{PAGE.name}:{block.at}: the exit status {shell.status} is not shown"
        finally:
            shell.stop()


def test_the_example_of_the_demo_shows_what_the_committed_one_holds(cli: Cli, checked: Checked) -> None:
    """Beginning and end of its answer, and then the commands in a folder such as it leaves."""
    (block,) = [block for block in EXAMPLES if block.section == DEMO]
    demo, *then = block.steps
    assert demo.command == "cbops demo --dir played"
    assert demo.output[0] == f"Phase 1 played through ({SOUND.title}): proceed."
    assert demo.output[1] == "…"
    prepare(cli.folder / "played", SOUND.tenants_file())
    shutil.copytree(ROOT / "rollouts", cli.folder / "played" / "rollouts", dirs_exist_ok=True)
    shell = Shell(cli)
    for step in then:
        checked.see(step, shell.type(step.command))


@every_command
def test_every_command_is_in_an_example_of_its_own(entry: Entry) -> None:
    steps = [step.command for block in EXAMPLES if block.section == entry.words for step in block.steps]
    assert any(command.startswith(f"cbops {entry.words}") for command in steps)


@every_command
def test_the_help_ends_with_examples_that_this_page_runs(entry: Entry) -> None:
    """Another command's are a line in cbops/cli/examples.py."""
    steps = [step.command for block in EXAMPLES if block.section == entry.words for step in block.steps]
    assert EXAMPLES_OF_HELP.get(entry.words, ())
    assert set(EXAMPLES_OF_HELP[entry.words]) <= set(steps)


def test_a_long_example_goes_on_before_an_option_as_a_shell_takes_it() -> None:
    for example in (each for several in EXAMPLES_OF_HELP.values() for each in several):
        lines = folded(example)
        assert all(len(line) <= 76 for line in lines)
        assert shlex.split(" ".join(line.removesuffix(" \\") for line in lines)) == shlex.split(example)


@every_command
def test_the_section_names_every_field_of_the_data(entry: Entry) -> None:
    path = f"schemas/{file_name(entry.words)}"
    text = section(entry)
    assert f"`data` ([schema]({path}))" in text
    listed = re.search(r"^Fields: (.*?)\.$", text, re.MULTILINE | re.DOTALL)
    assert listed
    schema = json.loads((PAGE.parent / path).read_text(encoding="utf-8"))
    assert set(re.findall(r"`(\w+)`", listed[1])) == fields(schema)


@every_command
def test_the_section_names_exit_statuses_that_there_are(entry: Entry) -> None:
    listed = [int(status) for status in re.findall(r"^\| (\d+) \| \S", section(entry), re.MULTILINE)]
    assert 0 in listed
    assert set(listed) <= STATUSES
    assert listed == sorted(set(listed))


def test_every_error_code_stands_beside_its_exit_status() -> None:
    classes = [errors.CbopsError]
    for each in classes:
        classes += each.__subclasses__()
    real = {each.code: each.exit_status for each in classes} | {"bug": 1}
    abstract = {errors.CbopsError.code, errors.AdminError.code, errors.MetricsError.code}
    table = TEXT.split("### Exit statuses\n")[1].split("\n### ")[0]
    rows = re.findall(r"^\| (\d+) \| .* \| (.*?) ?\|$", table, re.MULTILINE)
    assert {int(status) for status, _ in rows} == STATUSES
    listed = {code: int(status) for status, codes in rows for code in re.findall(r"`([a-z-]+)`", codes)}
    assert listed == {code: status for code, status in real.items() if code not in abstract}


def test_what_is_shown_must_be_what_is_printed() -> None:
    assert matches(("a … c", "…", "end"), "a b c\nx\ny\nend\n")
    assert matches(("…", "end"), "end\n")
    assert not matches(("a",), "a\nb\n")
    assert not matches(("a …",), "b\n")
    assert not matches(("a …c",), "a\nc\n")
    assert not matches((), "a\n")


def test_an_update_keeps_what_still_holds() -> None:
    printed = "one 1\ntwo 2\nthree 3\nfour 4\n"
    assert renewed(("one …", "…", "four …"), printed) == ["one …", "…", "four …"]
    assert renewed(("one …", "two 0", "three …"), printed) == ["one …", "two 2", "three …", "four 4"]
    assert renewed(("one …", "…"), printed) == ["one …", "…"]
    assert renewed((), printed) == printed.splitlines()


def test_a_line_that_nobody_runs_is_an_error(cli: Cli) -> None:
    with pytest.raises(KeyError):
        Shell(cli).type("rm -rf /")


def test_a_failure_that_is_not_shown_is_an_error(cli: Cli) -> None:
    shell = Shell(cli)
    shell.type("cbops canary status")
    with pytest.raises(AssertionError, match="exit status 3"):
        shell.type("cbops --version")
