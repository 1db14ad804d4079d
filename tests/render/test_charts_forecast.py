"""The picture of a replay."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from forecast_samples import START, STEP_MS, approximate, circuit, forecast, hours, outage, relative, timeline

from cbops.errors import InputError
from cbops.model.base import to_ms
from cbops.render.charts.forecast import STATES, forecast_spec
from cbops.render.charts.style import FAILURES, OUTAGE
from cbops.render.charts.svg import to_svg

SVG = "{http://www.w3.org/2000/svg}"
BEGIN = to_ms(START)


def panels(spec):
    rate, requests, states = spec["vconcat"]
    return rate, requests, states


def words(svg):
    """What is written in it, a line each."""
    root = ET.fromstring(svg)
    return [element.text or "" for name in ("text", "tspan") for element in root.iter(f"{SVG}{name}")]


def lightness(colour):
    """Relative luminance, 0 to 1."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_the_rate_is_drawn_where_there_were_results():
    shades, rates = panels(forecast_spec(forecast()))[0]["layer"]
    hour = STEP_MS
    assert rates["data"]["values"] == [
        {"from": BEGIN, "to": BEGIN + 2 * hour, "rate": 0.0},
        {"from": BEGIN + 2 * hour, "to": BEGIN + 3 * hour, "rate": 0.025},
        {"from": BEGIN + 3 * hour, "to": BEGIN + 10 * hour, "rate": 0.0},
        {"from": BEGIN + 10 * hour, "to": BEGIN + 12 * hour, "rate": 0.75},
        {"from": BEGIN + 12 * hour, "to": BEGIN + 40 * hour, "rate": 0.0},
    ]
    assert shades["data"]["values"] == [{"from": BEGIN + 10 * hour, "to": BEGIN + 12 * hour}]


def test_an_outage_shorter_than_a_step_is_seen_and_one_outside_is_not():
    made = forecast()
    outages = (
        outage(begins=hours(5.2), ends=hours(5.3)),
        outage(begins=hours(6), ends=hours(6)),
        outage(begins=hours(-9), ends=hours(-8)),
        outage(begins=hours(46), ends=hours(70)),
    )
    policy = made.policies[0].model_copy(update={"circuits": (circuit(outages=outages),)})
    shades = panels(forecast_spec(made.model_copy(update={"policies": (policy,)})))[0]["layer"][0]
    steps = [
        ((run["from"] - BEGIN) // STEP_MS, (run["to"] - BEGIN) // STEP_MS) for run in shades["data"]["values"]
    ]
    assert steps == [(5, 7), (46, 48)]


def test_each_policy_but_none_has_a_lane_with_its_states():
    runs = panels(forecast_spec(forecast()))[2]["data"]["values"]
    assert {run["lane"] for run in runs} == {0, 1}
    lane = [(run["state"], (run["to"] - run["from"]) // STEP_MS) for run in runs if run["lane"] == 0]
    closed, less, more, everything = STATES
    assert lane == [(closed, 2), (less, 1), (closed, 7), (everything, 2), (more, 1), (closed, 35)]


def test_a_policy_that_leaves_everything_to_the_router_has_its_lane():
    found = forecast()
    first, *others = found.policies
    bare = found.model_copy(update={"policies": (first.model_copy(update={"block": {}}), *others)})
    assert panels(forecast_spec(bare))[2]["data"] == panels(forecast_spec(found))[2]["data"]


def test_the_data_are_bounded_by_the_steps_however_many_circuits_there_are():
    made = forecast()
    many = tuple(
        circuit(number=n, outages=(outage(begins=hours(n % 40), ends=hours(n % 40 + 1)),)) for n in range(500)
    )
    busy = made.model_copy(
        update={"policies": tuple(policy.model_copy(update={"circuits": many}) for policy in made.policies)}
    )
    rate, requests, states = panels(forecast_spec(busy))
    for data in (*(layer["data"] for layer in rate["layer"]), requests["data"]):
        assert len(data["values"]) <= 48
    assert len(states["data"]["values"]) <= 2 * 48


def test_the_states_differ_in_lightness_and_so_does_what_lies_on_an_outage():
    shades = [lightness(colour) for colour in STATES.values()]
    assert all(before - after > 0.1 for before, after in pairwise(shades))
    assert lightness(OUTAGE) - lightness(FAILURES) > 0.4


def test_the_same_forecast_gives_the_same_bytes():
    assert to_svg(forecast_spec(forecast())) == to_svg(forecast_spec(forecast()))


def test_the_picture_is_told_to_those_who_do_not_see_it():
    root = ET.fromstring(to_svg(forecast_spec(forecast())))
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert title is not None
    assert title.text == "Recorded traffic replayed: policy, live and no breaker"
    assert description is not None
    assert description.text is not None
    assert "2 opens, 1 of them from a single failure" in description.text
    assert "Recorded outcomes are not counterfactual" in description.text


def test_title_period_policies_and_zone_are_in_it():
    shown = words(to_svg(forecast_spec(forecast(timezone="Asia/Tokyo"))))
    assert "Recorded traffic replayed: policy, live and no breaker" in shown
    assert any("2025-01-27 18:00:00 to 2025-01-29 10:00:00 +09:00" in line for line in shown)
    assert any("Times in Asia/Tokyo" in line for line in shown)
    assert {"policy", "live", *STATES} <= set(shown)
    assert "01-28 00:00" in shown


def test_an_approximation_says_so_in_its_title():
    spec = forecast_spec(approximate())
    assert spec["title"]["text"].endswith(", an approximation")
    assert any(line.startswith("approximation: synthesised") for line in spec["title"]["subtitle"])


def test_times_that_are_no_dates_are_counted_from_the_beginning():
    shown = words(to_svg(forecast_spec(relative())))
    assert "+24:00:00" in shown
    assert any("Times from the beginning of the trace" in line for line in shown)


@pytest.mark.parametrize(
    "text", ["<script>&\"'", "\x00\x1b[31m", "\ud800", "'];alert(1)//", "\\", "x" * 300, "\n"]
)
def test_hostile_names_stay_words(text):
    svg = to_svg(forecast_spec(forecast(lambda word: word + text)))
    root = ET.fromstring(svg)
    assert not list(root.iter(f"{SVG}script"))
    assert "\x1b" not in svg


def test_long_names_do_not_widen_the_picture_much():
    usual = ET.fromstring(to_svg(forecast_spec(forecast())))
    wide = ET.fromstring(to_svg(forecast_spec(forecast(lambda word: word * 40))))
    assert float(wide.get("width", "0")) < float(usual.get("width", "0")) + 130


def test_two_policies_whose_names_are_cut_to_the_same_keep_their_lanes():
    made = forecast()
    names = ("a" * 30 + "1", "a" * 30 + "2")
    policies = tuple(made.policies[0].model_copy(update={"name": name}) for name in names)
    spec = forecast_spec(made.model_copy(update={"policies": policies, "timeline": timeline(names)}))
    assert {run["lane"] for run in panels(spec)[2]["data"]["values"]} == {0, 1}


def test_nothing_is_fetched_and_nothing_in_it_leads_elsewhere():
    svg = to_svg(forecast_spec(forecast()))
    assert "href=" not in svg
    assert "@import" not in svg
    spec = forecast_spec(forecast())
    assert "url" not in json.dumps(spec)
    outside = {**spec, "vconcat": [{"data": {"url": "http://127.0.0.1:9/x.json"}, "mark": "point"}]}
    with pytest.raises(InputError, match="could not be drawn"):
        to_svg(outside)


def test_no_request_is_no_picture():
    with pytest.raises(InputError, match="no request"):
        forecast_spec(forecast(timeline=None))


def test_without_the_extra_it_is_named(monkeypatch):
    real = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "vl_convert" else real(name, *rest)
    )
    with pytest.raises(InputError) as caught:
        to_svg(forecast_spec(forecast()))
    assert "pip install 'cbops[charts]'" in caught.value.hint


def test_the_extra_is_loaded_by_nothing_but_drawing():
    code = (
        "import sys, cbops.render.charts.forecast, cbops.render.charts.svg as svg\n"
        "assert svg.available()\n"
        "sys.exit('vl_convert' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
