"""The pictures of a rollout: error rate, events, latency, criteria. Which are drawn depends on what is on record."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

from cbops.model.base import JsonObject
from cbops.render import text
from cbops.render.charts.criteria import criteria_alt, criteria_spec
from cbops.render.charts.daily import events_alt, events_spec
from cbops.render.charts.daily_latency import latency_alt, latency_spec
from cbops.render.charts.palette import in_both_lights
from cbops.render.charts.rate import rate_spec
from cbops.render.charts.rate_words import rate_alt
from cbops.render.charts.svg import to_svg
from cbops.render.rollout_figures import RolloutFigures

_LINE = 88  # characters of a line below the title


@dataclass(frozen=True, slots=True)
class Picture:
    """`spec`: Vega-Lite with its data in it. `alt` says what the picture says, with numbers."""

    name: str
    title: str
    alt: str
    spec: JsonObject


def pictures(figures: RolloutFigures) -> tuple[Picture, ...]:
    """Those for which there is something to be drawn, in this order: error-rate, events, latency, criteria."""
    found = (
        ("error-rate", "Error rate and circuit state", rate_alt(figures), rate_spec(figures)),
        ("events", "Events per day", events_alt(figures), events_spec(figures)),
        ("latency", "Latency against the baseline", latency_alt(figures), latency_spec(figures)),
        ("criteria", "Criteria, look by look", criteria_alt(figures), criteria_spec(figures)),
    )
    return tuple(
        _picture(name, f"{title}: {text.one_line(figures.tenant)}", alt, spec)
        for name, title, alt, spec in found
        if spec is not None
    )


def _picture(name: str, title: str, alt: str, spec: JsonObject) -> Picture:
    subtitle = [line for each in spec.get("title", ()) for line in textwrap.wrap(each, _LINE)]
    head = {"text": text.shorten(title, 62), "subtitle": subtitle}
    return Picture(name, title, alt, {**spec, "title": head, "description": alt})


def drawn(picture: Picture) -> str:
    """The picture as SVG for light and dark pages; the same picture gives the same text.

    InputError when the extra is missing or it can't be drawn.
    """
    return in_both_lights(to_svg(picture.spec))
