"""The tenant's error rate over time, with the circuits' states as bands and outages of the provider shaded."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace

from cbops.model.base import JsonObject, from_ms
from cbops.model.calendar import zone
from cbops.model.spans import outside, united
from cbops.render import text
from cbops.render.charts.palette import CHARACTER, GRID, INK, MIDDLE, SHADE, SIZE, STRONG, WARM, WIDTH, look
from cbops.render.charts.rate_words import rate_of, said_by
from cbops.render.charts.style import SCHEMA
from cbops.render.rollout_figures import RateStep, RolloutFigures
from cbops.render.times import Times, ticks

MAX_LANES = 4
_BINS = WIDTH // 2  # of the rate: each is at least two pixels wide
_MINUTE = 60_000
_NEAR = 120 * _MINUTE  # troubles that lie no further apart are one
# The highest rate of the axis, with the others that are named on it; a root leaves them room.
_NAMED = {
    0.01: (0.001,),
    0.05: (0.01,),
    0.1: (0.01, 0.05),
    0.25: (0.01, 0.05, 0.1),
    0.5: (0.05, 0.1, 0.25),
    1.0: (0.1, 0.25, 0.5),
}
_STATES = {"open": ("open", STRONG), "half_open": ("half-open", MIDDLE)}


def rate_spec(figures: RolloutFigures) -> JsonObject | None:
    """The whole time, and below it the time of the longest trouble as a close-up; null without any step."""
    begin, end = figures.begin, figures.end
    if begin is None or end is None or not any(step.results for step in figures.steps):
        return None
    near = close_up(figures)
    panels = [*_panels(figures, begin, end, None)]
    if near is not None:
        panels += _panels(figures, *near, _near_title(figures, *near))
    return {
        "$schema": SCHEMA,
        "title": _subtitle(figures),
        "vconcat": panels,
        "spacing": 12,
        "resolve": {"scale": {"color": "shared"}},
        "config": look(),
    }


def _subtitle(figures: RolloutFigures) -> list[str]:
    lines = [
        f"failures / (successes + failures) of all providers; times in {text.one_line(figures.timezone)}"
    ]
    if unmeasured(figures):
        lines.append("grey: not measured")
    if figures.outages:
        kinds = dict.fromkeys(said_by(shade) for shade in figures.outages)
        lines.append(f"shaded: outages of a provider ({', '.join(kinds)})")
    return lines


def close_up(figures: RolloutFigures) -> tuple[int, int] | None:
    """The time around the longest trouble since enabling (ms); null without one, or where it wouldn't be closer."""
    begin, end = figures.begin or 0, figures.end or 0
    spans = [(one.start, one.end) for one in figures.episodes]
    spans += [(one.start, one.end) for one in figures.outages]
    troubles = united((first - _NEAR // 2, last + _NEAR // 2) for first, last in spans)
    if not troubles:
        return None
    first, last = max(troubles, key=lambda span: span[1] - span[0])
    first, last = max(begin, first + _NEAR // 4), min(end, last - _NEAR // 4)
    return (first, last) if last - first < (end - begin) // 3 else None


def _near_title(figures: RolloutFigures, begin: int, end: int) -> str:
    told = text.interval(from_ms(begin), from_ms(end), zone(figures.timezone))
    return f"Close-up: {told}"


def _panels(figures: RolloutFigures, begin: int, end: int, title: str | None) -> list[JsonObject]:
    """The rate, and under it a lane for each circuit; both over (begin, end]."""
    axis = _time_axis(figures, begin, end)
    lanes = _lanes(figures)
    rate: JsonObject = {
        "width": WIDTH,
        "height": 120 if title is None else 110,
        "layer": [
            *_unmeasured(figures, begin, end, axis),
            *_shades(figures, begin, end, axis),
            *_enabled_rule(figures, begin, end, axis),
            {
                "data": {"values": _rates(figures, begin, end)},
                "mark": {"type": "rect", "color": WARM},
                "encoding": {**_x(axis, labelled=not lanes), "y": _rate_axis(figures), "y2": {"datum": 0}},
            },
        ],
    }
    if title is not None:
        rate["title"] = {
            "text": title,
            "fontSize": SIZE,
            "frame": "group",
            "offset": 6,
            "fontWeight": "normal",
        }
    return [rate, _lane_panel(figures, begin, end, axis, lanes)]


def _time_axis(figures: RolloutFigures, begin: int, end: int) -> JsonObject:
    times = Times(zone(figures.timezone), figures.timezone)
    marks = ticks(begin, end, times, WIDTH // CHARACTER)
    labels = json.dumps({str(mark.at_ms): mark.label for mark in marks})
    return {
        "scale": {"domain": [begin, end], "nice": False, "zero": False},
        "axis": {
            "values": [mark.at_ms for mark in marks],
            "labelExpr": f"({labels})[datum.value]",
            "title": None,
            "labelOverlap": False,
            "labelBound": False,
        },
    }


def _x(axis: JsonObject, *, labelled: bool) -> JsonObject:
    shown = {**axis["axis"], "labels": labelled, "ticks": labelled}
    return {"x": {"field": "from", "type": "quantitative", **axis, "axis": shown}, "x2": {"field": "to"}}


def _rate_axis(figures: RolloutFigures) -> JsonObject:
    highest = max((rate for _, _, rate in _binned(figures.steps, _BINS)), default=0.0)
    highest = max(highest, *(rate_of(step) for step in figures.steps))
    top = next(each for each in _NAMED if highest <= each)
    shown = [0, *_NAMED[top], top]
    return {
        "field": "rate",
        "type": "quantitative",
        # The root shows what is usual beside an outage.
        "scale": {"type": "sqrt", "domain": [0, top], "nice": False},
        "axis": {
            "title": "error rate",
            "format": "~%",
            "labelOverlap": False,
            "values": shown,
            "grid": True,
            "gridColor": GRID,
        },
    }


def _rates(figures: RolloutFigures, begin: int, end: int) -> list[JsonObject]:
    inside = [step for step in figures.steps if step.start < end and step.end > begin]
    return [
        {"from": max(first, begin), "to": min(last, end), "rate": round(rate, 6)}
        for first, last, rate in _binned(inside, _BINS)
        if rate
    ]


def _binned(steps: Iterable[RateStep], most: int) -> list[tuple[int, int, float]]:
    """Neighbours added up until there are at most so many; (start, end, rate), those without results aren't there."""
    known = [step for step in steps if step.results]
    if not known:
        return []
    width = -(-(known[-1].end - known[0].start) // most)
    found: list[RateStep] = []
    for step in known:
        last = found[-1] if found else None
        if last is not None and last.end == step.start and step.end - last.start <= max(width, 1):
            found[-1] = replace(
                last,
                end=step.end,
                failures=(last.failures or 0) + (step.failures or 0),
                results=(last.results or 0) + (step.results or 0),
            )
        else:
            found.append(step)
    return [(step.start, step.end, rate_of(step)) for step in found]


def unmeasured(figures: RolloutFigures) -> list[tuple[int, int]]:
    """The times between the first and the last day of which nothing is known (ms)."""
    if figures.begin is None or figures.end is None:
        return []
    known = [(step.start, step.end) for step in figures.steps if step.results is not None]
    return outside((figures.begin, figures.end), known)


def _unmeasured(figures: RolloutFigures, begin: int, end: int, axis: JsonObject) -> list[JsonObject]:
    values = [
        {"from": max(a, begin), "to": min(b, end)} for a, b in unmeasured(figures) if a < end and b > begin
    ]
    encoding = _x(axis, labelled=False)
    return [{"data": {"values": values}, "mark": {"type": "rect", "color": GRID}, "encoding": encoding}]


def _shades(figures: RolloutFigures, begin: int, end: int, axis: JsonObject) -> list[JsonObject]:
    inside = united(
        (max(s.start, begin), min(s.end, end)) for s in figures.outages if s.start < end and s.end > begin
    )
    values = [{"from": first, "to": last} for first, last in inside]
    return [
        {
            "data": {"values": values},
            "mark": {"type": "rect", "color": SHADE},
            "encoding": _x(axis, labelled=False),
        }
    ]


def _enabled_rule(figures: RolloutFigures, begin: int, end: int, axis: JsonObject) -> list[JsonObject]:
    """Where the breaker was enabled, and where it was disabled again; the words on the side that has room."""
    marks = (("enabled", figures.enabled_at), ("disabled", figures.disabled_at))
    inside = [(at, name) for name, at in marks if at is not None and begin < at < end]
    x = {"x": _x(axis, labelled=False)["x"]}
    rule = {"type": "rule", "color": INK, "strokeDash": [4, 3]}
    layers: list[JsonObject] = []
    for at, name in inside:
        data = {"values": [{"from": at, "name": name}]}
        layers.append({"data": data, "mark": rule, "encoding": x})
        right = at > begin + (end - begin) * 0.8
        side = {"align": "right", "dx": -4} if right else {"align": "left", "dx": 4}
        layers.append(
            {
                "data": data,
                "mark": {"type": "text", "color": INK, "fontSize": SIZE, "baseline": "top", **side},
                "encoding": {**x, "y": {"value": 3}, "text": {"field": "name"}},
            }
        )
    return layers


def _lanes(figures: RolloutFigures) -> list[str]:
    """The target's circuit, and others that weren't closed all the time."""
    others = sorted({band.provider for band in figures.bands} - {figures.provider})
    return [figures.provider, *others][:MAX_LANES]


def _lane_panel(
    figures: RolloutFigures, begin: int, end: int, axis: JsonObject, lanes: list[str]
) -> JsonObject:
    """Two rows a circuit, so that its state is told by place and colour: open above half-open."""
    values = [
        {
            "from": max(band.start, begin),
            "to": min(band.end, end),
            "row": 2 * lanes.index(band.provider) + (band.state == "half_open"),
            "state": _STATES[band.state][0],
        }
        for band in figures.bands
        if band.provider in lanes and band.start < end and band.end > begin
    ]
    names = [
        word if place else f"{text.shorten(lane, 9)} {word}"
        for lane in lanes
        for place, (word, _) in enumerate(_STATES.values())
    ]
    return {
        "width": WIDTH,
        "height": {"step": 18},
        "layer": [
            {
                "data": {"values": values},
                "mark": {"type": "bar", "height": 14, "minBandSize": 2},
                "encoding": {
                    **_x(axis, labelled=True),
                    "y": {
                        "field": "row",
                        "type": "ordinal",
                        "scale": {"domain": list(range(len(names)))},
                        "axis": {
                            "title": None,
                            "labelExpr": f"{json.dumps(names)}[datum.value]",
                            "labelLimit": 190,
                            "ticks": False,
                            "grid": True,
                        },
                    },
                    "color": {
                        "field": "state",
                        "type": "nominal",
                        "scale": {
                            "domain": [word for word, _ in _STATES.values()],
                            "range": [colour for _, colour in _STATES.values()],
                        },
                        "legend": None,
                    },
                },
            }
        ],
    }
