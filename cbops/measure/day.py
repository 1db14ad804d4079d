"""One day of one target, measured from samples: pure, the same for every source.

Source: the metrics section of the domain description.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cbops.measure.alerts import alert_intervals
from cbops.measure.buckets import STEP_SECONDS, buckets_of, grid
from cbops.measure.circuits import Walk, state_from_totals
from cbops.measure.counting import count, select
from cbops.measure.episodes import Explained, merge_carried, merge_runs
from cbops.measure.findings import day_findings, scrape_findings, warning_findings
from cbops.measure.latency import latency_figures
from cbops.measure.names import (
    DECISIONS,
    EVENTS,
    FALLBACK_REASON,
    LATENCY_COUNT,
    TRANSITIONS,
    documented,
)
from cbops.measure.queries import DaySamples
from cbops.measure.reasons import reason_of, trigger_series
from cbops.measure.scrapes import restarts_in, scrape_health
from cbops.measure.targets import ScrapeTarget, Targets, find_targets, with_history
from cbops.measure.transitions import Step, dialect_of, edge_of, first_totals, timelines
from cbops.model.base import from_ms, to_ms
from cbops.model.config import MetricsConfig
from cbops.model.observation import (
    Buckets,
    DayWindow,
    EventCounts,
    LatencyFigures,
    Observation,
    ProviderDay,
    State,
    Transition,
    TransitionCounts,
)
from cbops.model.series import Series
from cbops.model.tenant import Target

_WORST: tuple[State, ...] = ("closed", "half_open", "open")


@dataclass(frozen=True, slots=True)
class _Day:
    """The samples of a day in documented names, and where they come from."""

    tenant: tuple[Series, ...]  # raw, continued backwards by steps
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
) -> Observation:
    """What the samples show of the window (start, end].

    Providers are those that the tenant's series name, the target's, and `known_providers` (the policy's,
    or those of other days). Counts are whole numbers; null where no scrape was.
    """
    day = _prepare(window, samples, config)
    latency = any(one.name == LATENCY_COUNT for one in (*day.tenant, *day.everyone))
    names = sorted({*_providers(day.tenant), target.provider, *known_providers})
    providers = {name: _provider_day(day, name, latency=latency) for name in names}
    walks = _walk(day)
    health = scrape_health(day.targets, day.start, day.end)
    restarts = restarts_in(day.targets, day.start, day.end)
    decisions = count(select(day.tenant, DECISIONS), day.targets, day.start, day.end)
    dialect = dialect_of((*day.tenant, *day.controls), config.dialect)
    explained = _explained(day, walks)
    records = tuple(one.record for one in samples.answers)
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
        state_at_start=_states_at_start(day, names, walks),
        transitions=_transitions(walks, day.start),
        episodes=merge_runs(one for one in explained if not one.run.carried),
        carried=merge_carried(one.run for one in explained if one.run.carried),
        alerts=None
        if samples.alerts is None
        else alert_intervals(
            documented(config, samples.alerts), target.tenant, (day.start, day.end), interval
        ),
        buckets=_buckets(day, target.tenant, names, latency=latency),
        controls=_controls(day, latency=latency),
        findings=(
            *scrape_findings(health, restarts),
            *day_findings(
                providers,
                decisions,
                latency=latency,
                unseen=sum(one.walk.unseen for one in walks),
                enabled=window.day >= 1,
            ),
            *warning_findings(records),
        ),
        queries=records,
    )


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


@dataclass(frozen=True, slots=True)
class _Walked:
    walk: Walk
    steps: list[Step]


def _walk(day: _Day) -> list[_Walked]:
    """Every circuit of the tenant through all that is known of it up to the window's end."""
    first = first_totals(day.tenant, day.targets)
    found: list[_Walked] = []
    for key, steps in sorted(timelines(day.tenant, day.targets, day.end).items()):
        provider, job, instance = key
        name = next((one.instance for one in day.targets.all if one.key == (job, instance)), instance)
        walk = Walk(provider, name, state_from_totals(first.get(key, {})), day.start)
        for step in steps:
            walk.take(step)
        walk.begin()
        found.append(_Walked(walk, steps))
    return found


def _states_at_start(day: _Day, providers: Sequence[str], walks: Sequence[_Walked]) -> dict[str, State]:
    """Per provider the worst of its instances; nothing where no scrape tells."""
    if not any(target.times for target in day.targets.all):
        return {}
    states: dict[str, State] = dict.fromkeys(providers, "closed")
    for one in walks:
        found, known = one.walk.state_at_start, states.get(one.walk.provider, "closed")
        states[one.walk.provider] = max(found, known, key=_WORST.index)
    return states


def _explained(day: _Day, walks: Sequence[_Walked]) -> list[Explained]:
    triggers = trigger_series(day.tenant)
    found: list[Explained] = []
    for one in walks:
        opened = Counter(run.opened for run in one.walk.runs if not run.carried)
        for run in one.walk.runs:
            reason = None if run.carried else reason_of(run, opened[run.opened], triggers, day.targets)
            found.append(Explained(run, reason))
    return found


def _transitions(walks: Sequence[_Walked], start: int) -> tuple[Transition, ...]:
    found = [
        Transition(
            provider=one.walk.provider,
            instance=one.walk.instance,
            after=None if step.after is None else from_ms(step.after),
            at=from_ms(step.at),
            source=source,
            target=target,
            count=number,
        )
        for one in walks
        for step in one.steps
        if step.at > start
        for (source, target), number in sorted(step.edges.items(), key=lambda item: str(item[0]))
    ]
    return tuple(sorted(found, key=lambda one: (one.at, one.provider, one.instance)))


def _buckets(day: _Day, tenant: str, providers: Sequence[str], *, latency: bool) -> tuple[Buckets, ...]:
    on = grid(day.targets, day.start, day.end)
    return tuple(
        buckets_of(day.tenant, day.targets, on, tenant, provider, latency=latency) for provider in providers
    )


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
