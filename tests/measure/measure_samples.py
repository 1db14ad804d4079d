"""Small series for the tests of cbops.measure; times are whole seconds, scrapes every 60 of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from cbops.measure.targets import Targets, find_targets
from cbops.model.base import to_ms
from cbops.model.observation import DayWindow, Episode, Observation, ScrapeHealth
from cbops.model.series import LOOKBACK, STEP_LOOKBACK, Fetched, QueryRecord, Series, SeriesQuery
from cbops.model.tenant import Target

TARGET = Target(tenant="t1", policy="p1", provider="openai")
DAY = datetime(2025, 1, 29, tzinfo=UTC)
DAY_S = to_ms(DAY) // 1000

EVENTS = "router_circuit_breaker_events_total"
TRANSITIONS = "router_circuit_breaker_state_transitions_total"
TRIGGER = "router_circuit_breaker_trigger_reason"
ERROR_RATE = "router_circuit_breaker_error_rate"
STATE = "router_circuit_breaker_state"
DECISIONS = "router_policy_decisions_total"
LATENCY = "router_result_latency_ms"


def series(name: str, points: Mapping[int, float] | Iterable[tuple[int, float]], **labels: str) -> Series:
    """A series from seconds to values; labels ending in '_' lose it (`from_`)."""
    found = sorted(points.items() if isinstance(points, Mapping) else points)
    return Series(
        name,
        {key.removesuffix("_"): value for key, value in labels.items()},
        [at * 1000 for at, _ in found],
        [float(value) for _, value in found],
    )


def up(times: Iterable[int], value: float = 1, **labels: str) -> Series:
    return series("up", [(at, value) for at in times], **labels)


def targets_of(*found: Series, ups: Sequence[Series] = ()) -> Targets:
    return find_targets(list(found), ups)


def seconds(offset: float) -> datetime:
    return DAY + timedelta(seconds=offset)


def window(
    start: float = 0, end: float = 86400, day: int = 3, *, partial: bool = False, full: bool = True
) -> DayWindow:
    return DayWindow(
        day=day,
        date=date(2025, 1, 29),
        start=seconds(start),
        end=seconds(end),
        partial=partial,
        full=full,
    )


class Memory:
    """A source that answers from a list of series, as the real ones do, and keeps what it was asked."""

    kind = "prometheus"

    def __init__(self, *found: Series) -> None:
        self.series = found
        self.asked: list[SeriesQuery] = []

    def fetch(self, query: SeriesQuery, start: datetime, end: datetime) -> Fetched:
        self.asked.append(query)
        found = tuple(
            kept
            for one in self.series
            if (one.name in query.names or not query.names)
            and all(
                _holds(matcher.op, matcher.value, {"__name__": one.name, **one.labels}.get(matcher.label, ""))
                for matcher in query.matchers
            )
            and (kept := _cut(one, query.step_seconds, to_ms(start), to_ms(end))) is not None
        )
        record = QueryRecord(
            purpose=query.purpose,
            query=query.purpose,
            start=start,
            end=end,
            step_seconds=query.step_seconds,
            series=len(found),
            samples=sum(len(one.times) for one in found),
        )
        return Fetched(found, record)


def _holds(op: str, wanted: str, found: str) -> bool:
    """Enough of PromQL for the queries here, which Python reads as RE2 does."""
    return re.fullmatch(wanted, found) is not None if op == "=~" else found == wanted


def _cut(one: Series, step: int | None, start: int, end: int) -> Series | None:
    samples = list(zip(one.times, one.values, strict=True))
    earliest = start - round(LOOKBACK.total_seconds() * 1000)
    if step is not None:
        samples = list(_steps(samples, step * 1000, earliest, end))
    kept = [(at, value) for at, value in samples if earliest <= at <= end]
    before = [sample for sample in kept if sample[0] <= start][-1:]
    kept = before + [sample for sample in kept if sample[0] > start]
    return Series(one.name, one.labels, [at for at, _ in kept], [v for _, v in kept]) if kept else None


def _steps(
    samples: Sequence[tuple[int, float]], step: int, start: int, end: int
) -> Iterable[tuple[int, float]]:
    reach = round(STEP_LOOKBACK.total_seconds() * 1000)
    for point in range(-(-start // step) * step, end + 1, step):
        seen = [(at, value) for at, value in samples if point - reach <= at <= point]
        if seen:
            yield point, seen[-1][1]


def observation(day: int, **fields: object) -> Observation:
    """A day with nothing in it but what a test says."""
    start = seconds(86400 * (day - 1))
    whole = DayWindow(
        day=day,
        date=start.date(),
        start=start,
        end=start + timedelta(days=1),
        partial=False,
        full=True,
    )
    given: dict[str, object] = {
        "target": TARGET,
        "window": whole,
        "as_of": whole.end,
        "source": "prometheus",
        "dialect": "router",
        "scrape": ScrapeHealth(interval_seconds=60, expected=1440, seen=1440, coverage=1.0),
        "decisions": 1,
        "fallback_decisions": 0,
        "providers": {},
    }
    return Observation.model_validate({**given, **fields})


def episode(
    opened: float, closed: float | None = None, provider: str = "openai", **fields: object
) -> Episode:
    at = seconds(opened)
    given: dict[str, object] = {
        "id": f"{provider}-{at:%Y%m%dT%H%M%SZ}",
        "provider": provider,
        "opened": at,
        "closed": None if closed is None else seconds(closed),
        "closed_by": None if closed is None else "results",
    }
    return Episode.model_validate({**given, **fields})
