from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbops.errors import ConfigError
from cbops.model.calendar import day_date, day_number, day_window, days_begun, midnight, zone

BERLIN = ZoneInfo("Europe/Berlin")
ENABLED = datetime(2025, 1, 27, 9, tzinfo=UTC)
LATER = datetime(2026, 1, 1, tzinfo=UTC)


def hours(window) -> float:
    return (window.end - window.start) / timedelta(hours=1)


def test_day_one_begins_at_the_instant_of_enabling():
    window = day_window(1, ENABLED, LATER, ZoneInfo("UTC"))
    assert (window.start, window.end) == (ENABLED, datetime(2025, 1, 28, tzinfo=UTC))
    assert not window.full
    assert not window.partial


def test_day_one_is_a_full_day_when_the_breaker_was_enabled_at_midnight():
    assert day_window(1, datetime(2025, 1, 27, tzinfo=UTC), LATER, ZoneInfo("UTC")).full


def test_a_day_that_is_not_over_is_partial_and_not_full():
    window = day_window(2, ENABLED, datetime(2025, 1, 28, 12, tzinfo=UTC), ZoneInfo("UTC"))
    assert window.partial
    assert not window.full
    assert hours(window) == 12


def test_nothing_of_a_day_in_the_future_has_passed():
    assert day_window(3, ENABLED, datetime(2025, 1, 28, 12, tzinfo=UTC), ZoneInfo("UTC")) is None


def test_the_last_baseline_day_ends_at_the_instant_of_enabling():
    window = day_window(0, ENABLED, LATER, ZoneInfo("UTC"))
    assert (window.date, hours(window)) == (date(2025, 1, 26), 24)
    at_night = day_window(0, datetime(2025, 1, 27, tzinfo=UTC), LATER, ZoneInfo("UTC"))
    assert at_night.end == datetime(2025, 1, 27, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "length"), [(date(2025, 3, 30), 23), (date(2025, 10, 26), 25), (date(2025, 6, 1), 24)]
)
def test_days_of_a_summer_time_zone_have_23_24_or_25_hours(day, length):
    enabled = datetime(2025, 3, 1, tzinfo=BERLIN)
    window = day_window(day_number(day, enabled, BERLIN), enabled, LATER, BERLIN)
    assert (window.date, hours(window)) == (day, length)
    assert window.full


def test_a_date_is_that_of_the_zone_not_of_utc():
    enabled = datetime(2025, 1, 26, 23, 30, tzinfo=UTC)  # half past midnight in Berlin
    assert day_window(1, enabled, LATER, BERLIN).date == date(2025, 1, 27)


def test_a_day_begins_where_midnight_is_skipped():
    # Clocks in Beirut went from 24:00 to 01:00 on 2025-03-30.
    beirut = ZoneInfo("Asia/Beirut")
    begin = midnight(date(2025, 3, 30), beirut).astimezone(beirut)
    assert (begin.date(), begin.hour) == (date(2025, 3, 30), 1)


def test_days_begun_counts_the_running_day_but_not_one_of_zero_length():
    assert list(days_begun(ENABLED, datetime(2025, 1, 29, tzinfo=UTC), ZoneInfo("UTC"))) == [1, 2]
    assert list(days_begun(ENABLED, datetime(2025, 1, 29, 0, 1, tzinfo=UTC), ZoneInfo("UTC"))) == [1, 2, 3]
    assert list(days_begun(ENABLED, ENABLED, ZoneInfo("UTC"))) == []
    assert list(days_begun(ENABLED, ENABLED - timedelta(days=3), ZoneInfo("UTC"))) == []


def test_an_unknown_zone_is_a_config_error_that_names_it():
    with pytest.raises(ConfigError, match="Mars/Olympus"):
        zone("Mars/Olympus")
    with pytest.raises(ConfigError):
        zone("../etc/passwd")


@given(
    name=st.sampled_from(sorted(available_timezones())),
    enabled=st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)).map(lambda t: t.replace(tzinfo=UTC)),
    number=st.integers(-10, 40),
)
def test_days_follow_one_another_without_gap_or_overlap(name, enabled, number):
    tz = ZoneInfo(name)
    far = enabled + timedelta(days=100)
    first, second = day_window(number, enabled, far, tz), day_window(number + 1, enabled, far, tz)
    assert day_number(day_date(number, enabled, tz), enabled, tz) == number
    if first is None or second is None:  # a date that the zone skipped, or a baseline day of zero length
        return
    if number == 0:
        assert first.end <= second.start == enabled
    else:
        assert first.end == second.start
