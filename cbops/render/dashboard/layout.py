"""Where panels stand: from left to right, a new line where one doesn't fit, in a grid of 24 columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cbops.model.dashboard import BoardPanel

COLUMNS = 24


@dataclass(frozen=True, slots=True)
class Spot:
    """Columns and rows of the grid."""

    x: int
    y: int
    width: int
    height: int


def placed(panels: Iterable[BoardPanel]) -> Iterator[tuple[BoardPanel, Spot]]:
    """Each panel with its place; none overlap."""
    x = y = line = 0
    for panel in panels:
        if x + panel.width > COLUMNS:
            x, y, line = 0, y + line, 0
        yield panel, Spot(x, y, panel.width, panel.height)
        x += panel.width
        line = max(line, panel.height)
