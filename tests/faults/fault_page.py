"""docs/faults.md, from the cells that are written down in tests/data/faults."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from fault_kinds import BY_NAME, KINDS
from fault_world import COMMANDS, SETTINGS, Cell, Command

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "data" / "faults"
PAGE = ROOT / "docs" / "faults.md"
INTRODUCTION = (Path(__file__).parent / "faults_introduction.md").read_text(encoding="utf-8")


def golden(command: Command) -> Path:
    return GOLDEN / f"{command.slug}.json"


def written_down(command: Command) -> list[Cell]:
    return [Cell(**cell) for cell in json.loads(golden(command).read_text(encoding="utf-8"))]


def write_down(command: Command, cells: Iterable[Cell]) -> None:
    GOLDEN.mkdir(exist_ok=True)
    lines = [json.dumps(cell.document(), ensure_ascii=False) for cell in cells]
    golden(command).write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")


def page() -> str:
    """The whole page; the same cells give the same bytes."""
    known = {command: written_down(command) for command in COMMANDS}
    total = sum(map(len, known.values()))
    parts = [
        INTRODUCTION.replace("{cells}", str(total)).replace("{commands}", str(len(COMMANDS))).rstrip(),
        "",
        _faults(),
        "## At a glance",
        "",
        "The exit statuses over all calls of a command at which the fault can begin.",
        "",
        _glance(known),
    ]
    parts += [_section(command, cells) for command, cells in known.items()]
    return "\n".join(parts).rstrip() + "\n"


def _faults() -> str:
    lines = ["| fault | what happens | has a write reached the router? |", "|---|---|---|"]
    lines += [f"| {each.name} | {each.told} | {'yes' if each.arrives else 'no'} |" for each in KINDS]
    budget = f"timeout {SETTINGS['timeout_seconds']} s, reads tried twice at most"
    return "\n".join([*lines, "", f"Settings of the matrix: {budget}.", ""])


def _glance(known: dict[Command, list[Cell]]) -> str:
    lines = ["| command | sound | " + " | ".join(BY_NAME) + " |", "|---|---|" + "---|" * len(BY_NAME)]
    for command, cells in known.items():
        found = [
            ", ".join(str(each) for each in sorted({cell.exit for cell in cells if cell.fault == name}))
            or "–"
            for name in BY_NAME
        ]
        lines.append(
            f"| [{command.name}](#{_anchor(command.name)}) | {command.works} | {' | '.join(found)} |"
        )
    return "\n".join([*lines, ""])


def _anchor(title: str) -> str:
    return "".join(each for each in title.lower().replace(" ", "-") if each.isalnum() or each in "-_")


def _section(command: Command, cells: list[Cell]) -> str:
    lines = [
        f"## {command.name}",
        "",
        f"`cbops {' '.join(command.words)}`, from: {command.begins}. Exit status when all is well: {command.works}.",
        "",
        "| fault begins at | fault | exit | error | said | live policy | on record | status, then |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [_line(cell) for cell in cells]
    return "\n".join([*lines, ""])


def _line(cell: Cell) -> str:
    code = f"`{cell.code}`" if cell.code else "–"
    then = "; ".join(each for each in (cell.flying, cell.then) if each) or "–"
    said = cell.said.replace("|", "\\|").replace("<", "&lt;") or "–"
    return (
        f"| {cell.at} | {cell.fault} | {cell.exit} | {code} | {said} | {cell.router} | "
        f"{cell.record or 'no rollout'} | {then} |"
    )
