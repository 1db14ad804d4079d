"""Mean latency per day against the baseline, with the margin and the judge's interval."""

from __future__ import annotations

from cbops.model.base import JsonObject
from cbops.render import text
from cbops.render.charts.dayaxis import before_and_since, day_axis
from cbops.render.charts.palette import GRID, INK, PALE, QUIET, SIZE, STRONG, WARM, WIDTH, look
from cbops.render.charts.style import SCHEMA
from cbops.render.figured_latency import ProviderLatency
from cbops.render.rollout_figures import RolloutFigures

MAX_PROVIDERS = 3
LEAST_SHARE = 0.05  # of all results
_RIGHT = 66  # pixels for the names of lines


def latency_spec(figures: RolloutFigures) -> JsonObject | None:
    """One panel a provider; null where no latency is on record."""
    shown = _shown(figures)
    if not shown:
        return None
    left = len(figures.latencies) - len(shown)
    more = f"; {text.counted(left, 'more provider')} with fewer results" if left else ""
    return {
        "$schema": SCHEMA,
        "title": [
            f"mean of the results that came back, in ms; {before_and_since(figures.days)}{more}",
            *(["dashed: the baseline; long dashes: by how much more it may be"] if _based(shown) else []),
            *(["band: where the judge's interval puts the mean since enabling"] if _judged(shown) else []),
        ],
        "vconcat": [_panel(figures, each, last=each is shown[-1]) for each in shown],
        "spacing": 14,
        "resolve": {"scale": {"x": "shared"}},
        "config": look(),
    }


def _shown(figures: RolloutFigures) -> tuple[ProviderLatency, ...]:
    """Those that were judged or answered a fair share; the first of them in any case."""
    counts = [sum(day.count or 0 for day in each.days) for each in figures.latencies]
    least = LEAST_SHARE * sum(counts)
    pairs = zip(figures.latencies, counts, strict=True)
    shown = [each for each, count in pairs if each.verdict is not None or count >= least]
    return tuple(shown[:MAX_PROVIDERS]) or figures.latencies[:1]


def _based(shown: tuple[ProviderLatency, ...]) -> bool:
    return any(each.baseline_ms is not None for each in shown)


def _judged(shown: tuple[ProviderLatency, ...]) -> bool:
    return any(each.lower is not None and each.upper is not None for each in shown)


def _panel(figures: RolloutFigures, each: ProviderLatency, *, last: bool) -> JsonObject:
    points = [{"day": day.day, "ms": day.mean_ms and round(day.mean_ms, 3)} for day in each.days]
    low, high = _domain(each)
    axis = {
        "title": f"{text.shorten(each.provider, 16)}, ms",
        "grid": True,
        "gridColor": GRID,
        "tickCount": 5,
    }
    y: JsonObject = {
        "field": "ms",
        "type": "quantitative",
        "scale": {"domain": [low, high], "zero": False, "nice": True},
        "axis": axis,
    }
    x = day_axis(figures.days, labelled=last, width=WIDTH - _RIGHT)
    mean: JsonObject = {
        "data": {"values": points},
        "encoding": {"x": x, "y": y},
        "layer": [
            # A day without any result is a gap.
            {
                "mark": {
                    "type": "line",
                    "color": STRONG,
                    "strokeWidth": 2,
                    "invalid": "break-paths-show-path-domains",
                }
            },
            {
                "mark": {
                    "type": "point",
                    "shape": "circle",
                    "filled": True,
                    "size": 60,
                    "color": STRONG,
                    "opacity": 1,
                }
            },
        ],
    }
    return {"width": WIDTH - _RIGHT, "height": 150, "layer": [*_bounds(figures, each, x, y), mean]}


def _domain(each: ProviderLatency) -> tuple[float, float]:
    base = each.baseline_ms
    seen = [day.mean_ms for day in each.days if day.mean_ms is not None]
    if base is not None:
        seen += [base, base * (1 + (each.margin or 0))]
        seen += [base * (1 + bound) for bound in (each.lower, each.upper) if bound is not None]
    room = (max(seen) - min(seen)) * 0.15 or max(seen) * 0.05 or 1.0
    return round(max(0.0, min(seen) - room), 3), round(max(seen) + room, 3)


def _bounds(figures: RolloutFigures, each: ProviderLatency, x: JsonObject, y: JsonObject) -> list[JsonObject]:
    base = each.baseline_ms
    if base is None:
        return []
    layers: list[JsonObject] = []
    since = [day.number for day in figures.days if day.number >= 1]
    if each.lower is not None and each.upper is not None and since:
        low, high = round(base * (1 + each.lower), 3), round(base * (1 + each.upper), 3)
        band = [{"day": day, "low": low, "high": high} for day in since]
        layers.append(
            {
                "data": {"values": band},
                "mark": {"type": "bar", "color": PALE, "width": {"band": 1.25}},
                "encoding": {"x": x, "y": {**y, "field": "low"}, "y2": {"field": "high"}},
            }
        )
    layers += _line(base, "baseline", y, [3, 3], QUIET)
    if each.margin is not None:
        layers += _line(base * (1 + each.margin), f"+{each.margin * 100:g} %", y, [10, 4], WARM)
    return layers


def _line(ms: float, name: str, y: JsonObject, dash: list[int], colour: str) -> list[JsonObject]:
    values = {"values": [{"ms": round(ms, 3), "name": name}]}
    label: JsonObject = {"type": "text", "align": "left", "dx": 5, "fontSize": SIZE, "color": INK}
    return [
        {"data": values, "mark": {"type": "rule", "color": colour, "strokeDash": dash}, "encoding": {"y": y}},
        {
            "data": values,
            "mark": label,
            "encoding": {"y": y, "x": {"value": WIDTH - _RIGHT}, "text": {"field": "name"}},
        },
    ]


def latency_alt(figures: RolloutFigures) -> str:
    """The baseline's mean, the days' least and highest, and what the judge says of each provider."""
    return " ".join(_told(each) for each in _shown(figures)) or "Latency: unknown."


def _told(each: ProviderLatency) -> str:
    name = text.one_line(each.provider)
    base = "unknown" if each.baseline_ms is None else f"{each.baseline_ms:.1f} ms"
    since = [(day.mean_ms, day.day) for day in each.days if day.day >= 1 and day.mean_ms is not None]
    parts = [f"Mean latency on {name}: baseline {base}"]
    if since:
        (least, first), (most, last) = min(since), max(since)
        parts.append(f"since enabling from {least:.1f} ms (day {first}) to {most:.1f} ms (day {last}) a day")
    if each.verdict is not None:
        bounds = f"between {_change(each.lower, '-')} and {_change(each.upper, '+')}"
        margin = "" if each.margin is None else f", where +{each.margin * 100:g} % is allowed"
        parts.append(f"the judge puts the change {bounds}{margin}: {each.verdict.value}")
    return f"{'; '.join(parts)}."


def _change(bound: float | None, sign: str) -> str:
    return f"{sign}∞" if bound is None else f"{bound * 100:+.1f} %"
