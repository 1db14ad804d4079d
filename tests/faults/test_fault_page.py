"""docs/faults.md says what is written down, and what is written down is complete."""

from __future__ import annotations

import os

import pytest
from fault_kinds import BY_NAME
from fault_page import GOLDEN, PAGE, golden, page, written_down
from fault_world import COMMANDS, Command


def test_the_page_is_made_of_the_cells() -> None:
    if os.environ.get("CBOPS_UPDATE_GOLDEN"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page(), "CBOPS_UPDATE_GOLDEN=1 pytest tests/faults"


@pytest.mark.parametrize("command", COMMANDS, ids=[command.slug for command in COMMANDS])
def test_every_cell_is_written_down_once_and_none_is_a_bug(command: Command) -> None:
    cells = written_down(command)
    wanted = {
        (row.title, kind.name)
        for row in command.rows
        for kind in BY_NAME.values()
        if row.call in kind.calls and not (row.once and kind.harm is None)
    }
    assert {(cell.at, cell.fault) for cell in cells} == wanted
    assert len(cells) == len(wanted)
    assert all(cell.exit in (0, 4, 6, 7, 10, 20) for cell in cells)
    assert all((cell.code is not None) == (cell.exit in (4, 6, 7)) for cell in cells)


def test_nothing_else_lies_there() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == {golden(command).name for command in COMMANDS}
