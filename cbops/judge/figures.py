"""Sums of a day's counters, and by how much two of them may differ."""

from __future__ import annotations

from collections.abc import Iterable

from cbops.judge.settings import FLIGHT_SHARE, FLIGHT_SLACK
from cbops.model.observation import Observation


def total(values: Iterable[int | None]) -> int | None:
    """The sum; null as soon as one is unknown, or without any."""
    known = list(values)
    if not known or any(value is None for value in known):
        return None
    return sum(value for value in known if value is not None)


def results_of(day: Observation) -> int | None:
    """Successes and failures of all providers."""
    return total(n for p in day.providers.values() for n in (p.events.success, p.events.failure))


def slack(day: Observation, expected: int) -> int:
    """By how much counters of one day may differ: requests in flight, and what restarts lose."""
    seconds = (day.window.end - day.window.start).total_seconds()
    interval = day.scrape.interval_seconds or 60.0
    lost = len(day.restarts) * 2 * interval / seconds * expected if seconds > 0 else 0.0
    return round(FLIGHT_SLACK + FLIGHT_SHARE * expected + 4 * lost)
