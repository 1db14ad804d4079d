"""Instants of a replay in words, and marks on its time axis."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbops.model.base import from_ms, to_ms
from cbops.render.times import Times, offset, ticks

IN_UTC = Times(UTC, "UTC")
BERLIN = Times(ZoneInfo("Europe/Berlin"), "Europe/Berlin")
FROM_START = Times(UTC, "UTC", relative=True)
HOUR = 3_600_000


def ms(text):
    return to_ms(datetime.fromisoformat(text))


def labels(begin, end, times, room):
    return [tick.label for tick in ticks(begin, end, times, room)]


@pytest.mark.parametrize(
    ("span_ms", "told"),
    [
        (0, "+0:00:00"),
        (105_000, "+0:01:45"),
        (49 * HOUR, "+49:00:00"),
        (1_250, "+0:00:01.250"),
        (-61_000, "-0:01:01"),
    ],
)
def test_a_time_from_the_beginning_is_told_to_the_millisecond(span_ms, told):
    assert offset(span_ms) == told


def test_times_are_dates_of_the_zone_or_counted_from_the_beginning():
    start, end = from_ms(ms("2025-01-27T09:00Z")), from_ms(ms("2025-01-27T09:01:45Z"))
    assert BERLIN.interval(start, end) == "2025-01-27 10:00:00 to 10:01:45 +01:00 (1 min 45 s)"
    assert BERLIN.about == "times in Europe/Berlin"
    assert FROM_START.interval(from_ms(0), from_ms(105_000)) == "+0:00:00 to +0:01:45 (1 min 45 s)"
    assert FROM_START.about == "times from the beginning of the trace"


def test_a_week_is_marked_at_midnight_of_the_zone():
    marks = ticks(ms("2025-01-26T22:30Z"), ms("2025-02-02T22:30Z"), BERLIN, 100)
    assert [mark.label for mark in marks][:2] == ["2025-01-27", "2025-01-28"]
    assert from_ms(marks[0].at_ms) == datetime(2025, 1, 26, 23, tzinfo=UTC)


def test_marks_within_a_day_have_no_date_and_others_have_one():
    assert labels(ms("2025-01-27T09:00Z"), ms("2025-01-27T12:00Z"), IN_UTC, 30) == ["09:00", "10:00", "11:00"]
    assert labels(ms("2025-01-27T22:00Z"), ms("2025-01-28T02:00Z"), IN_UTC, 30) == [
        "01-27 22:00",
        "01-28 00:00",
    ]


def test_marks_closer_than_a_minute_and_a_second_tell_them():
    assert labels(ms("2025-01-27T09:00Z"), ms("2025-01-27T09:00:20Z"), IN_UTC, 24) == ["09:00:00", "09:00:10"]
    assert labels(1_000, 1_003, FROM_START, 60) == ["+0:00:01", "+0:00:01.001", "+0:00:01.002"]
    start = ms("2025-01-27T09:00Z")
    assert labels(start, start + 2, IN_UTC, 60) == ["09:00:00.000", "09:00:00.001"]


def test_a_day_with_25_hours_is_marked_at_the_hours_that_its_clock_shows():
    marks = ticks(ms("2025-10-25T22:00Z"), ms("2025-10-26T23:00Z"), BERLIN, 60)
    assert [mark.label for mark in marks] == [
        "00:00",
        "03:00",
        "06:00",
        "09:00",
        "12:00",
        "15:00",
        "18:00",
        "21:00",
    ]
    gaps = {after.at_ms - before.at_ms for before, after in pairwise(marks)}
    assert gaps == {3 * HOUR, 4 * HOUR}


def test_where_no_label_fits_there_is_no_mark():
    assert ticks(0, HOUR, FROM_START, 3) == ()


@given(
    begin=st.integers(0, 4_000_000_000_000),
    length=st.integers(1, 40 * 365 * 24 * HOUR),
    room=st.integers(20, 200),
    times=st.sampled_from([IN_UTC, BERLIN, FROM_START]),
)
def test_marks_lie_inside_ascend_and_fit(begin, length, room, times):
    marks = ticks(begin, begin + length, times, room)
    places = [mark.at_ms for mark in marks]
    assert places == sorted(set(places))
    assert all(begin <= place < begin + length for place in places)
    assert sum(len(mark.label) + 2 for mark in marks) <= room
