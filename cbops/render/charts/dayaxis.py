"""The axis of days that pictures share, and how a day is named on it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from cbops.model.base import JsonObject
from cbops.render.charts.palette import WIDTH
from cbops.render.rollout_figures import DayFigures

LABEL = 46  # pixels of one


def day_axis(days: Sequence[DayFigures], *, labelled: bool = True, width: int = WIDTH) -> JsonObject:
    """By the number of the day; as many labels as there is room for. A day that isn't over is marked `…`."""
    every = -(-len(days) * LABEL // width)
    shown = [day.number for place, day in enumerate(days) if (len(days) - 1 - place) % every == 0]
    names = {
        str(day.number): [f"day {day.number}", f"{day.date:%m-%d}{'…' if day.partial else ''}"]
        for day in days
    }
    return {
        "field": "day",
        "type": "ordinal",
        "scale": {"domain": [day.number for day in days], "paddingInner": 0.2, "paddingOuter": 0.1},
        "axis": {
            "title": None,
            "values": shown,
            "labelExpr": f"({json.dumps(names)})[datum.value]",
            "labelAngle": 0,
            "labelOverlap": False,
            "labels": labelled,
            "ticks": labelled,
        },
    }


def before_and_since(days: Sequence[DayFigures]) -> str:
    """What the numbers of the days mean."""
    return (
        "days 0, -1, … are those before enabling"
        if any(day.number < 1 for day in days)
        else "days since enabling"
    )
