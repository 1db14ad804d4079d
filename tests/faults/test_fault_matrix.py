"""Every command that talks to the admin API against every fault: as it is written down in tests/data/faults.

`CBOPS_UPDATE_GOLDEN=1` writes them down anew; docs/faults.md is made of them.
"""

from __future__ import annotations

import os

import pytest
from fault_page import write_down, written_down
from fault_world import COMMANDS, Cell, Command, Row, World

UPDATE = bool(os.environ.get("CBOPS_UPDATE_GOLDEN"))
SHORT = {"rollback": ("PUT, once",), "policy show": ("GET history",)}


def by_place(cells: list[Cell]) -> dict[tuple[str, str], Cell]:
    return {(cell.at, cell.fault): cell for cell in cells}


@pytest.mark.long
@pytest.mark.parametrize("command", COMMANDS, ids=[command.slug for command in COMMANDS])
def test_each_fault_ends_each_command_as_written_down(world: World, command: Command) -> None:
    found = world.cells(command)
    if UPDATE:
        write_down(command, found)
    assert by_place(found) == by_place(written_down(command))


@pytest.mark.parametrize("name", SHORT)
def test_some_of_the_cells_in_short(world: World, name: str) -> None:
    command = next(each for each in COMMANDS if each.name == name)

    def wanted(row: Row) -> bool:
        return row.title in SHORT[name]

    found = by_place(world.cells(command, wanted))
    expected = by_place(written_down(command))
    assert found
    assert found == {place: expected[place] for place in found}
