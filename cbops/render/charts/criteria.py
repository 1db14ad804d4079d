"""The criteria as a strip over the days: the last verdict of each day on which somebody judged."""

from __future__ import annotations

import json
from typing import get_args

from cbops.model.base import JsonObject
from cbops.model.verdict import CriterionId, Verdict
from cbops.render import text
from cbops.render.charts.dayaxis import day_axis
from cbops.render.charts.palette import CALM, GRID, QUIET, SIZE, STRONG, WARM, WIDTH, look
from cbops.render.charts.style import SCHEMA
from cbops.render.rollout_figures import DayFigures, JudgedLook, RolloutFigures

NAMES: dict[CriterionId, str] = {
    "unexpected_opens": "opens",
    "recovery": "recovery",
    "error_rate": "error rate",
    "latency": "latency",
    "observability": "metrics",
}
_MARKS = {
    Verdict.MET: ("circle", CALM),
    Verdict.INCONCLUSIVE: ("diamond", QUIET),
    Verdict.ERROR: ("triangle-up", STRONG),
    Verdict.MISSED: ("cross", WARM),
}


def by_day(figures: RolloutFigures) -> dict[int, JudgedLook]:
    """The last look of each day."""
    return {look.day: look for look in sorted(figures.looks, key=lambda look: look.as_of)}


def criteria_spec(figures: RolloutFigures) -> JsonObject | None:
    """A row a criterion, a column a day since enabling; null before anybody judged."""
    looks = by_day(figures)
    days = tuple(day for day in figures.days if day.number >= 1)
    known = {day.number for day in days}
    if not looks or not known & set(looks):
        return None
    rows = list(get_args(CriterionId))
    values = [
        {"day": number, "row": rows.index(criterion), "verdict": verdict.value}
        for number, judged in sorted(looks.items())
        if number in known
        for criterion, verdict in judged.verdicts.items()
    ]
    return {
        "$schema": SCHEMA,
        "title": ["the last verdict of each day; an empty place: nobody judged at that day"],
        "width": WIDTH,
        "height": {"step": 26},
        "layer": [_ground(days, rows), _marks(days, rows, values)],
        "config": look(),
    }


def _y(rows: list[CriterionId]) -> JsonObject:
    names = json.dumps([NAMES[row] for row in rows])
    return {
        "field": "row",
        "type": "ordinal",
        "scale": {"domain": list(range(len(rows)))},
        "axis": {"title": None, "labelExpr": f"{names}[datum.value]", "ticks": False, "domain": False},
    }


def _ground(days: tuple[DayFigures, ...], rows: list[CriterionId]) -> JsonObject:
    places = [{"day": day.number, "row": row} for day in days for row in range(len(rows))]
    return {
        "data": {"values": places},
        "mark": {"type": "rect", "color": GRID, "height": 22},
        "encoding": {"x": day_axis(days), "y": _y(rows)},
    }


def _marks(days: tuple[DayFigures, ...], rows: list[CriterionId], values: list[JsonObject]) -> JsonObject:
    domain = [verdict.value for verdict in _MARKS]
    legend = {"title": None, "orient": "top", "direction": "horizontal", "symbolSize": 120}
    # Of many days they are smaller, so that none covers its neighbour.
    size = min(150, int((WIDTH / len(days) * 0.8) ** 2))
    return {
        "data": {"values": values},
        "mark": {"type": "point", "filled": True, "size": size, "opacity": 1},
        "encoding": {
            "x": day_axis(days),
            "y": _y(rows),
            "shape": {
                "field": "verdict",
                "type": "nominal",
                "scale": {"domain": domain, "range": [shape for shape, _ in _MARKS.values()]},
                "legend": {**legend, "labelFontSize": SIZE},
            },
            "color": {
                "field": "verdict",
                "type": "nominal",
                "scale": {"domain": domain, "range": [colour for _, colour in _MARKS.values()]},
                "legend": legend,
            },
        },
    }


def criteria_alt(figures: RolloutFigures) -> str:
    """Each criterion with its verdicts, day by day; equal neighbours together."""
    looks = by_day(figures)
    if not looks:
        return "Criteria: not judged so far."
    told = []
    for criterion, name in NAMES.items():
        verdicts = [
            (number, looks[number].verdicts[criterion].value)
            for number in sorted(looks)
            if criterion in looks[number].verdicts
        ]
        said = ", ".join(f"{word} (day {_days(numbers)})" for word, numbers in _runs(verdicts))
        told.append(f"{name} {said}")
    return text.one_line(f"Verdicts: {'; '.join(told)}.")


def _runs(verdicts: list[tuple[int, str]]) -> list[tuple[str, list[int]]]:
    found: list[tuple[str, list[int]]] = []
    for number, word in verdicts:
        if found and found[-1][0] == word:
            found[-1][1].append(number)
        else:
            found.append((word, [number]))
    return found


def _days(numbers: list[int]) -> str:
    return str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
