"""Command lines made at random of every command's own options, in a work folder whose servers don't answer."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import typer
from typer.main import get_command

from cbops.cli.table import TABLE, Entry
from cbops.cli.tree import command_of

DATA = Path(__file__).parents[1] / "data"
# They serve, watch or play until they are told to end, or write a work folder of their own.
ENDLESS = frozenset(("sim serve", "demo", "monitor watch", "monitor scrape"))
WORDS = (
    "", " ", "t", "tenant_canary", "canary_policy", "openai", "../../outside", "/etc/passwd", "a/b", "..", ".", "-", "--", "-1", "0", "1", "7",
    "99999999999999999999", "1e999", "nan", "NaN", "inf", "-0.5", "0.5", "2025-01-27", "2025-01-27T09:00:00Z", "0001-01-01", "9999-12-31",
    "9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+23:00", "1970-01-01", "2025-02-30", "3d", "-3d", "999999999d", "\x1b[2J\x1b]0;x\x07", "\u202eabc",
    "a\nb", "a\x00b"[:1], "{{7*7}}", "<script>", "[x](javascript:1)", "| a | b |", "x" * 5_000, "ü☃", "\ud800", "all", "auto", "met", "well", "expected",
    "proceed", "policy", "tenant", "global", "router", "json", "text", "key=value", "=", "a=b=c", "*", "**/*", "cbops.yaml", "rollouts", "none.json", "S01", "1", "%s%n", "$(id)", "`id`",
)  # fmt: skip
# Where a path is for the person to choose, it may be anywhere; here it stays where nothing is harmed.
CHOSEN = frozenset(("--out", "--svg", "--write", "--textfile", "--new-key"))
ELSEWHERE = frozenset(("../../outside", "/etc/passwd", ".."))
HERE = tuple(word for word in WORDS if word not in ELSEWHERE)

CONFIG = """\
version: 1
router: {admin_url: "http://127.0.0.1:9", timeout_seconds: 1, retries: {attempts: 1}}
metrics: {url: "http://127.0.0.1:9", timeout_seconds: 1, retries: {attempts: 1}}
alerts: {alertmanager_url: "http://127.0.0.1:9", timeout_seconds: 1, retries: {attempts: 1}}
"""


def work_folder(folder: Path) -> None:
    """With one rollout that is being watched."""
    folder.mkdir()
    (folder / "cbops.yaml").write_text(CONFIG, encoding="utf-8")
    (folder / "tenants.yaml").write_text(
        "tenants: [{id: tenant_canary, policies: [canary_policy]}]\n", encoding="utf-8"
    )
    shutil.copytree(DATA / "journals" / "v1" / "adopted", folder / "rollouts" / "one")


def lines(count: int, seed: int) -> Iterator[list[str]]:
    """So many command lines, every command in turn."""
    rng = random.Random(seed)
    entries = [entry for entry in TABLE if entry.words not in ENDLESS]
    options = {entry.words: _options(entry) for entry in entries}
    for number in range(count):
        entry = entries[number % len(entries)]
        chosen = CHOSEN | {""} if entry.words == "init" else CHOSEN
        yield [*_globals(rng), *entry.words.split(), *_words(options[entry.words], rng, chosen)]


def _options(entry: Entry) -> list[tuple[str, bool]]:
    """(the option or "" for an argument, whether it takes a value)."""
    app = typer.Typer(add_completion=False)
    app.command(entry.name)(command_of(entry))
    found = []
    for parameter in get_command(app).params:
        name = parameter.opts[0] if parameter.param_type_name == "option" else ""
        if name not in ("--help", "--watch"):  # watching is endless
            found.append((name, not getattr(parameter, "is_flag", False)))
    return found


def _words(options: list[tuple[str, bool]], rng: random.Random, chosen: frozenset[str]) -> list[str]:
    """`chosen`: the options whose value is a path of the person's choice."""
    made: list[str] = []
    for name, valued in options:
        if name and rng.random() < 0.5:
            continue
        if name:
            made.append(name)
        if valued:
            made.append(rng.choice(HERE if name in chosen else WORDS))
    if rng.random() < 0.3:
        made.append("--yes")
    if rng.random() < 0.1:
        made.append(rng.choice(HERE if "" in chosen else WORDS))
    return made


def _globals(rng: random.Random) -> list[str]:
    """Before the command, where no `--` hides them."""
    return [*rng.choice(([], ["--format", "json"])), *rng.choice(([], [], ["--verbose"]))]
