"""Answers of `replay …`."""

from __future__ import annotations

from cbops.model.base import Frozen
from cbops.model.forecast import Forecast


class ReplayAnswer(Frozen):
    """`rollout` null: none was taken into account. `recorded`: the forecast is on its record. `svg` is where the
    picture was written, null when none was asked for. `notes` say what was taken and what was left out.
    """

    forecast: Forecast
    rollout: str | None
    recorded: bool
    svg: str | None
    notes: tuple[str, ...] = ()
