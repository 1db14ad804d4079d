"""What a reading of the guard shows, and when it shows nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cbops.model.guard import Reading

AT = datetime(2025, 1, 27, tzinfo=UTC)


@pytest.mark.parametrize(
    ("success", "failure", "rate"), [(9, 1, 0.1), (0, 4, 1.0), (0, 0, None), (None, 1, None), (1, None, None)]
)
def test_the_error_rate_is_that_of_the_results_and_unknown_without_any(
    success: int | None, failure: int | None, rate: float | None
) -> None:
    assert Reading(at=AT, success=success, failure=failure).error_rate == rate


@pytest.mark.parametrize(
    ("reading", "why"),
    [
        (Reading(at=AT, problem="no answer"), "no answer"),
        (Reading(at=AT), "no series of the tenant"),
        (Reading(at=AT, sample_age=181.0, sample_limit=180.0), "the last sample is 181 s old"),
        (Reading(at=AT, sample_age=180.0, sample_limit=180.0), None),
    ],
)
def test_a_reading_without_a_recent_sample_shows_nothing_and_says_why(
    reading: Reading, why: str | None
) -> None:
    assert reading.blind == why


@pytest.mark.parametrize("reachable", [True, False, None])
def test_what_the_admin_api_said_is_added_to_a_reading(reachable: bool | None) -> None:
    found = Reading(at=AT, success=3, failure=1).with_reachable(reachable=reachable)
    assert (found.reachable, found.results) == (reachable, 4)
