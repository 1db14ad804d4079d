"""Samples as every source hands them over, and what is asked of a source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from cbops.model.base import Frozen, Instant
from cbops.model.telemetry import MetricDialect

# How far back a source looks for a series' last sample before a window.
LOOKBACK = timedelta(hours=6)
# How old a sample may be and still stand for the present, in a query with a step.
STEP_LOOKBACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Matcher:
    """One label condition, as in PromQL; `=~` and `!~` are anchored at both ends."""

    label: str
    op: Literal["=", "!=", "=~", "!~"]
    value: str


def any_of(label: str, values: Iterable[str]) -> Matcher:
    """The label has one of these values, taken literally."""
    found = sorted(set(values))
    if len(found) == 1:
        return Matcher(label, "=", found[0])
    return Matcher(label, "=~", "|".join(regex_literal(value) for value in found))


def regex_literal(value: str) -> str:
    """The text as a regular expression that both RE2 and Python read as that text."""
    return "".join(f"\\{char}" if char in r"\.+*?()|[]{}^$" else char for char in value)


@dataclass(frozen=True, slots=True)
class SeriesQuery:
    """Series by name and labels.

    `names` are exact metric names (as the server calls them); without any, matchers choose (one of them may be
    on `__name__`). `step_seconds` null asks for the raw
    samples; a number asks for the last sample (not older than five minutes) at each multiple of it.
    """

    purpose: str
    names: tuple[str, ...]
    matchers: tuple[Matcher, ...] = ()
    step_seconds: int | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """One series: sample times in milliseconds since the epoch, ascending, and their values.

    Staleness markers are not samples and never appear.
    """

    name: str
    labels: Mapping[str, str]
    times: Sequence[int]
    values: Sequence[float]


class QueryRecord(Frozen):
    """What was asked of the metrics source, kept with what was measured."""

    purpose: str
    query: str
    start: Instant  # samples with start < t <= end, and the last one at or before start
    end: Instant
    step_seconds: int | None = None
    series: int
    samples: int
    warnings: tuple[str, ...] = ()
    dialect: MetricDialect | None = None  # of the transitions in the answer; null: there are none
    asked_at: Instant | None = None  # by the command's clock: the `as_of` of the measurement


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer of a source."""

    series: tuple[Series, ...]
    record: QueryRecord
