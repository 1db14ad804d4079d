"""A replay as a picture: requests and error rate over time, each policy's states as bands, outages shaded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import groupby
from typing import TypeVar

from cbops.errors import InputError
from cbops.model.base import JsonObject, to_ms
from cbops.model.forecast import Forecast, Timeline
from cbops.render import text
from cbops.render.charts.style import (
    CHARACTER,
    CLOSED,
    FAILURES,
    LESS,
    MORE,
    OPEN,
    OUTAGE,
    REQUESTS,
    SCHEMA,
    WIDTH,
    config,
)
from cbops.render.replayed import traffic_lines
from cbops.render.timeline import circuit_name
from cbops.render.times import Times, ticks

T = TypeVar("T")

MAX_NAME = 22
MAX_TITLE = 76  # with the words behind it, as long as the picture is wide
MAX_LINE = 130
LIMIT_IN_SHORT = (
    "Recorded outcomes are not counterfactual: fewer or more calls would have changed the provider's answers"
)
LANE = 26  # pixels of a policy's band
STATES = {
    "never": CLOSED,
    "under half": LESS,
    "half or more": MORE,
    "all the time": OPEN,
}


def forecast_spec(forecast: Forecast) -> JsonObject:
    """A Vega-Lite specification with its data in it, at most a few marks for each step of the timeline.

    InputError for a forecast without a timeline.
    """
    timeline = forecast.timeline
    if timeline is None or not timeline.results:
        raise InputError("there is no request to be drawn", hint="Replay a trace that has some.")
    times = Times.of(forecast)
    begin = to_ms(timeline.begins)
    end = begin + timeline.step_ms * len(timeline.results)
    axis = _axis(begin, end, times)
    outages = _outages(forecast, timeline, begin)
    return {
        "$schema": SCHEMA,
        "description": _description(forecast, times),
        "title": {"text": _title(forecast), "subtitle": _subtitle(forecast, times)},
        "vconcat": [
            _rate_panel(timeline, begin, axis, outages),
            _request_panel(timeline, begin, axis),
            _state_panel(forecast, timeline, begin, axis),
        ],
        "spacing": 8,
        "config": config(),
    }


def _title(forecast: Forecast) -> str:
    names = [text.shorten(policy.name, MAX_NAME) for policy in forecast.policies]
    behind = ", an approximation" if forecast.traffic.approximate else ""
    several = f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
    return f"{text.shorten(f'Recorded traffic replayed: {several}', MAX_TITLE)}{behind}"


def _description(forecast: Forecast, times: Times) -> str:
    said = (*forecast.summary, *_subtitle(forecast, times)[:-1], forecast.limit)
    return " ".join(f"{text.one_line(sentence).rstrip('.')}." for sentence in said)


def _subtitle(forecast: Forecast, times: Times) -> list[str]:
    traffic = forecast.traffic
    lines = [*traffic_lines(traffic, times)]
    if traffic.approximate:
        lines.append(f"approximation: {traffic.note or 'synthesised from counters'}")
    about = f"{times.about[0].upper()}{times.about[1:]}; shaded: outages of the provider"
    return [*(text.shorten(line, MAX_LINE) for line in lines), about, LIMIT_IN_SHORT]


def _axis(begin: int, end: int, times: Times) -> JsonObject:
    """The time axis: our own round times, so that the zone (or none) is the forecast's."""
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
    shown = {**axis["axis"], "labels": labelled}
    return {"x": {"field": "from", "type": "quantitative", **axis, "axis": shown}, "x2": {"field": "to"}}


def _rate_panel(timeline: Timeline, begin: int, axis: JsonObject, outages: list[JsonObject]) -> JsonObject:
    runs = [
        {"from": begin + first * timeline.step_ms, "to": begin + after * timeline.step_ms, "rate": rate}
        for first, after, rate in _runs([_rate(*pair) for pair in _pairs(timeline)])
        if rate is not None
    ]
    y: JsonObject = {"field": "rate", "type": "quantitative", "scale": {"type": "sqrt", "domain": [0, 1]}}
    # The root shows what is usual beside an outage.
    percent = {"title": "error rate", "format": ".0%", "values": [0, 0.01, 0.1, 0.25, 0.5, 1]}
    return {
        "width": WIDTH,
        "height": 120,
        "layer": [
            {
                "data": {"values": outages},
                "mark": {"type": "rect", "color": OUTAGE},
                "encoding": _x(axis, labelled=False),
            },
            {
                "data": {"values": runs},
                "mark": {"type": "rect", "color": FAILURES},
                "encoding": {**_x(axis, labelled=False), "y": {**y, "axis": percent}, "y2": {"datum": 0}},
            },
        ],
    }


def _request_panel(timeline: Timeline, begin: int, axis: JsonObject) -> JsonObject:
    runs = [
        {"from": begin + first * timeline.step_ms, "to": begin + after * timeline.step_ms, "results": results}
        for first, after, results in _runs(timeline.results)
        if results
    ]
    y: JsonObject = {"field": "results", "type": "quantitative", "scale": {"zero": True}}
    return {
        "width": WIDTH,
        "height": 40,
        "data": {"values": runs},
        "mark": {"type": "rect", "color": REQUESTS},
        "encoding": {
            **_x(axis, labelled=False),
            "y": {**y, "axis": {"title": "results", "tickCount": 2, "format": "~s"}},
            "y2": {"datum": 0},
        },
    }


def _state_panel(forecast: Forecast, timeline: Timeline, begin: int, axis: JsonObject) -> JsonObject:
    """One lane a policy; which lane is told by its place, so that two names may look the same."""
    lanes = [
        policy.name
        for policy in forecast.policies
        if policy.name in timeline.open and policy.block is not None
    ]
    runs = [
        {
            "from": begin + first * timeline.step_ms,
            "to": begin + after * timeline.step_ms,
            "lane": number,
            "state": state,
        }
        for number, name in enumerate(lanes)
        for first, after, state in _runs([_state(share) for share in timeline.open[name]])
    ]
    names = json.dumps([text.shorten(name, MAX_NAME) for name in lanes])
    return {
        "width": WIDTH,
        "height": {"step": LANE},
        "data": {"values": runs},
        "mark": {"type": "bar", "height": LANE - 6},
        "encoding": {
            **_x(axis, labelled=True),
            "y": {
                "field": "lane",
                "type": "ordinal",
                "scale": {"domain": list(range(len(lanes)))},
                "axis": {"title": None, "labelExpr": f"{names}[datum.value]", "labelLimit": 200},
            },
            "color": {
                "field": "state",
                "type": "nominal",
                "scale": {"domain": list(STATES), "range": list(STATES.values())},
                "legend": {
                    "title": f"{circuit_name(forecast)} not closed",
                    "orient": "bottom",
                    "direction": "horizontal",
                    "labelLimit": 300,
                    "titleLimit": 500,
                },
            },
        },
    }


def _pairs(timeline: Timeline) -> Sequence[tuple[int, int]]:
    return tuple(zip(timeline.failures, timeline.results, strict=True))


def _rate(failures: int, results: int) -> float | None:
    return round(failures / results, 4) if results else None


def _state(share: float) -> str:
    closed, less, more, everything = STATES
    if share <= 0:
        return closed
    if share >= 1:
        return everything
    return more if share >= 0.5 else less


def _runs(values: Sequence[T]) -> list[tuple[int, int, T]]:
    """Equal neighbours drawn together: (first, after the last, value)."""
    found: list[tuple[int, int, T]] = []
    first = 0
    for value, same in groupby(values):
        after = first + sum(1 for _ in same)
        found.append((first, after, value))
        first = after
    return found


def _outages(forecast: Forecast, timeline: Timeline, begin: int) -> list[JsonObject]:
    """The steps that an outage of any circuit touches."""
    steps = len(timeline.results)
    touched = [False] * steps
    for each in forecast.policies[0].circuits if forecast.policies else ():
        for outage in each.outages:
            first = (to_ms(outage.begins) - begin) // timeline.step_ms
            after = -(-(to_ms(outage.ends) - begin) // timeline.step_ms)
            for step in range(max(first, 0), min(max(after, first + 1), steps)):
                touched[step] = True
    return [
        {"from": begin + first * timeline.step_ms, "to": begin + after * timeline.step_ms}
        for first, after, inside in _runs(touched)
        if inside
    ]
