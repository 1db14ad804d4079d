"""The shell's completion: what is offered, and that real shells take it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import CBOPS, Terminal, opened

from cbops.cli.completing import Names
from cbops.cli.table import TABLE
from tests.conftest import ROOT, Cli

LONG = "tenant-with-a-name-" + "x" * 100
TENANTS = f"""\
tenants:
  - {{id: tenant_canary, policies: [canary_policy]}}
  - {{id: tenant_b, policies: [default, "two words"]}}
  - {{id: {LONG}, policies: [default]}}
"""


def world(folder: Path) -> Path:
    """A work folder with tenants, a rollout and a ticket."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "cbops.yaml").write_text("version: 1\n", encoding="utf-8")
    (folder / "tenants.yaml").write_text(TENANTS, encoding="utf-8")
    example = next((ROOT / "rollouts").glob("*/journal.jsonl")).parent
    target = folder / "rollouts" / example.name
    target.mkdir(parents=True)
    shutil.copy(example / "journal.jsonl", target)
    (target / "tickets").mkdir()
    (target / "tickets" / "CB-OPS-001.md").write_text("", encoding="utf-8")
    return folder


@pytest.fixture
def offered(cli: Cli):
    """What is offered for a line, its last word unfinished."""
    world(cli.folder)

    def complete(line: str) -> list[str]:
        env = {"_CBOPS_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
        result = cli(env=env)
        assert (result.status, result.stderr) == (0, "")
        return result.stdout.split()

    return complete


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("cbops mon", ["monitor"]),
        ("cbops canary sel", ["select"]),
        ("cbops canary status --wa", ["--watch"]),
        ("cbops canary status --ver", ["--verbose"]),
        ("cbops canary select ", ["tenant_canary", "tenant_b", LONG]),
        ("cbops canary select tenant_c", ["tenant_canary"]),
        ("cbops canary select tenant_b --policy ", ["default"]),
        ("cbops canary select tenant_b --policy default --provider ", ["openai"]),
        ("cbops --rollout ", ["phase1-tenant_canary-20250127"]),
        ("cbops canary status --rollout ph", ["phase1-tenant_canary-20250127"]),
        ("cbops --format ", ["text", "json"]),
        ("cbops canary status --format j", ["json"]),
        ("cbops checklist mark da", ["dashboards"]),
        ("cbops ticket show ", ["CB-OPS-001"]),
        ("cbops demo --scenario so", ["sound"]),
        ("cbops rollback --tenant tenant_c", ["tenant_canary"]),
        ("cbops canary select nobody", []),
    ],
)
def test_names_are_offered(offered, line, names):
    assert offered(line) == names


@pytest.mark.parametrize(
    "spoil",
    [
        lambda folder: (folder / "tenants.yaml").write_text("tenants: [", encoding="utf-8"),
        lambda folder: (folder / "tenants.yaml").write_bytes(b"\xff\xfe\x00"),
        lambda folder: (folder / "tenants.yaml").write_text("tenants: {a: 1}", encoding="utf-8"),
        lambda folder: (folder / "tenants.yaml").unlink(),
        lambda folder: (folder / "cbops.yaml").write_text("{", encoding="utf-8"),
        lambda folder: (folder / "cbops.yaml").unlink(),
        lambda folder: next(folder.glob("rollouts/*/journal.jsonl")).write_text("nonsense"),
        lambda folder: shutil.rmtree(folder / "rollouts"),
    ],
)
@pytest.mark.parametrize("line", ["cbops canary select ", "cbops --rollout ", "cbops ticket show "])
def test_what_cannot_be_read_offers_nothing_and_says_nothing(offered, cli, spoil, line):
    spoil(cli.folder)
    offered(line)


@pytest.mark.parametrize("entry", TABLE, ids=lambda entry: entry.words)
def test_every_command_completes_its_options(offered, entry):
    assert "--rollout" in offered(f"cbops {entry.words} --")


def test_policies_are_of_the_tenant_on_the_line(tmp_path):
    config = world(tmp_path) / "cbops.yaml"
    assert set(Names(config).of("policies")) == {"canary_policy", "default", "two words"}
    assert set(Names(config, ("tenant_b",)).of("policies")) == {"default", "two words"}


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    home = tmp_path_factory.mktemp("shells")
    (home / "bin").mkdir()
    (home / "bin" / "cbops").write_text(f'#!/bin/sh\nexec {CBOPS} "$@"\n', encoding="utf-8")
    (home / "bin" / "cbops").chmod(0o755)
    with opened(world(home / "work"), home) as made:
        yield made


SHELLS = {
    "bash": ("bash --norc --noprofile", 'eval "$(_CBOPS_COMPLETE=source_bash cbops)"'),
    "zsh": ("zsh -f", 'autoload -U compinit; compinit -D; eval "$(_CBOPS_COMPLETE=source_zsh cbops)"'),
    "fish": (
        "fish --no-config",
        "_CBOPS_COMPLETE=source_fish cbops | source; function fish_prompt; echo '> '; end",
    ),
}


@pytest.mark.long
@pytest.mark.needs("tmux")
@pytest.mark.parametrize("shell", [pytest.param(each, marks=pytest.mark.needs(each)) for each in SHELLS])
def test_a_real_shell_completes(terminal, shell):
    start, load = SHELLS[shell]
    terminal.fresh()
    terminal.type(f"PATH=$HOME/bin:$PATH PS1='> ' exec {start}")
    terminal.type(f"{load}; echo loaded")
    terminal.waits(lambda text: "\nloaded" in text, "the shell")
    for typed, whole in (
        ("cbops moni", "cbops monitor"),
        ("cbops canary stat", "cbops canary status"),
        ("cbops canary select tenant_c", "cbops canary select tenant_canary"),
        ("cbops canary status --rollout ph", "cbops canary status --rollout phase1-tenant_canary-20250127"),
        ("cbops checklist mark dashb", "cbops checklist mark dashboards"),
    ):
        terminal.waits(lambda text: text.endswith("\n>"), "a prompt")
        terminal.tmux("send-keys", "-l", typed)
        terminal.key("Tab")
        terminal.waits(lambda text, whole=whole: whole in " ".join(text.split("\n")[-3:]), whole)
        terminal.key("C-c")
