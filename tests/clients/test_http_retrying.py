from __future__ import annotations

import logging

import httpx
import pytest
import stamina
from hypothesis import given
from hypothesis import strategies as st

from cbops.clients.http.retrying import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    TryAgainError,
    asked_pause,
    longest_pause,
    with_retries,
)
from cbops.errors import MetricsQueryError, MetricsUnreachableError
from cbops.model.config import RetriesConfig


class Clock:
    """Goes on by what each look costs."""

    def __init__(self, step: float = 0.0) -> None:
        self.at, self.step = 1000.0, step

    def __call__(self) -> float:
        self.at += self.step
        return self.at


@pytest.fixture(autouse=True)
def _no_pauses():
    with stamina.set_testing(True, attempts=50, cap=True):
        yield


def failing(times: int, after: float | None = None):
    """A call that fails so many times, then answers with the number of its calls."""
    made = []

    def call() -> int:
        made.append(1)
        if len(made) <= times:
            cause = httpx.ConnectError("refused")
            raise TryAgainError(MetricsUnreachableError("not there", hint="wait"), after) from cause
        return len(made)

    return call


def test_what_may_be_asked_again_is_asked_until_it_answers():
    assert with_retries(failing(2), RetriesConfig(attempts=3), Clock()) == 3


@pytest.mark.parametrize(("attempts", "said"), [(1, "1 attempt"), (3, "3 attempts"), (20, "20 attempts")])
def test_the_last_error_says_how_many_attempts_were_made(attempts, said):
    with pytest.raises(MetricsUnreachableError) as raised:
        with_retries(failing(99), RetriesConfig(attempts=attempts), Clock())

    assert raised.value.message == f"not there (after {said})"
    assert raised.value.hint == "wait"
    assert isinstance(raised.value.__cause__, httpx.ConnectError)


@pytest.mark.parametrize("error", [MetricsQueryError("bad", hint="correct it"), KeyError("a bug")])
def test_what_may_not_be_asked_again_goes_through_at_once(error):
    made = []

    def call() -> None:
        made.append(1)
        raise error

    with pytest.raises(type(error)) as raised:
        with_retries(call, RetriesConfig(attempts=5), Clock())
    assert raised.value is error
    assert len(made) == 1


def test_no_attempt_begins_after_the_budget():
    """Each attempt costs 4 s of 10: the third ends at 12 s, and there is no fourth."""
    clock = Clock(step=4)
    with pytest.raises(MetricsUnreachableError, match=r"\(after 3 attempts\)"):
        with_retries(failing(99), RetriesConfig(attempts=20, seconds=10), clock)


def test_a_server_that_asks_for_a_longer_pause_than_the_budget_is_not_asked_again():
    with pytest.raises(MetricsUnreachableError, match=r"\(after 1 attempt\)"):
        with_retries(failing(1, after=21), RetriesConfig(seconds=20), Clock())
    assert with_retries(failing(1, after=19), RetriesConfig(seconds=20), Clock()) == 2


@given(st.integers(1, 60), st.floats(0.1, 60), st.floats(0, 9))
def test_however_long_attempts_take_the_last_begins_within_the_budget(attempts, seconds, cost):
    clock, begun = Clock(), []

    def call() -> None:
        begun.append(clock.at)
        clock.at += cost
        raise TryAgainError(MetricsUnreachableError("no", hint="wait"))

    with pytest.raises(MetricsUnreachableError):
        with_retries(call, RetriesConfig(attempts=min(attempts, 20), seconds=seconds), clock)
    assert len(begun) <= min(attempts, 20)
    assert begun[-1] - begun[0] <= seconds


def test_pauses_double_up_to_the_longest():
    pauses = [longest_pause(made) for made in range(1, 9)]
    assert pauses[0] == pytest.approx(FIRST_PAUSE * 2)  # the pause itself and its jitter
    assert pauses == sorted(pauses)
    assert pauses[-1] == LONGEST_PAUSE


@pytest.mark.parametrize(
    ("header", "date", "seconds"),
    [
        (None, None, None),
        ("7", None, 7.0),
        (" 0 ", None, 0.0),
        ("Wed, 29 Jan 2025 00:00:30 GMT", "Wed, 29 Jan 2025 00:00:00 GMT", 30.0),
        ("Wed, 29 Jan 2025 00:00:00 GMT", "Wed, 29 Jan 2025 00:00:30 GMT", 0.0),
        ("Wed, 29 Jan 2025 00:00:30 GMT", None, None),
        ("soon", "Wed, 29 Jan 2025 00:00:00 GMT", None),
        ("-5", None, None),
        ("9" * 40, None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_by_the_servers_own_clock(header, date, seconds):
    assert asked_pause(header, date) == seconds


def test_retries_are_not_logged(caplog):
    with caplog.at_level(logging.DEBUG):
        with_retries(failing(1), RetriesConfig(), Clock())
    assert not caplog.records
