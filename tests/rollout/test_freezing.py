"""Change freezes: dated and weekly, in time zones, over changes of the clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cbops.model.config import Config
from cbops.model.config_safeguards import FreezeConfig
from cbops.rollout.freezing import frozen

BERLIN = "Europe/Berlin"


def freeze(start: str, end: str, name: str = "f", timezone: str | None = None) -> FreezeConfig:
    return FreezeConfig.model_validate({"name": name, "from": start, "to": end, "timezone": timezone})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def until(freezes: list[FreezeConfig], now: str, timezone: str = "UTC") -> str | None:
    found = frozen(freezes, utc(now), timezone)
    return found[-1].end.strftime("%Y-%m-%d %H:%M") if found else None


WEEKEND = freeze("Fri 16:00", "Mon 08:00", "weekend")


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-11-27T15:59", None),
        ("2026-11-27T16:00", "2026-11-30 08:00"),  # a Friday
        ("2026-11-29T23:59", "2026-11-30 08:00"),
        ("2026-11-30T07:59", "2026-11-30 08:00"),
        ("2026-11-30T08:00", None),
        ("2027-01-02T12:00", "2027-01-04 08:00"),  # over the turn of the year
    ],
)
def test_a_weekly_freeze_holds_over_the_turn_of_the_week(now: str, end: str | None) -> None:
    assert until([WEEKEND], now) == end


def test_a_weekly_freeze_within_a_week_comes_back_every_week() -> None:
    nightly = freeze("Tuesday 22:00", "wed 24:00")
    assert until([nightly], "2026-11-25T12:00") == "2026-11-26 00:00"
    assert until([nightly], "2026-11-26T00:00") is None
    assert until([nightly], "2026-12-02T12:00") == "2026-12-03 00:00"


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2026-12-19T22:59", None),
        ("2026-12-19T23:00", "2027-01-03 23:00"),  # midnight in Berlin
        ("2027-01-03T22:59", "2027-01-03 23:00"),  # the last day is included
        ("2027-01-03T23:00", None),
    ],
)
def test_a_freeze_of_whole_days_is_that_of_the_wall_clock(now: str, end: str | None) -> None:
    assert until([freeze("2026-12-20", "2027-01-03")], now, BERLIN) == end


def test_a_freeze_of_its_own_time_zone_and_one_with_offsets() -> None:
    assert until([freeze("2026-07-01T09:00", "2026-07-01T10:00", timezone=BERLIN)], "2026-07-01T07:00") == (
        "2026-07-01 08:00"
    )
    assert until(
        [freeze("2026-07-01T09:00+05:00", "2026-07-01T10:00+05:00")], "2026-07-01T04:30", BERLIN
    ) == ("2026-07-01 05:00")


@pytest.mark.parametrize(
    ("now", "end"),
    [
        # Clocks forward on 2026-03-29 at 02:00: 08:00 is 06:00 UTC, a day before it was 07:00.
        ("2026-03-28T12:00", "2026-03-30 06:00"),
        # Clocks back on 2026-10-25 at 03:00: 08:00 is 07:00 UTC.
        ("2026-10-24T12:00", "2026-10-26 07:00"),
    ],
)
def test_a_weekly_freeze_ends_by_the_wall_clock_whatever_the_clocks_did(now: str, end: str) -> None:
    assert until([WEEKEND], now, BERLIN) == end


def test_an_hour_that_is_repeated_is_frozen_from_its_first_to_its_second_pass() -> None:
    night = freeze("Sun 02:30", "Sun 02:45")  # both pass twice on 2026-10-25: 00:30 and 01:30 UTC
    assert until([night], "2026-10-25T00:29", BERLIN) is None
    assert until([night], "2026-10-25T00:30", BERLIN) == "2026-10-25 01:45"
    assert until([night], "2026-10-25T01:44", BERLIN) == "2026-10-25 01:45"


def test_an_hour_that_is_skipped_opens_no_gap() -> None:
    before, after = (
        freeze("2026-03-29T00:00", "2026-03-29T02:30"),
        freeze("2026-03-29T02:30", "2026-03-29T06:00"),
    )
    assert until([before, after], "2026-03-29T00:15", BERLIN) == "2026-03-29 04:00"


def test_freezes_that_follow_each_other_are_told_up_to_the_first_free_instant() -> None:
    holidays = freeze("2026-11-30", "2026-12-01", "moving")
    found = frozen([holidays, WEEKEND], utc("2026-11-28T12:00"), "UTC")
    assert [(each.name, each.end.day) for each in found] == [("weekend", 30), ("moving", 2)]


def test_freezes_without_any_pause_don_t_hang() -> None:
    always = [freeze("Mon 00:00", "Thu 00:00"), freeze("Thu 00:00", "Mon 00:00")]
    assert len(frozen(always, utc("2026-11-28T12:00"), "UTC")) == 50


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)), st.sampled_from([BERLIN, "America/New_York"])
)
def test_the_end_of_a_freeze_is_the_first_instant_without_one(now: datetime, zone: str) -> None:
    freezes = [WEEKEND, freeze("Wed 02:30", "Wed 05:00")]
    found = frozen(freezes, now.replace(tzinfo=UTC), zone)
    if found:
        assert frozen(freezes, found[-1].end, zone) == ()
        assert frozen(freezes, found[-1].end - timedelta(microseconds=1), zone) != ()


@pytest.mark.parametrize(
    ("start", "end", "problem"),
    [
        ("Fri 16:00", "2026-12-01", "one end is weekly and the other dated"),
        ("Fri 16:00", "Fri 16:00", "it ends when it begins"),
        ("2026-12-02", "2026-12-01", "it ends before it begins"),
        ("2026-12-02T10:00", "2026-12-02T10:00", "it ends before it begins"),
        ("Fre 16:00", "Mon 08:00", "is no moment of a week"),
        ("Fri 25:00", "Mon 08:00", "is no moment of a week"),
        ("Fri 24:01", "Mon 08:00", "is no moment of a week"),
        ("tomorrow", "2026-12-01", "is no moment such as"),
        ("2026-02-30", "2026-12-01", "is no moment such as"),
    ],
)
def test_a_freeze_that_makes_no_sense_is_refused(start: str, end: str, problem: str) -> None:
    with pytest.raises(ValidationError, match=problem):
        Config.model_validate({"freezes": [{"name": "f", "from": start, "to": end}]})


def test_a_time_zone_that_there_is_none_of_is_refused() -> None:
    with pytest.raises(ValidationError, match="is not a time zone"):
        freeze("Fri 16:00", "Mon 08:00", timezone="Europe/Atlantis")
