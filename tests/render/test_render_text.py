from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbops.render import text


@pytest.mark.parametrize(("value", "said"), [(0, "0"), (12345, "12,345"), (None, "unknown")])
def test_a_number_has_thousands_separators_and_unknown_is_not_zero(value, said):
    assert text.number(value) == said


@pytest.mark.parametrize(
    ("value", "said"), [(0, "0 opens"), (1, "1 open"), (1200, "1,200 opens"), (None, "unknown opens")]
)
def test_a_noun_follows_its_number(value, said):
    assert text.counted(value, "open") == said


def test_an_irregular_plural_is_given():
    assert text.counted(2, "entry", "entries") == "2 entries"


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (None, "unknown"),
        (0.0, "0.00 %"),
        (0.0125, "1.25 %"),
        (0.00001, "<0.01 %"),
        (0.00005, "0.01 %"),
        (1, "100.00 %"),
    ],
)
def test_a_rate_is_in_per_cent_and_a_small_one_is_not_zero(ratio, said):
    assert text.percent(ratio) == said


@pytest.mark.parametrize(
    ("ratio", "said"), [(1.0, "100 %"), (0.99999, "99.9 %"), (0.5, "50.0 %"), (0, "0.0 %")]
)
def test_only_the_whole_is_called_a_hundred_per_cent(ratio, said):
    assert text.share(ratio) == said


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (0.01, 0.0130, "+0.30 points"),
        (0.02, 0.01, "-1.00 points"),
        (0.01, 0.010001, "no change"),
        (None, 0.01, "change unknown"),
        (0.01, None, "change unknown"),
    ],
)
def test_a_change_is_in_percentage_points(before, after, said):
    assert text.points(before, after) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.44, "0.4 s"),
        (9, "9 s"),
        (9.97, "10 s"),
        (45, "45 s"),
        (60, "1 min"),
        (105, "1 min 45 s"),
        (7380, "2 h 3 min"),
        (7204, "2 h"),
        (3 * 86400 + 4 * 3600 + 59, "3 d 4 h"),
        (59.7, "1 min"),
    ],
)
def test_a_duration_has_its_two_largest_units(seconds, said):
    assert text.duration(seconds) == said


def test_an_instant_has_its_zone():
    at = datetime(2025, 1, 27, 23, 30, 1, tzinfo=UTC)
    assert text.instant(at) == "2025-01-27 23:30:01 UTC"
    assert text.instant(at, ZoneInfo("Europe/Berlin")) == "2025-01-28 00:30:01 +01:00"
    assert text.instant(at, ZoneInfo("America/St_Johns")) == "2025-01-27 20:00:01 -03:30"
    assert text.local_date(at, ZoneInfo("Europe/Berlin")) == "2025-01-28"


def test_an_interval_repeats_only_what_differs():
    start = datetime(2025, 1, 27, 23, 30, tzinfo=UTC)
    assert text.interval(start, start + timedelta(seconds=105)) == (
        "2025-01-27 23:30:00 to 23:31:45 UTC (1 min 45 s)"
    )
    assert text.interval(start, start + timedelta(hours=1)) == (
        "2025-01-27 23:30:00 to 2025-01-28 00:30:00 UTC (1 h)"
    )


def test_an_interval_over_a_change_of_the_clocks_names_both_offsets():
    start = datetime(2025, 3, 30, 0, 30, tzinfo=UTC)
    assert text.interval(start, start + timedelta(hours=1), ZoneInfo("Europe/Berlin")) == (
        "2025-03-30 01:30:00 +01:00 to 2025-03-30 03:30:00 +02:00 (1 h)"
    )


def test_white_space_becomes_one_space_and_tricks_become_visible():
    assert text.one_line(" a\t\r\n\u2028b \x1b[0m\u202e ") == "a b \ufffd[0m\ufffd"


def test_joiners_belong_to_the_spelling():
    assert text.one_line("می\u200cخواهم 👩\u200d💻") == "می\u200cخواهم 👩\u200d💻"


@given(st.text(), st.integers(min_value=1, max_value=30))
def test_shortened_text_fits_and_says_that_it_was_cut(value, width):
    short = text.shorten(value, width)
    assert len(short) <= width
    assert short == text.one_line(value) or short.endswith("…")
