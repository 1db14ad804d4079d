"""Events per day: all of them stacked, those that were no success on a scale of their own, and the numbers."""

from __future__ import annotations

from cbops.model.base import JsonObject
from cbops.render import text
from cbops.render.charts.dayaxis import before_and_since, day_axis
from cbops.render.charts.palette import GRID, INK, PALE, SIZE, STRONG, WARM, WIDTH, look
from cbops.render.charts.style import SCHEMA
from cbops.render.rollout_figures import DayFigures, RolloutFigures

_KINDS = {"success": PALE, "failure": WARM, "fail_fast": STRONG}
_FEW, _MANY = 11, 14  # days whose numbers have room, in letters of usual and of small size
_TOLD = 14  # days that a text alternative names one by one


def events_spec(figures: RolloutFigures) -> JsonObject | None:
    """Null where no day has a known event."""
    days = figures.days
    if not any(count for day in days for count in _counts(day).values()):
        return None
    panels = [
        _stack(days, tuple(_KINDS), "events", 150),
        _stack(days, ("failure", "fail_fast"), "no success", 90),
    ]
    if len(days) <= _MANY:
        panels.append(_numbers(days, SIZE - 1 if len(days) <= _FEW else SIZE - 3))
    return {
        "$schema": SCHEMA,
        "title": [
            f"counted by the breaker, all providers; {before_and_since(days)}",
            "below: failures and fail_fast on a scale of their own; ? and – are unknown",
        ],
        "vconcat": panels,
        "spacing": 10,
        "resolve": {"scale": {"color": "shared", "x": "shared"}},
        "config": look(),
    }


def _counts(day: DayFigures) -> dict[str, int | None]:
    return {"success": day.success, "failure": day.failure, "fail_fast": day.fail_fast}


def _stack(days: tuple[DayFigures, ...], kinds: tuple[str, ...], title: str, height: int) -> JsonObject:
    values = [
        {"day": day.number, "kind": kind, "count": _counts(day)[kind], "place": list(_KINDS).index(kind)}
        for day in days
        for kind in kinds
        if _counts(day)[kind]
    ]
    last = title == "no success"
    unknown = [
        {"day": day.number, "said": "?"} for day in days if None in [_counts(day)[kind] for kind in kinds]
    ]
    question = {"type": "text", "color": INK, "fontSize": SIZE, "baseline": "bottom"}
    bars: JsonObject = {
        "data": {"values": values},
        "mark": {"type": "bar"},
        "encoding": {
            "x": day_axis(days, labelled=last),
            "y": {
                "field": "count",
                "type": "quantitative",
                "stack": "zero",
                "axis": {
                    "title": title,
                    "grid": True,
                    "gridColor": GRID,
                    "format": ",d",
                    "tickCount": height // 30,
                },
            },
            "order": {"field": "place"},
            "color": {
                "field": "kind",
                "type": "nominal",
                "scale": {"domain": list(_KINDS), "range": list(_KINDS.values())},
                "legend": {"title": None, "orient": "top", "direction": "horizontal", "symbolType": "square"},
            },
        },
    }
    place = {"x": day_axis(days, labelled=last), "y": {"value": height - 3}, "text": {"field": "said"}}
    layers = [
        bars,
        *([{"data": {"values": unknown}, "mark": question, "encoding": place}] if unknown else []),
    ]
    return {"width": WIDTH, "height": height, "layer": layers}


def _numbers(days: tuple[DayFigures, ...], size: int) -> JsonObject:
    values = [
        {
            "day": day.number,
            "kind": kind,
            "said": "–" if count is None else _short(count, 1_000_000 if size > SIZE - 3 else 100_000),
        }
        for day in days
        for kind, count in _counts(day).items()
    ]
    axis = day_axis(days, labelled=False)
    return {
        "width": WIDTH,
        "height": {"step": SIZE + 4},
        "view": {"stroke": None},
        "data": {"values": values},
        "mark": {"type": "text", "color": INK, "fontSize": size},
        "encoding": {
            "x": {**axis, "axis": None},
            "y": {
                "field": "kind",
                "type": "nominal",
                "sort": list(_KINDS),
                "axis": {"title": None, "domain": False, "ticks": False},
            },
            "text": {"field": "said"},
        },
    }


def _short(count: int, least: int) -> str:
    """At most seven characters; from `least` on in thousands or millions."""
    if count < least:
        return text.number(count)
    return f"{count / 1_000_000:.1f} M" if count >= 999_500 else f"{count / 1000:.0f} k"


def events_alt(figures: RolloutFigures) -> str:
    """Every day's numbers; of many days, the last ones."""
    told = [
        f"day {day.number} ({day.date.isoformat()}) "
        + " / ".join(text.number(count) for count in _counts(day).values())
        for day in figures.days[-_TOLD:]
    ]
    earlier = len(figures.days) - len(told)
    left = f" ({text.counted(earlier, 'earlier day')} not told here)" if earlier else ""
    return f"Events per day, success / failure / fail_fast: {'; '.join(told) or 'none'}{left}."
