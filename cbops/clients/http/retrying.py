"""Asking again: what may be, how often, after which pause.

stamina does the counting, the pausing (each pause twice the last, with jitter) and, in tests, the leaving out of
pauses: `stamina.set_testing`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import TypeVar

import stamina
from stamina.instrumentation import set_on_retry_hooks

from cbops.errors import CbopsError
from cbops.model.config import RetriesConfig

FIRST_PAUSE = 0.2  # seconds, like the others
JITTER = 0.2
LONGEST_PAUSE = 5.0
_SECONDS = re.compile(r"[0-9]{1,9}")

T = TypeVar("T")

# stamina would otherwise log each retry to standard error, with the exception's own words.
set_on_retry_hooks(())


class TryAgainError(Exception):
    """`error` is what it means unless a later attempt succeeds; `after`: the pause that the server asks for, in seconds."""

    def __init__(self, error: CbopsError, after: float | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.after = after


def with_retries(call: Callable[[], T], retries: RetriesConfig, monotonic: Callable[[], float]) -> T:
    """What the call returns, made again after each TryAgainError while `retries` allow it.

    Raises the last TryAgainError's error, with the number of attempts in its message; whatever else the call raises
    goes through. No attempt begins later than `retries.seconds` after the first.
    """
    until = monotonic() + retries.seconds
    made = 0

    def again(error: Exception) -> bool | float:
        if not isinstance(error, TryAgainError):
            return False
        pause = longest_pause(made) if error.after is None else error.after
        if monotonic() + pause > until:
            return False
        return True if error.after is None else error.after

    attempts = stamina.retry_context(
        on=again,
        attempts=retries.attempts,
        timeout=None,  # `again` knows the time, and the pause that is to come
        wait_initial=FIRST_PAUSE,
        wait_max=LONGEST_PAUSE,
        wait_jitter=JITTER,
    )
    try:
        for attempt in attempts:
            with attempt:
                made += 1
                return call()
    except TryAgainError as last:
        raise _counted(last.error, made) from last.__cause__
    raise AssertionError("stamina ends with an answer or an error")


def longest_pause(made: int) -> float:
    """The longest pause, in seconds, that may follow so many attempts."""
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (made - 1) + JITTER)


def asked_pause(retry_after: str | None, date: str | None) -> float | None:
    """The seconds that `Retry-After` asks for; a date is held against the answer's own `Date`. Null: not told."""
    if retry_after is None:
        return None
    said = retry_after.strip()
    if _SECONDS.fullmatch(said):
        return float(said)
    try:
        pause = (parsedate_to_datetime(said) - parsedate_to_datetime(date or "")).total_seconds()
    except (TypeError, ValueError):
        return None
    return max(0.0, pause)


def _counted(error: CbopsError, made: int) -> CbopsError:
    attempts = "1 attempt" if made == 1 else f"{made} attempts"
    return type(error)(f"{error.message} (after {attempts})", hint=error.hint, details=error.details)
