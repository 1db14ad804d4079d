"""The last days of every tenant's results, day by day, from the answer to `traffic_query`."""

from __future__ import annotations

from datetime import timedelta

from cbops.measure.buckets import Grid, buckets_of
from cbops.measure.names import EVENTS, LATENCY_COUNT, LATENCY_SUM, documented
from cbops.measure.targets import Targets, find_targets
from cbops.model.base import from_ms, to_ms
from cbops.model.config import MetricsConfig
from cbops.model.expected import RecentDay
from cbops.model.observation import Buckets, DayWindow, ScrapeHealth
from cbops.model.series import Fetched, Series

STEP_MS = 300_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000
DAY_HOURS = DAY_MS // HOUR_MS
DAY_STEPS = DAY_MS // STEP_MS


def recent_days(fetched: Fetched, config: MetricsConfig) -> tuple[RecentDay, ...]:
    """The whole days of 24 hours that end with the fetched window, ascending; day 0 is the last.

    Days that begin at the time of looking rather than at midnight: each has every hour once.
    """
    series = [one for one in documented(config, fetched) if one.name in (EVENTS, LATENCY_COUNT, LATENCY_SUM)]
    targets = find_targets(series)
    end = to_ms(fetched.record.end) // STEP_MS * STEP_MS
    # The window begins within a step of a whole number of days.
    size = (end - to_ms(fetched.record.start) + STEP_MS) // DAY_MS
    start = end - size * DAY_MS
    hours = tuple(targets.scraped(at, at + HOUR_MS) for at in range(start, end, HOUR_MS))
    rows = _rows(series, targets, Grid(start, HOUR_MS, hours))
    return tuple(
        _day(targets, start + index * DAY_MS, index - size + 1, [_cut(row, index) for row in rows])
        for index in range(size)
    )


def _rows(series: list[Series], targets: Targets, on: Grid) -> list[Buckets]:
    """Of every (tenant, provider); latencies are unknown where nobody exports them."""
    groups: dict[tuple[str, str], list[Series]] = {}
    for one in series:
        tenant, provider = one.labels.get("tenant_id"), one.labels.get("provider_id")
        if tenant and provider:
            groups.setdefault((tenant, provider), []).append(one)
    latency = any(one.name == LATENCY_COUNT for one in series)
    return [
        buckets_of(mine, targets, on, *key, latency=latency, stepped=True)
        for key, mine in sorted(groups.items())
    ]


def _cut(row: Buckets, index: int) -> Buckets:
    first, last = index * DAY_HOURS, (index + 1) * DAY_HOURS
    columns = ("success", "failure", "fail_fast", "half_open", "latency_count", "latency_sum_ms")
    return row.model_copy(
        update={
            "start": row.start + timedelta(hours=first),
            **{name: getattr(row, name)[first:last] for name in columns},
        }
    )


def _day(targets: Targets, start: int, number: int, rows: list[Buckets]) -> RecentDay:
    seen = sum(targets.scraped(at, at + STEP_MS) for at in range(start, start + DAY_MS, STEP_MS))
    first = from_ms(start)
    return RecentDay(
        window=DayWindow(
            day=number,
            date=first.date(),
            start=first,
            end=from_ms(start + DAY_MS),
            partial=False,
            full=True,
        ),
        scrape=ScrapeHealth(
            interval_seconds=STEP_MS / 1000, expected=DAY_STEPS, seen=seen, coverage=seen / DAY_STEPS
        ),
        buckets=tuple(rows),
    )
