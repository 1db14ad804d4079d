"""The screens that stay in place, in a real terminal."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from terminal import CBOPS, Terminal, opened

from tests.conftest import ROOT

pytestmark = [pytest.mark.needs("tmux"), pytest.mark.long]

STATUS = f"{CBOPS} canary status --watch --interval 0.2s"
GUARD = f"{CBOPS} monitor watch --every 0.5s"
NOW = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC")

WIDE = """\
phase1-tenant_canary-20250127: decided: proceed; next: cbops report log
  canary     canary_policy of tenant_canary (openai)
  owner      platform, told
  checklist  complete
  enabled    2025-01-27 09:00 UTC
  collected  7 days: 1-7
  evaluated  proceed, as of 2025-02-03 00:00 UTC
  decided    proceed by Demo Operator

NOW; every 0.2 s; Ctrl-C ends"""

NARROW = """\
phase1-tenant_canary-20250127: decided:
proceed; next: cbops report log
  canary     canary_policy of
tenant_canary (openai)
  owner      platform, told
  checklist  complete
  enabled    2025-01-27 09:00 UTC
  collected  7 days: 1-7
  evaluated  proceed, as of 2025-02-03
00:00 UTC
  decided    proceed by Demo Operator

NOW; every 0.2 s;
Ctrl-C ends"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`decided` and `enabled`: two work folders."""
    made = tmp_path_factory.mktemp("screens")
    for name, config in (("decided", ""), ("enabled", "metrics: {source: embedded}\n")):
        (made / name / "rollouts").mkdir(parents=True)
        (made / name / "cbops.yaml").write_text("version: 1\n" + config, encoding="utf-8")
        (made / name / "tenants.yaml").write_text("tenants: []\n", encoding="utf-8")
    example = next((ROOT / "rollouts").glob("*/journal.jsonl")).parent
    shutil.copytree(example, made / "decided" / "rollouts" / example.name)
    adopted = ROOT / "tests" / "data" / "journals" / "v1" / "adopted"
    shutil.copytree(adopted, made / "enabled" / "rollouts" / "tenant-a")
    return made


@pytest.fixture(scope="module")
def server(folders: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    with opened(folders, tmp_path_factory.mktemp("tmux")) as made:
        yield made


@pytest.fixture
def terminal(server: Terminal) -> Terminal:
    server.fresh()
    return server


def shown(text: str) -> str:
    return NOW.sub("NOW", text)


def running(terminal: Terminal, line: str, sign: str) -> str:
    """What is to be seen once the screen of that command stands."""
    terminal.type(line)
    return terminal.waits(lambda text: sign in text and terminal.state() == (False, True), sign)


def ended(terminal: Terminal, sign: str) -> str:
    """What is to be seen once the prompt is back, which must be on the first screen with its cursor."""
    text = terminal.waits(lambda text: text.endswith("\n$") and sign in text, "the prompt")
    assert terminal.state() == (True, False)
    return text


def test_status_stays_in_place_follows_the_size_and_leaves_the_terminal_as_it_was(terminal):
    terminal.type("cd decided; echo before")
    assert shown(running(terminal, STATUS, "Ctrl-C ends")) == WIDE
    terminal.resize(40, 24)
    terminal.waits(lambda text: shown(text) == NARROW, "the narrow screen")
    terminal.resize(80, 24)
    terminal.waits(lambda text: shown(text) == WIDE, "the wide screen again")
    terminal.key("C-c")
    ended(terminal, "next: cbops report log\n")
    terminal.type("echo status $?")
    text = terminal.waits(lambda text: "\nstatus 130\n" in text, "the exit status")
    assert "\nbefore\n" in text
    assert text.count("phase1-") == 1  # the last answer, and nothing of the screens


def test_status_shows_what_changed_since(terminal, folders, cli):
    terminal.type("cd enabled")
    assert "  owner      Maya Ö. 🦊, not told" in running(terminal, STATUS, "Ctrl-C ends")
    cli.folder = folders / "enabled"
    assert cli("canary", "notify", "--how", "mail").status == 0
    terminal.waits(lambda text: "  owner      Maya Ö. 🦊, told" in text, "the news")


@pytest.mark.parametrize(
    ("line", "sign"), [(STATUS, "Ctrl-C ends"), (GUARD, "NO DATA")], ids=["status", "guard"]
)
def test_sigterm_gives_the_terminal_back(terminal, line, sign):
    terminal.type("cd enabled")
    running(terminal, f"(exec {line})", sign)
    terminal.tmux("run-shell", "kill -TERM $(pgrep -P #{pane_pid})")
    ended(terminal, "next: ")


def test_a_failure_gives_the_terminal_back(terminal, folders):
    terminal.type("cd enabled")
    running(terminal, STATUS, "Ctrl-C ends")
    journal = folders / "enabled" / "rollouts" / "tenant-a" / "journal.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(b"nonsense\n" + whole)
    try:
        assert "error:" in ended(terminal, "hint:")
    finally:
        journal.write_bytes(whole)


def test_a_terminal_that_cannot_draw_over_itself_gets_lines(terminal):
    terminal.resize(80, 60)
    terminal.type("cd decided")
    terminal.type(f"TERM=dumb {STATUS} --for 0.3s | cat; echo; TERM=dumb {STATUS} --for 0.3s")
    text = ended(terminal, "next: cbops report log\n$")
    assert text.count("Z phase1-tenant_canary-20250127: decided: proceed;") == 2
    assert "Ctrl-C ends" not in text


def test_colour_is_only_where_it_is_wanted(terminal):
    terminal.type("cd decided")
    assert "\x1b[1m" in running(terminal, STATUS, "Ctrl-C ends") or "\x1b[1m" in terminal.screen("-e")
    terminal.key("C-c")
    ended(terminal, "next: ")
    terminal.type("clear")
    running(terminal, f"NO_COLOR=1 {STATUS}", "Ctrl-C ends")
    assert "\x1b[" not in terminal.screen("-e")


def test_a_terminal_with_few_characters_is_given_their_likeness(terminal):
    terminal.type("cd enabled; export PYTHONIOENCODING=ascii")
    assert "  owner      Maya ?. ?, " in running(terminal, STATUS, "Ctrl-C ends")
