"""Units of time: what a column's name says, what a number's size says, and the bounds that follow.

A number's size tells its unit when it counts from 1970: below 1e8 it counts from a beginning of its own (a
relative clock), below 1e11 seconds, below 1e14 milliseconds, below 1e17 microseconds, else nanoseconds.
In milliseconds all of the latter lie in 1e11 to 1e14, the years 1973 to 5138.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Unit = Literal["s", "ms", "us", "ns"]
Clock = Literal["wall", "relative"]

WORDS: dict[str, Unit] = {
    "s": "s",
    "sec": "s",
    "secs": "s",
    "second": "s",
    "seconds": "s",
    "ms": "ms",
    "millis": "ms",
    "milliseconds": "ms",
    "us": "us",
    "µs": "us",
    "micros": "us",
    "microseconds": "us",
    "ns": "ns",
    "nanos": "ns",
    "nanoseconds": "ns",
}
NAMES: dict[Unit, str] = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
PER_MS: dict[Unit, int] = {"us": 1000, "ns": 1_000_000}

SMALL = 1e8
SIZES: tuple[tuple[float, Unit], ...] = ((1e11, "s"), (1e14, "ms"), (1e17, "us"), (float("inf"), "ns"))

FIRST_WALL = 10**11
LAST_SIZED = 10**14 - 1
# The end of the year 9900: ten years of latency and a time zone still fit the calendar behind it.
LAST_INSTANT = 250_278_163_199_999
# A relative clock whose unit was guessed is not believed beyond 11 days: larger numbers are dates in seconds.
LAST_GUESSED = 10**9 - 1
TEN_YEARS = 10 * 31_557_600_000

_SUFFIX = re.compile(rf"(?:^|[_.\- ])({'|'.join(sorted(WORDS, key=len, reverse=True))})$", re.IGNORECASE)
# Columns of these names hold Unix times by custom, which count seconds; others count milliseconds as the
# conformance traces do.
_IN_SECONDS = ("ts", "time", "timestamp", "@timestamp")


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file's arrivals are read: text of ISO 8601, an instant of the file's own type, or a number in `unit`.

    `first` and `last` are the bounds in milliseconds within which a row belongs to the same clock and unit.
    `guessed`: neither the map nor the column's name nor the size tells the unit of this relative clock.
    """

    form: Literal["number", "text", "instant"]
    unit: Unit
    clock: Clock
    first: int
    last: int
    sized: bool = False
    guessed: bool = False

    def __str__(self) -> str:
        if self.form != "number":
            return "a time such as 2025-01-27T09:00:00.000Z"
        since = "since 1970" if self.clock == "wall" else "from the trace's beginning"
        return f"{NAMES[self.unit]} {since}"


TEXT = Reading("text", "ms", "wall", 0, LAST_INSTANT)
INSTANT = Reading("instant", "ms", "wall", 0, LAST_INSTANT)


def unit_of_name(column: str) -> Unit | None:
    """The unit that a column's name ends with: `latency_ms`, `duration_seconds`; null without one."""
    found = _SUFFIX.search(column.strip())
    return WORDS[found.group(1).lower()] if found else None


def unit_of_size(number: float) -> Unit | None:
    """The unit of a count from 1970 by its size; null for the small numbers of a relative clock."""
    size = abs(number)
    if not size >= SMALL:
        return None
    return next(unit for limit, unit in SIZES if size < limit or limit == float("inf"))


def reading_of_number(number: float, column: str, unit: Unit | None) -> Reading:
    """How numbers like the trace's first arrival are read.

    `unit`: what the map says. Without it the ending of the column's name counts, then the number's size. A
    small number in a column without a unit is in seconds when the column is called `ts`, `time` or
    `timestamp`, else in milliseconds.
    """
    known = unit or unit_of_name(column)
    if known is not None:
        relative = in_ms(number, known) < FIRST_WALL
        bounds = (0, FIRST_WALL - 1) if relative else (FIRST_WALL, LAST_INSTANT)
        return Reading("number", known, "relative" if relative else "wall", *bounds)
    sized = unit_of_size(number)
    if sized is not None:
        return Reading("number", sized, "wall", FIRST_WALL, LAST_SIZED, sized=True)
    guess: Unit = "s" if column.strip().lower() in _IN_SECONDS else "ms"
    return Reading("number", guess, "relative", 0, LAST_GUESSED, guessed=True)


def in_ms(number: float, unit: Unit) -> float:
    """The same span in milliseconds, not rounded."""
    return number * 1000 if unit == "s" else number / PER_MS.get(unit, 1)
