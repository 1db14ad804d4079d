"""A search as a picture: good calls rejected against failing calls let through, the best trades as a line."""

from __future__ import annotations

from cbops.errors import InputError
from cbops.model.base import JsonObject
from cbops.model.tuning import PolicyScore, Tuning
from cbops.render import text
from cbops.render.charts.style import FAILURES, INK, OPEN, REQUESTS, SCHEMA, WIDTH, config

HEIGHT = 420
# Policies that score alike are one dot; more dots than this say nothing more.
MOST_DOTS = 4000

# In the order in which they are drawn: shape and colour of the policies that have a role.
_ROLES = {
    "usual": ("middle of the band", "triangle-up", INK),
    "base": ("base", "square", OPEN),
    "live": ("live", "square", OPEN),
    "recommended": ("recommended", "diamond", FAILURES),
}
_GROUPS = ("none", "1 to 3", "4 to 10", "more than 10")
_GROUP_COLOURS = ("#08306B", "#4A90C2", "#A6CBE3", "#B4BBC2")


def front_spec(tuning: Tuning) -> JsonObject:
    """A Vega-Lite specification with its data in it. InputError when no policy was scored."""
    if not tuning.candidates:
        raise InputError("there is no policy to be drawn", hint="Let the search score some.")
    return {
        "$schema": SCHEMA,
        "description": " ".join((tuning.summary, *tuning.recommended.reasons, tuning.limit)),
        "title": {"text": "Thresholds searched over recorded traffic", "subtitle": _subtitle(tuning)},
        "width": WIDTH,
        "height": HEIGHT,
        "layer": [
            {
                "data": {"values": _dots(tuning)},
                "mark": {"type": "circle", "size": 42, "opacity": 0.9},
                "encoding": {**_places(), "color": _COLOUR},
            },
            {"data": {"values": _stairs(tuning)}, "mark": _STAIRS, "encoding": _places()},
            *(layer for role in _ROLES for layer in _named(tuning, role)),
        ],
        "config": config(),
    }


_STAIRS: JsonObject = {"type": "line", "interpolate": "step-after", "color": REQUESTS, "strokeWidth": 1.5}
_LABEL: JsonObject = {"type": "text", "align": "left", "dx": 12, "fontSize": 12, "fontWeight": "bold"}
_COLOUR: JsonObject = {
    "field": "opens",
    "type": "nominal",
    "scale": {"domain": list(_GROUPS), "range": list(_GROUP_COLOURS)},
    "legend": {"title": "opens that no outage explains", "orient": "bottom", "direction": "horizontal"},
}


def _subtitle(tuning: Tuning) -> list[str]:
    searched = tuning.searched
    behind = "" if tuning.complete else f", interrupted after {text.number(tuning.scored)}"
    about = ", an approximation" if tuning.traffic.approximate else ""
    return [
        (
            f"{text.counted(searched.policies, 'policy', 'policies')}{behind}; {text.number(tuning.traffic.requests)} requests"
            f"{about}, {text.counted(tuning.outages, 'outage')}; {searched.band}"
        ),
        "a dot is a policy, the line the best trades between the two; down and left is better",
    ]


def _axis(field: str, title: str) -> JsonObject:
    return {
        "field": field,
        "type": "quantitative",
        "title": title,
        "scale": {"type": "symlog", "zero": False, "nice": True, "constant": 10},
        "axis": {"grid": True, "gridColor": "#EEEEEE", "format": ",d", "tickCount": 8, "labelOverlap": True},
    }


def _places() -> JsonObject:
    return {
        "x": _axis("rejected", "good calls rejected"),
        "y": _axis("through", "failing calls let through"),
    }


def _point(score: PolicyScore) -> JsonObject:
    return {"rejected": score.rejected, "through": score.failed_through}


def _dots(tuning: Tuning) -> list[JsonObject]:
    """One for all policies that score alike, the one with the fewest opens that no outage explains."""
    found: dict[tuple[int, int], int] = {}
    for score in tuning.candidates:
        place = (score.rejected, score.failed_through)
        found[place] = min(found.get(place, score.needless_opens), score.needless_opens)
    dots = [
        {"rejected": rejected, "through": through, "opens": _group(opens)}
        for (rejected, through), opens in sorted(found.items())
    ]
    return dots[:MOST_DOTS]


def _group(opens: int) -> str:
    none, few, some, many = _GROUPS
    if not opens:
        return none
    if opens <= 3:
        return few
    return some if opens <= 10 else many


def _stairs(tuning: Tuning) -> list[JsonObject]:
    """The policies that none beats in these two figures, from the fewest rejected on."""
    found: list[PolicyScore] = []
    for score in sorted(tuning.candidates, key=lambda score: (score.rejected, score.failed_through)):
        if not found or score.failed_through < found[-1].failed_through:
            found.append(score)
    return [_point(score) for score in found]


def _named(tuning: Tuning, role: str) -> list[JsonObject]:
    """The mark and the name of the policy that has this role; one place that several share is named once."""
    name, shape, colour = _ROLES[role]
    score = next((score for score in tuning.candidates if role in score.roles), None)
    if score is None:
        return []
    points = [_point(score)]
    marks: list[JsonObject] = [
        {
            "data": {"values": points},
            "mark": {
                "type": "point",
                "filled": True,
                "size": 190,
                "shape": shape,
                "color": colour,
                "opacity": 1,
            },
            "encoding": _places(),
        }
    ]
    label = {**_LABEL, "dy": 14 if role == "usual" else -10}
    places = {**_places(), "text": {"field": "label"}}
    looks: tuple[JsonObject, ...] = (
        {"color": "white", "stroke": "white", "strokeWidth": 4},
        {"color": colour},
    )
    data = {"values": [{**points[0], "label": name}]}
    marks += [{"data": data, "mark": {**label, **look}, "encoding": places} for look in looks]
    return marks
