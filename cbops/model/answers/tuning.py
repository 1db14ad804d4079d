"""The answer of `replay tune`."""

from __future__ import annotations

from cbops.model.base import Frozen
from cbops.model.tuning import Tuning


class TuneAnswer(Frozen):
    """`rollout` null: none was taken into account. `recorded`: the search is on its record. `written` is the file
    with the recommended block and `svg` the picture, null when there is none. `notes` say what was taken.
    """

    tuning: Tuning
    rollout: str | None
    recorded: bool
    written: str | None
    svg: str | None
    notes: tuple[str, ...] = ()
