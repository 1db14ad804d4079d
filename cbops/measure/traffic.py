"""Traffic of tenants' policies and of circuits: the busiest hour counts, and the quietest, not the mean.

Source: the criteria for a canary in the domain description (low traffic is under 100 requests a minute), and
"What this means in practice" for the quietest hour.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate

from cbops.measure.counting import increments, select
from cbops.measure.names import DECISIONS, EVENTS, LATENCY_COUNT, LATENCY_SUM, documented, server_query
from cbops.measure.targets import ScrapeTarget, Targets, find_targets
from cbops.model.base import to_ms
from cbops.model.config import MetricsConfig
from cbops.model.series import Fetched, Matcher, Series, SeriesQuery

STEP_MS = 300_000
HOUR = 12  # steps


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests per minute; `hours` is how much of the time was seen.

    `quietest_rpm` null: no hour was scraped well enough to say.
    """

    busiest_rpm: float
    mean_rpm: float
    hours: float
    quietest_rpm: float | None = None


def traffic_query(config: MetricsConfig, *, results: bool = False) -> SeriesQuery:
    """What to fetch for `traffic` over the days to look back; with `results` for `recent_days` as well."""
    if not results:
        return server_query(config, "decisions of all tenants", (DECISIONS,), step_seconds=STEP_MS // 1000)
    return server_query(
        config,
        "decisions and results of all tenants",
        (DECISIONS, EVENTS, LATENCY_COUNT, LATENCY_SUM),
        step_seconds=STEP_MS // 1000,
    )


def traffic(fetched: Fetched, config: MetricsConfig) -> dict[tuple[str, str], Traffic]:
    """Per (tenant, policy), over the fetched window; one that is missing there is unknown.

    The busiest hour is the busiest sixty minutes at five-minute steps. With less than an hour of
    scrapes, nothing is known.
    """
    series = [one for one in documented(config, fetched) if one.name == DECISIONS]
    targets = find_targets(series)
    start = -(-to_ms(fetched.record.start) // STEP_MS) * STEP_MS
    size = (to_ms(fetched.record.end) - start) // STEP_MS
    groups: dict[tuple[str, str], list[Series]] = {}
    for one in series:
        tenant, policy = one.labels.get("tenant_id"), one.labels.get("policy_id")
        if tenant and policy:
            groups.setdefault((tenant, policy), []).append(one)
    known = _known(targets.all, start, size)
    found = {key: _figures(_column(mine, targets, start, size), known) for key, mine in groups.items()}
    return {key: figures for key, figures in found.items() if figures is not None}


def circuit_query(config: MetricsConfig, tenant: str) -> SeriesQuery:
    """What to fetch for `circuit_traffic` over the days to look back; decisions tell of scrapes without results."""
    return server_query(
        config,
        f"results of {tenant}",
        (EVENTS, DECISIONS),
        (Matcher("tenant_id", "=", tenant),),
        step_seconds=STEP_MS // 1000,
    )


def circuit_traffic(
    fetched: Fetched, config: MetricsConfig, tenant: str, provider: str
) -> tuple[Traffic, ...]:
    """The traffic of the circuit in each router instance where an hour of it is known; empty: unknown.

    Counted are all events: results, and requests that the breaker denied. Instances share no circuit, so each
    stands for itself.
    """
    series = [one for one in documented(config, fetched) if one.name in (EVENTS, DECISIONS)]
    targets = find_targets(series)
    mine = select(series, EVENTS, {"tenant_id": tenant, "provider_id": provider})
    start = -(-to_ms(fetched.record.start) // STEP_MS) * STEP_MS
    size = (to_ms(fetched.record.end) - start) // STEP_MS
    found = []
    for target in targets.all:
        here = [one for one in mine if targets.of(one) is target]
        if here:
            found.append(_figures(_column(here, targets, start, size), _known((target,), start, size)))
    return tuple(figures for figures in found if figures is not None)


def _known(targets: Iterable[ScrapeTarget], start: int, size: int) -> list[bool]:
    known = [False] * max(size, 0)
    for target in targets:
        for time in target.scrapes(start, start + size * STEP_MS):
            known[(time - start - 1) // STEP_MS] = True
    return known


def _column(series: Iterable[Series], targets: Targets, start: int, size: int) -> list[float]:
    """Requests per step; what a gap hid is spread evenly over it, so that it makes no busy hour."""
    column = [0.0] * max(size, 0)
    for one in series:
        for rise in increments(one, targets.of(one), start, start + size * STEP_MS, stepped=True):
            last = (rise.at - start - 1) // STEP_MS
            after = start if rise.after is None else max(rise.after, start)
            first = min(last, (after - start) // STEP_MS)
            share = rise.by / (last - first + 1)
            for index in range(first, last + 1):
                column[index] += share
    return column


def _figures(column: list[float], known: list[bool]) -> Traffic | None:
    seen = sum(known)
    if seen < HOUR:
        return None
    # From the first scrape to the last: what came between two scrapes was spread over the steps between.
    first, last = known.index(True), len(known) - known[::-1].index(True)
    hours = _hours(column)
    told = _hours([float(each) for each in known])
    # A gap may hide a quiet time or a busy one.
    quiet = [hours[at] for at in range(first, last - HOUR + 1) if told[at] >= HOUR / 2]
    return Traffic(
        busiest_rpm=max(hours) / 60,
        mean_rpm=sum(column[first:last]) / ((last - first) * 5),
        hours=seen / HOUR,
        quietest_rpm=max(min(quiet), 0.0) / 60 if quiet else None,
    )


def _hours(column: list[float]) -> list[float]:
    """The sum of each hour of steps, by its first step."""
    sums = [0.0, *accumulate(column)]
    return [after - before for before, after in zip(sums, sums[HOUR:], strict=False)]
