"""A search in words and as a picture."""

from __future__ import annotations

import json

import pytest
from test_tuning_flow import Recorded
from tuning_samples import quiet_rows

from cbops.errors import InputError
from cbops.flows.steps.tuning_record import MOST_KEPT, brief
from cbops.flows.tune import Wanted, tune
from cbops.model.policy import CANARY_BLOCK
from cbops.model.tuning import Tuning
from cbops.render.charts.front import front_spec
from cbops.render.tuned import ROWS, lines, table_lines


@pytest.fixture(scope="module")
def tuning() -> Tuning:
    """The usual space over four days."""
    wanted = Wanted(
        base=CANARY_BLOCK, origin="canary", live={**CANARY_BLOCK, "failure_threshold": 6}, resamples=20
    )
    return tune(Recorded(quiet_rows(days=4)), wanted).data.tuning


def test_the_table_marks_who_is_who_and_draws_equals_together(tuning):
    table = table_lines(tuning)
    names = [line.split()[-1] for line in table if line.endswith(("live", "base", "usual", "recommended"))]
    assert sorted(names) == ["base", "live", "recommended", "usual"]
    assert any(line.endswith(" alike") for line in table)
    assert len(table) <= ROWS + 5


def test_everything_that_a_person_needs_is_in_the_words(tuning):
    told = lines(tuning)
    for begin in (
        "Traffic: ",
        "Searched: ",
        "Best trades ",
        "Recommended: ",
        "Stability: ",
        "One step away",
        "Limit: ",
    ):
        assert any(line.startswith(begin) for line in told), begin
    assert told[-1] == f"Limit: {tuning.limit}"


def test_without_candidates_there_is_no_table_and_no_picture(tuning):
    nothing = tuning.model_copy(update={"candidates": ()})
    assert table_lines(nothing) == ()
    with pytest.raises(InputError, match="no policy to be drawn"):
        front_spec(nothing)


def test_no_recommendation_and_no_stability_are_said(tuning):
    none = tuning.recommended.model_copy(update={"block": None, "reasons": ("because",)})
    told = lines(tuning.model_copy(update={"recommended": none, "stability": None, "neighbours": ()}))
    assert "Recommended: nothing" in told
    assert "  - because" in told
    assert not any(line.startswith("Stability") for line in told)


def test_a_single_day_leaves_the_stability_unknown(tuning):
    told = lines(tuning.model_copy(update={"stability": None}))
    assert "Stability: unknown, it takes at least two days of traffic" in told


def test_what_was_left_out_of_the_trace_is_said(tuning):
    traffic = tuning.traffic.model_copy(update={"denied_in_production": 1973, "out_of_order": 2})
    told = lines(tuning.model_copy(update={"traffic": traffic}))
    assert any(
        line.startswith("1,973 recorded requests had been denied by production itself") for line in told
    )
    assert "2 rows came after a later arrival: sorted." in told
    assert not any("denied by production" in line for line in lines(tuning))


def test_one_draw_is_one(tuning):
    stability = tuning.stability.model_copy(update={"judged": 1})
    told = lines(tuning.model_copy(update={"stability": stability}))
    assert any(line.startswith("Stability: of 1 draw of the 4 days") for line in told)


def test_draws_without_an_outage_leave_the_stability_unknown(tuning):
    unknown = {"judged": 0, "same": None, "near": None, "live": None, "winners": ()}
    stability = tuning.stability.model_copy(update=unknown)
    told = lines(tuning.model_copy(update={"stability": stability}))
    assert "Stability: unknown: none of 20 draws of the days held an outage." in told


def test_the_picture_has_a_dot_for_each_outcome_and_falling_stairs(tuning):
    spec = front_spec(tuning)
    dots = {(dot["rejected"], dot["through"]) for dot in spec["layer"][0]["data"]["values"]}
    assert dots == {(each.rejected, each.failed_through) for each in tuning.candidates}
    stairs = [(step["rejected"], step["through"]) for step in spec["layer"][1]["data"]["values"]]
    assert stairs == sorted(stairs)
    assert [through for _, through in stairs] == sorted({through for _, through in stairs}, reverse=True)
    labels = [layer["data"]["values"][0].get("label") for layer in spec["layer"][2:]]
    assert {"live", "base", "recommended", "middle of the band"} <= set(labels)
    json.dumps(spec, allow_nan=False)


def test_an_interrupted_search_says_so_in_the_picture(tuning):
    spec = front_spec(tuning.model_copy(update={"complete": False, "scored": 12}))
    assert "interrupted after 12" in spec["title"]["subtitle"][0]


def test_what_goes_on_record_is_the_front_and_those_with_a_role(tuning):
    few = brief(tuning)
    assert all(each.on_front or each.roles for each in few.candidates)
    assert len(few.candidates) <= MOST_KEPT + 4
    assert (few.scored, few.front) == (tuning.scored, tuning.front)
    assert Tuning.model_validate_json(few.model_dump_json()) == few
