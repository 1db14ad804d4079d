"""The pictures of a rollout: what they draw, say and look like."""

from __future__ import annotations

import json
import re
import subprocess
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from rollout_worlds import BEGIN, MINUTE, bucketed, figures, judged

from cbops.errors import InputError
from cbops.model.verdict import Verdict
from cbops.render.charts.criteria import criteria_spec
from cbops.render.charts.daily import events_spec
from cbops.render.charts.palette import CALM, DARK, INK, PAPER, QUIET, STRONG, WARM, in_both_lights
from cbops.render.charts.rate import close_up, rate_spec
from cbops.render.charts.rollout import drawn, pictures

SVG = "{http://www.w3.org/2000/svg}"
NAMES = ("error-rate", "events", "latency", "criteria")


def week():
    """Day 0 to 7; an hour of failures on day 1, in which the circuit opens for 20 minutes."""
    quiet = ((100,) * 288, (1,) + (0,) * 287)
    bad = ((100,) * 6 + (40,) * 12 + (100,) * 270, (0,) * 6 + (60,) * 12 + (0,) * 270)
    seen = {n: bucketed(n, {"openai": bad if n == 1 else quiet}) for n in range(8)}
    return figures(seen, episodes=[(40, 60)], evaluation=judged(), looks=(3, 5, 7))


@pytest.fixture(scope="module")
def made():
    return {picture.name: (picture, drawn(picture)) for picture in pictures(week())}


def words(svg):
    """What is written in it."""
    return [element.text or "" for element in ET.fromstring(svg).iter(f"{SVG}text")]


def contrast(one, other):
    """The ratio of their relative luminances, 1 to 21."""

    def luminance(colour):
        channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_there_are_four_in_their_order(made):
    assert tuple(made) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_same_figures_give_the_same_bytes(made, name):
    again = next(picture for picture in pictures(week()) if picture.name == name)
    assert drawn(again) == made[name][1]


@pytest.mark.parametrize("name", NAMES)
def test_every_colour_has_one_for_dark_pages(made, name):
    used = set(re.findall(r'(?:fill|stroke)="([^"]+)"', made[name][1])) - {"none", "transparent"}
    assert used <= set(DARK)
    style = ET.fromstring(made[name][1]).find(f"{SVG}style").text
    assert "prefers-color-scheme: dark" in style
    assert all(f'[fill="{light}"]{{fill:{dark}}}' in style for light, dark in DARK.items())


@pytest.mark.parametrize("colour", [INK, QUIET])
def test_letters_stand_out_in_both_lights(colour):
    assert contrast(colour, PAPER) >= 4.5
    assert contrast(DARK[colour], DARK[PAPER]) >= 4.5


@pytest.mark.parametrize("colour", [WARM, STRONG, CALM])
def test_marks_stand_out_in_both_lights(colour):
    assert contrast(colour, PAPER) >= 3
    assert contrast(DARK[colour], DARK[PAPER]) >= 3


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_says_in_words_what_it_shows_and_fetches_nothing(made, name):
    picture, svg = made[name]
    root = ET.fromstring(svg)
    assert root.find(f"{SVG}title").text.endswith("tenant-07")
    assert root.find(f"{SVG}desc").text == picture.alt
    assert re.search(r"\d", picture.alt)
    assert "<image" not in svg
    assert "<script" not in svg
    assert set(re.findall(r'https?://[^"<\s]+', svg)) <= {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
    }


def test_the_words_are_these(made):
    assert {name: picture.alt for name, (picture, _) in made.items()} == {
        "error-rate": (
            "Error rate before enabling: <0.01 % (1 of 28,801 results). Error rate since enabling: 0.36 % "
            "(726 of 201,606 results). Highest in 5 min: 60.00 % from 2025-01-27 00:30:00 UTC. 1 open (1 expected), "
            "not closed for 20 min altogether. Outage of openai (seen on other tenants): 2025-01-27 01:00:00 to "
            "01:30:00 UTC (30 min). Outage of openai (declared): 2025-01-27 00:30:00 to 01:20:00 UTC (50 min)."
        ),
        "events": (
            "Events per day, success / failure / fail_fast: day 0 (2025-01-26) 28,800 / 1 / 0; day 1 (2025-01-27) "
            "28,080 / 720 / 0; "
            + "; ".join(
                f"day {n} (2025-0{1 + (n > 5)}-{(26 + n - 1) % 31 + 1:02}) 28,800 / 1 / 0"
                for n in range(2, 8)
            )
            + "."
        ),
        "latency": (
            "Mean latency on openai: baseline 200.0 ms; since enabling from 201.0 ms (day 1) to 207.0 ms (day 7) a day; "
            "the judge puts the change between -1.0 % and +2.0 %, where +5 % is allowed: met."
        ),
        "criteria": (
            "Verdicts: opens met (day 3 to 7); recovery met (day 3 to 7); error rate met (day 3 to 7); latency met "
            "(day 3 to 7); metrics met (day 3 to 7)."
        ),
    }


def test_the_axes_name_their_units(made):
    assert "error rate" in words(made["error-rate"][1])
    assert any(word.endswith("%") for word in words(made["error-rate"][1]))
    assert "openai, ms" in words(made["latency"][1])
    assert {"success", "failure", "fail_fast"} <= set(words(made["events"][1]))


def test_the_state_is_told_by_its_row_too():
    lanes = rate_spec(week())["vconcat"][1]
    (bars,) = lanes["layer"]
    assert [(v["row"], v["state"]) for v in bars["data"]["values"]] == [(0, "open")]
    names = json.loads(
        re.match(r"\[.*\]", bars["encoding"]["y"]["axis"]["labelExpr"])[0].removesuffix("[datum.value]")
    )
    assert names == ["openai open", "half-open"]


def test_the_close_up_is_of_the_trouble_with_some_room():
    first, last = close_up(week())
    assert first == BEGIN  # half an hour before the outage
    assert last == BEGIN + 120 * MINUTE  # and half an hour after the other one


def test_a_rollout_without_trouble_has_no_close_up():
    calm = replace(week(), episodes=(), outages=(), bands=())
    assert close_up(calm) is None
    assert len(rate_spec(calm)["vconcat"]) == 2


def test_time_that_was_not_measured_is_shaded_and_said():
    with_gap = figures({n: bucketed(n, {"openai": ((10, 10), (0, 0))}) for n in (1, 3)})
    assert "grey: not measured" in rate_spec(with_gap)["title"]
    assert "grey: not measured" not in rate_spec(week())["title"]


def test_an_unknown_day_is_marked_and_not_drawn_as_nothing():
    week_7 = week()
    blind = replace(
        week_7, days=tuple(replace(day, success=None) if day.number == 3 else day for day in week_7.days)
    )
    above, below, numbers = events_spec(blind)["vconcat"]
    (_, marks) = above["layer"]
    assert [value["day"] for value in marks["data"]["values"]] == [3]
    assert len(below["layer"]) == 1  # failures and fail_fast are known
    said = {(v["day"], v["kind"]): v["said"] for v in numbers["data"]["values"]}
    assert said[3, "success"] == "–"
    assert said[3, "failure"] == "1"


def test_what_is_not_on_record_is_not_drawn():
    nothing = figures({})
    assert pictures(nothing) == ()
    seen = bucketed(1, {"openai": ((10,), (0,))})
    silent = seen.model_copy(
        update={
            "providers": {
                "openai": seen.providers["openai"].model_copy(
                    update={"latency": type(seen.providers["openai"].latency)()}
                )
            }
        }
    )
    assert [each.name for each in pictures(figures({1: silent}))] == ["error-rate", "events"]


def test_every_verdict_has_a_shape_of_its_own():
    marks = criteria_spec(week())["layer"][1]["encoding"]
    assert marks["shape"]["scale"]["domain"] == [verdict.value for verdict in Verdict]
    assert len(set(marks["shape"]["scale"]["range"])) == len(Verdict)


def test_a_name_that_is_markup_is_drawn_as_it_is_written():
    hostile = replace(week(), tenant="</title><script>alert(1)</script>", provider='"]<b>')
    for picture in pictures(hostile):
        svg = drawn(picture)
        assert "<script" not in svg
        ET.fromstring(svg)


def test_what_is_no_picture_is_an_error():
    with pytest.raises(InputError):
        in_both_lights("nothing")


@pytest.mark.needs("chromium")
@pytest.mark.long
def test_in_a_browser_no_word_is_cut_and_none_overlaps_another(made, tmp_path):
    """At the size of the picture, with whatever letters the browser has."""
    look = """<script>
    const found = [];
    for (const svg of document.querySelectorAll("svg")) {
      const frame = svg.getBoundingClientRect();
      const texts = [...svg.querySelectorAll("text")].filter(t => t.textContent.trim() && getComputedStyle(t).opacity !== "0");
      const boxes = texts.map(t => [t.textContent, t.getBoundingClientRect()]);
      for (const [said, box] of boxes)
        if (box.left < frame.left || box.right > frame.right || box.top < frame.top || box.bottom > frame.bottom) found.push("cut: " + said);
      boxes.forEach(([said, a], i) => boxes.slice(i + 1).forEach(([other, b]) => {
        if (a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3) found.push("overlap: " + said + " / " + other);
      }));
    }
    document.body.innerHTML = "<pre>" + JSON.stringify(found) + "</pre>";
    </script>"""
    page = tmp_path / "page.html"
    page.write_text("<body>" + "".join(svg for _, svg in made.values()) + look, encoding="utf-8")
    shown = subprocess.run(
        [
            "chromium",
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path}/profile",
            "--dump-dom",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout
    told = re.search(r"<pre>(.*?)</pre>", shown, re.DOTALL)
    assert told is not None
    assert json.loads(told[1]) == []
