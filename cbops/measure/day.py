"""One day of one target, measured from samples: pure, the same for every source.

Source: the metrics section of the domain description.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cbops.measure.absent import absent_metrics, moved_findings, name_findings
from cbops.measure.alerts import alert_intervals
from cbops.measure.buckets import HOUR_SECONDS, STEP_SECONDS, buckets_of, grid
from cbops.measure.copies import copies_finding
from cbops.measure.counting import count, select
from cbops.measure.episodes import merge_carried, merge_runs
from cbops.measure.findings import (
    day_findings,
    dialect_findings,
    job_findings,
    presence_findings,
    scrape_findings,
    warning_findings,
)
from cbops.measure.gauges import compare_gauges
from cbops.measure.latency import latency_figures, latency_histogram
from cbops.measure.metrics import metric_dialect, metrics_found
from cbops.measure.names import (
    DECISIONS,
    EVENTS,
    FALLBACK_REASON,
    LATENCY_COUNT,
    TRANSITIONS,
    documented,
)
from cbops.measure.queries import DaySamples
from cbops.measure.scrapes import restarts_in, scrape_health
from cbops.measure.targets import ScrapeTarget, Targets, find_targets, with_history
from cbops.measure.transitions import dialect_of, edge_of
from cbops.measure.walks import (
    circuit_days,
    explained_runs,
    states_at_start,
    transitions_after,
    walk_circuits,
)
from cbops.model.base import to_ms
from cbops.model.config import MetricsConfig
from cbops.model.observation import (
    Buckets,
    DayWindow,
    EventCounts,
    Finding,
    LatencyFigures,
    LatencyHistogram,
    Observation,
    ProviderDay,
    State,
    TransitionCounts,
)
from cbops.model.series import Fetched, QueryRecord, Series
from cbops.model.telemetry import LoadedRule, MetricFound
from cbops.model.tenant import Target


@dataclass(frozen=True, slots=True)
class _Day:
    """The samples of a day in documented names, and where they come from."""

    raw: tuple[Series, ...]  # the tenant's
    tenant: tuple[Series, ...]  # the same, continued backwards by steps
    targets: Targets
    everyone: tuple[Series, ...]
    controls: tuple[Series, ...]
    start: int
    end: int


def measure_day(
    target: Target,
    window: DayWindow,
    as_of: datetime,
    samples: DaySamples,
    config: MetricsConfig,
    *,
    known_providers: Iterable[str] = (),
    alert_rules: tuple[LoadedRule, ...] | None = None,
    error_rate_windows: Iterable[float] = (),
) -> Observation:
    """What the samples show of the window (start, end].

    Providers are those that the tenant's series name, the target's, and `known_providers` (the policy's,
    or those of other days). Counts are whole numbers; null where no scrape was. `alert_rules` are those that
    the server has loaded (null: could not be asked); `error_rate_windows` the seconds that the policy gives.
    """
    day = _prepare(window, samples, config)
    latency = any(one.name == LATENCY_COUNT for one in (*day.tenant, *day.everyone))
    names = sorted({*_providers(day.tenant), target.provider, *known_providers})
    providers = {name: _provider_day(day, name, latency=latency) for name in names}
    walks = walk_circuits(day.tenant, day.targets, day.start, day.end)
    health = scrape_health(day.targets, day.start, day.end)
    restarts = restarts_in(day.targets, day.start, day.end)
    decisions = count(select(day.tenant, DECISIONS), day.targets, day.start, day.end)
    dialect = dialect_of((*day.tenant, *day.controls), config.dialect)
    explained = explained_runs(day.tenant, day.targets, walks)
    records = tuple(_record(one, config, as_of) for one in samples.answers)
    metrics = metrics_found(day.raw, config, day.start, day.end)
    interval = (health.interval_seconds or 60) * 1000
    return Observation(
        target=target,
        window=window,
        as_of=as_of,
        source=samples.source,
        dialect=dialect,
        scrape=health,
        restarts=restarts,
        decisions=decisions,
        fallback_decisions=count(
            select(day.tenant, DECISIONS, {"reason": FALLBACK_REASON}), day.targets, day.start, day.end
        ),
        providers=providers,
        state_at_start=states_at_start(day.targets, names, walks),
        transitions=transitions_after(walks, day.start),
        circuits=circuit_days(walks),
        episodes=merge_runs(one for one in explained if not one.run.carried),
        carried=merge_carried(one.run for one in explained if one.run.carried),
        alerts=None
        if samples.alerts is None
        else alert_intervals(
            documented(config, samples.alerts), target.tenant, (day.start, day.end), interval
        ),
        buckets=_buckets(day, target.tenant, names, latency=latency),
        controls=_controls(day, latency=latency),
        latency_histograms=_histograms(day, names),
        findings=(
            *scrape_findings(health, restarts),
            *day_findings(
                providers,
                decisions,
                latency=latency,
                unseen=sum(one.walk.unseen for one in walks),
                enabled=window.day >= 1,
            ),
            *_data_findings(day, target, samples, config, metrics, seen=health.seen > 0),
            *warning_findings(records),
        ),
        metrics=metrics,
        gauges=compare_gauges(day.tenant, day.targets, day.start, day.end, window_seconds=error_rate_windows),
        alert_rules=alert_rules,
        queries=records,
    )


def _data_findings(
    day: _Day,
    target: Target,
    samples: DaySamples,
    config: MetricsConfig,
    metrics: Iterable[MetricFound],
    *,
    seen: bool,
) -> list[Finding]:
    """What is wrong with the data themselves: absent, under another name, in two dialects, or there twice."""
    mine = day.raw
    return [
        *presence_findings(target.tenant, day.tenant, day.everyone, day.start, seen=seen),
        *name_findings(config, samples.tenant, samples.alike, absent_metrics(mine)),
        *moved_findings(mine, day.targets, day.start, day.end),
        *job_findings(config.job, samples.scrapes, seen=seen),
        *dialect_findings(metrics),
        *copies_finding(mine, day.start, day.end),
    ]


def _record(answer: Fetched, config: MetricsConfig, as_of: datetime) -> QueryRecord:
    """How it was asked, with what only the measurement knows."""
    spoken = metric_dialect(documented(config, answer), TRANSITIONS)
    return answer.record.model_copy(update={"dialect": spoken, "asked_at": as_of})


def _prepare(window: DayWindow, samples: DaySamples, config: MetricsConfig) -> _Day:
    start, end = to_ms(window.start), to_ms(window.end)
    raw = with_history(documented(config, samples.tenant), documented(config, samples.earlier))
    history = documented(config, samples.history)
    everyone = documented(config, samples.survey)
    ups = documented(config, samples.scrapes)
    targets = find_targets(raw, ups, history, start)
    if not targets.all and everyone:
        # The tenant has no series at all; the routers are known from the other tenants'.
        targets = find_targets(everyone, ups)
    return _Day(
        raw=raw,
        tenant=with_history(raw, history),
        targets=targets,
        everyone=everyone,
        controls=documented(config, samples.controls),
        start=start,
        end=end,
    )


def _providers(series: Iterable[Series]) -> set[str]:
    return {provider for one in series if (provider := one.labels.get("provider_id"))}


def _provider_day(day: _Day, provider: str, *, latency: bool) -> ProviderDay:
    def events(kind: str) -> int | None:
        wanted = {"provider_id": provider, "event_type": kind}
        return count(select(day.tenant, EVENTS, wanted), day.targets, day.start, day.end)

    def transitions(state: State) -> int | None:
        found = [
            one
            for one in select(day.tenant, TRANSITIONS, {"provider_id": provider})
            if (edge := edge_of(one.labels)) is not None and edge[1] == state
        ]
        return count(found, day.targets, day.start, day.end)

    counted = EventCounts(success=events("success"), failure=events("failure"), fail_fast=events("fail_fast"))
    results = (counted.success or 0) + (counted.failure or 0)
    known = latency and day.targets.scraped(day.start, day.end)
    return ProviderDay(
        events=counted,
        transitions=TransitionCounts(
            open=transitions("open"), half_open=transitions("half_open"), closed=transitions("closed")
        ),
        error_rate=(counted.failure or 0) / results if results else None,
        latency=latency_figures(day.tenant, day.targets, provider, day.start, day.end)
        if known
        else LatencyFigures(),
    )


def _buckets(day: _Day, tenant: str, providers: Sequence[str], *, latency: bool) -> tuple[Buckets, ...]:
    on = grid(day.targets, day.start, day.end)
    return tuple(
        buckets_of(day.tenant, day.targets, on, tenant, provider, latency=latency) for provider in providers
    )


def _histograms(day: _Day, providers: Sequence[str]) -> tuple[LatencyHistogram, ...]:
    """The tenant's, per hour."""
    on = grid(day.targets, day.start, day.end, HOUR_SECONDS)
    found = (latency_histogram(day.tenant, day.targets, provider, on) for provider in providers)
    return tuple(one for one in found if one is not None)


def _controls(day: _Day, *, latency: bool) -> tuple[Buckets, ...]:
    """The control tenants from steps, on the grid of the tenant's own scrapes."""
    if not day.controls:
        return ()
    on = grid(day.targets, day.start, day.end)
    stepped = Targets(
        replace(target, interval=max(target.interval, STEP_SECONDS * 1000.0)) for target in _all_targets(day)
    )
    pairs = sorted(
        {(one.labels.get("tenant_id", ""), one.labels.get("provider_id", "")) for one in day.controls}
    )
    return tuple(
        buckets_of(day.controls, stepped, on, tenant, provider, latency=latency, stepped=True)
        for tenant, provider in pairs
    )


def _all_targets(day: _Day) -> Iterable[ScrapeTarget]:
    """The tenant's instances, and those that only other tenants' series name."""
    mine = {target.key: target for target in day.targets.all}
    others = {target.key: target for target in find_targets(day.controls).all}
    return [*mine.values(), *(target for key, target in others.items() if key not in mine)]
