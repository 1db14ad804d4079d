"""What every picture shares: fonts, sizes, and colours that differ in lightness too."""

from __future__ import annotations

from cbops.model.base import JsonObject

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
WIDTH = 760  # of the plot, in pixels
CHARACTER = 7  # pixels of one in an axis label, at most

# Told apart with any colour vision, and in grey.
FAILURES = "#B3400A"
REQUESTS = "#8C8C8C"
OUTAGE = "#FBE2B0"
CLOSED = "#E9EDF1"
LESS = "#A6CBE3"
MORE = "#4A90C2"
OPEN = "#08306B"
INK = "#222222"

FONT = "Helvetica, Arial, sans-serif"


def config() -> JsonObject:
    """The Vega-Lite configuration."""
    return {
        "background": "white",
        "font": FONT,
        "view": {"stroke": "#CCCCCC"},
        "title": {"anchor": "start", "fontSize": 15, "subtitleFontSize": 11, "color": INK, "offset": 12},
        "axis": {
            "labelColor": INK,
            "titleColor": INK,
            "labelFontSize": 11,
            "titleFontSize": 11,
            "grid": False,
        },
        "legend": {"labelColor": INK, "titleColor": INK, "labelFontSize": 11, "titleFontSize": 11},
    }
