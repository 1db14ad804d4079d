"""The timeline of a replay in characters."""

from __future__ import annotations

import pytest
from forecast_samples import START, STEP_MS, approximate, circuit, forecast, relative, timeline
from hypothesis import given
from hypothesis import strategies as st

from cbops.model.forecast import Forecast, Timeline
from cbops.render.timeline import BLOCKS, spread, timeline_lines


def row(lines, label):
    """What stands behind a label."""
    (found,) = [line for line in lines if line.startswith(label + " ")]
    return found[len(label) :].strip()


def drawn(results, failures, shares, width=60, **more):
    """The rows of a forecast with one policy over those steps."""
    made = forecast()
    steps = Timeline(
        begins=START,
        step_ms=STEP_MS,
        results=tuple(results),
        failures=tuple(failures),
        denied={"policy": tuple(0 for _ in results)},
        open={"policy": tuple(shares)},
    )
    return timeline_lines(
        made.model_copy(update={"timeline": steps, "policies": made.policies[:1]}), width, **more
    )


@pytest.mark.parametrize("width", [60, 79, 80, 119, 200])
def test_no_line_is_wider_than_the_screen_and_all_of_it_is_used(width):
    lines = timeline_lines(forecast(), width)
    assert max(map(len, lines[:-2])) == width
    assert max(map(len, lines)) <= max(width, 79)
    assert len({len(line) for line in lines[1:4]}) == 1


def test_the_legend_of_several_circuits_is_not_wider_than_a_terminal():
    made = forecast()
    asked = made.policies[0].model_copy(update={"circuits": (circuit(), circuit(number=1))})
    lines = timeline_lines(made.model_copy(update={"policies": (asked,)}), 79)
    assert lines[-1].startswith("  worst circuit not closed: ")
    assert max(map(len, lines)) <= 79


def test_a_column_for_each_step_shows_each_of_them():
    lines = drawn([10, 10, 10, 10, 0], [0, 1, 5, 10, 0], [0, 0.2, 0.5, 1, 0], width=32)
    # 20 columns, four to a step.
    assert row(lines, "error rate") == "▁▁▁▁▅▅▅▅▇▇▇▇████····"
    assert row(lines, "policy") == "····░░░░▒▒▒▒████····"


def test_several_steps_in_a_column_are_taken_together():
    lines = drawn([10] * 40, [10, 0] + [0] * 38, [1, 0] + [1, 1] + [0] * 36, width=32)
    assert row(lines, "error rate")[:3] == "▇▁▁"
    assert row(lines, "policy")[:3] == "▒█·"


def test_a_single_failure_is_seen_however_many_results_there_are():
    lines = drawn([1_000_000] * 20, [1] + [0] * 19, [0.0] * 20, width=32)
    assert row(lines, "error rate") == "▂" + "▁" * 19


def test_a_state_that_lasted_for_a_moment_is_seen():
    assert row(drawn([1] * 20, [0] * 20, [1e-6] + [0.0] * 19, width=32), "policy") == "░" + "·" * 19


def test_no_breaker_has_no_row():
    lines = timeline_lines(forecast(), 80)
    assert not [line for line in lines if line.startswith("no breaker")]
    assert [line.split(" ")[0] for line in lines[1:4]] == ["error", "policy", "live"]


def test_in_ascii_there_is_nothing_else():
    lines = timeline_lines(forecast(), 80, blocks=False)
    assert all(line.isascii() for line in lines)
    assert set(row(lines, "error rate")) == set("_37.")
    assert set(row(lines, "policy")) == set(".-#=")


def test_the_axis_is_in_the_zone_of_the_forecast():
    here = timeline_lines(forecast(timezone="Asia/Tokyo"), 80)
    assert "times in Asia/Tokyo" in here[0]
    assert "01-28 00:00" in here[-3]
    (place,) = [at for at, _ in enumerate(here[-3]) if here[-3].startswith("01-28 00:00", at)]
    # Midnight in Tokyo is 15:00 in UTC, six hours after the beginning, of 48 hours in 67 columns.
    assert place == 12 + 6 * 68 // 48
    assert here[-4][place] == BLOCKS.mark


def test_times_that_are_no_dates_are_counted_from_the_beginning():
    lines = timeline_lines(relative(), 80)
    assert "times from the beginning of the trace" in lines[0]
    assert "+24:00:00" in lines[-3]


def test_an_approximation_says_so():
    assert timeline_lines(approximate(), 80)[0].startswith("Timeline (approximation):")
    assert "approximation" not in "".join(timeline_lines(forecast(), 80))


def test_with_several_circuits_the_state_is_that_of_the_worst():
    made = forecast()
    several = made.policies[0].model_copy(update={"circuits": (circuit(), circuit(number=2))})
    lines = timeline_lines(made.model_copy(update={"policies": (several,)}), 80)
    assert "  worst circuit not closed: · never" in lines[-1]
    assert "  circuit not closed: · never" in timeline_lines(made, 80)[-1]


def test_a_long_name_is_cut():
    made = forecast(lambda word: word * 5)
    lines = timeline_lines(made, 80)
    assert "policypolicypol…" in lines[2]
    assert max(map(len, lines[:-2])) == 80


def test_without_a_timeline_there_are_no_lines():
    assert timeline_lines(forecast(timeline=None), 80) == ()
    assert (
        timeline_lines(Forecast(traffic=forecast().traffic, policies=(), timeline=timeline((), 0)), 80) == ()
    )


@given(steps=st.integers(1, 300), columns=st.integers(1, 300))
def test_every_step_is_in_a_column_and_they_stay_in_order(steps, columns):
    parts = spread(steps, columns)
    assert len(parts) == columns
    assert sorted({step for part in parts for step in part}) == list(range(steps))
    assert list(parts) == sorted(parts, key=lambda part: (part.start, part.stop))
    assert all(len(part) >= 1 for part in parts)


@given(
    data=st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 5), st.floats(0, 1)).map(
            lambda step: (max(step[:2]), min(step[:2]), step[2])
        ),
        min_size=1,
        max_size=60,
    ),
    width=st.integers(40, 130),
)
def test_quiet_and_closed_are_drawn_only_where_it_was_so(data, width):
    results, failures, shares = zip(*data, strict=True)
    lines = drawn(results, failures, shares, width=width)
    rates, states = row(lines, "error rate"), row(lines, "policy")
    for part, rate, state in zip(spread(len(data), len(rates)), rates, states, strict=True):
        assert (rate == "·") == (not any(results[step] for step in part))
        assert (state == "·") == (not any(shares[step] for step in part))
        failed, all_of_it = (sum(column[step] for step in part) for column in (failures, results))
        assert (rate == "█") == (failed * 2 > all_of_it)
        assert (rate == "▁") == (all_of_it > 0 and not failed)


def test_a_column_shorter_than_a_second_is_told_in_milliseconds():
    made = forecast()
    assert made.timeline is not None
    short = made.model_copy(update={"timeline": made.timeline.model_copy(update={"step_ms": 10})})
    assert timeline_lines(short, 80)[0].endswith("a column is 7 ms")
    tiny = made.model_copy(update={"timeline": made.timeline.model_copy(update={"step_ms": 1})})
    assert timeline_lines(tiny, 80)[0].endswith("a column is 1 ms")
