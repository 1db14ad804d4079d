"""Colours of a rollout's pictures, each with the one that stands in for it where people prefer dark pages."""

from __future__ import annotations

import re

from cbops.errors import InputError
from cbops.model.base import JsonObject

PAPER = "#FFFFFF"
INK = "#1F2328"
QUIET = "#59636E"
GRID = "#E3E7EB"
SHADE = "#FBE2B0"  # an outage
PALE = "#A6CBE3"  # successes, the baseline's bounds
MIDDLE = "#4A90C2"
STRONG = "#08306B"  # open, fail_fast
WARM = "#B3400A"  # failures, missed
CALM = "#1B6E3A"  # met

DARK = {
    PAPER: "#0D1117",
    INK: "#E6EDF3",
    QUIET: "#9AA4AF",
    GRID: "#2A313A",
    SHADE: "#5B4412",
    PALE: "#2F5F86",
    MIDDLE: "#6CB2E8",
    STRONG: "#CFE3FF",
    WARM: "#FF9B5E",
    CALM: "#6BD58B",
}

WIDTH = 530  # of the plot, in pixels
LEFT = 116  # of what stands beside it, so that no label is cut where letters are wide
SIZE = 13  # of letters, so that they can still be read at 400 pixels
CHARACTER = 8  # pixels of one in a label, at most
_FONT = "Helvetica, Arial, sans-serif"
_ROOT = re.compile(r"<svg\b[^>]*>")


def look() -> JsonObject:
    """The Vega-Lite configuration; every colour in it has a dark one."""
    return {
        "background": PAPER,
        "font": _FONT,
        "padding": 10,
        "view": {"stroke": GRID},
        "title": {
            "anchor": "start",
            "frame": "bounds",
            "fontSize": 16,
            "subtitleFontSize": SIZE,
            "subtitleLineHeight": 17,
            "subtitlePadding": 5,
            "color": INK,
            "subtitleColor": QUIET,
            "offset": 14,
        },
        "axis": {
            "labelColor": INK,
            "titleColor": QUIET,
            "labelFontSize": SIZE,
            "titleFontSize": SIZE,
            "titleFontWeight": "normal",
            "grid": False,
            "gridColor": GRID,
            "domainColor": QUIET,
            "tickColor": QUIET,
            "labelFlush": False,
        },
        "axisY": {
            "minExtent": LEFT,
            "maxExtent": LEFT,
            "titleX": -LEFT + 12,
        },
        "legend": {
            "labelColor": INK,
            "titleColor": QUIET,
            "labelFontSize": SIZE,
            "titleFontSize": SIZE,
            "titleFontWeight": "normal",
            "labelLimit": 260,
            "symbolStrokeColor": INK,
            "columnPadding": 20,
        },
    }


def in_both_lights(drawn: str) -> str:
    """The SVG with a rule that turns its colours dark where the reader's page is.

    It has a ground of its own in both, so it can be read on any page. InputError for what is no SVG.
    """
    root = _ROOT.search(drawn)
    if root is None:
        raise InputError(
            "the picture could not be drawn: no SVG came out", hint="Leave the pictures out: --no-pictures"
        )
    rules = "".join(
        f'[fill="{light}"]{{fill:{dark}}}[stroke="{light}"]{{stroke:{dark}}}' for light, dark in DARK.items()
    )
    style = f"<style>@media (prefers-color-scheme: dark){{{rules}}}</style>"
    return drawn[: root.end()] + style + drawn[root.end() :]
