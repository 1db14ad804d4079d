from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
import typer

from cbops.cli.options import calendar_date, instant, interval, seconds, words


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("2025-01-27T09:00:00Z", datetime(2025, 1, 27, 9, tzinfo=UTC)),
        ("2025-01-27T09:00:00", datetime(2025, 1, 27, 9, tzinfo=UTC)),
        ("2025-01-27", datetime(2025, 1, 27, tzinfo=UTC)),
        ("2025-01-27T09:00:00+02:00", datetime(2025, 1, 27, 7, tzinfo=UTC)),
        (datetime(2025, 1, 27), datetime(2025, 1, 27, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_is_utc(text, means):
    assert instant(text) == means


@pytest.mark.parametrize("text", ["", "yesterday", "2025-13-01", "0001-01-01T00:00:00+14:00"])
def test_what_is_no_time_is_a_usage_error(text):
    with pytest.raises(typer.BadParameter):
        instant(text)


def test_a_date_is_iso():
    assert calendar_date("2025-01-27") == date(2025, 1, 27)
    assert calendar_date(date(2025, 1, 27)) == date(2025, 1, 27)
    with pytest.raises(typer.BadParameter):
        calendar_date("27.1.2025")


def test_text_must_say_something():
    assert words("  a b ") == "a b"
    with pytest.raises(typer.BadParameter):
        words("  ")


@pytest.mark.parametrize(
    ("text", "means"),
    [("90", 90), ("90s", 90), ("1.5m", 90), ("6h", 21_600), ("3d", 259_200), ("0", 0), (15, 15)],
)
def test_a_length_of_time_is_a_number_with_a_unit(text, means):
    assert seconds(text) == means


@pytest.mark.parametrize("text", ["", "-1", "1w", "m", "1e3", "400d", "inf", "nan", "9" * 400])
def test_what_is_no_length_of_time_is_a_usage_error(text):
    with pytest.raises(typer.BadParameter):
        seconds(text)


def test_an_interval_is_at_least_a_tenth_of_a_second():
    assert interval("0.1") == 0.1
    with pytest.raises(typer.BadParameter):
        interval("0.05s")
