"""What a day asks of a metrics source, and the gathering of the answers.

A day costs at most six requests, however many providers there are: the tenant's raw samples (counters and
gauges), its transitions of the day before in steps, a survey of all tenants in steps, `up`, the control tenants
in steps, and the alerts. After a scrape gap of more than six hours before the window there is one more, for the
samples before the gap; and where a required metric has no series, one for series with a name like it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cbops.measure.absent import absent_metrics, alike_query
from cbops.measure.counting import increase, select
from cbops.measure.names import (
    ALERTS,
    DECISIONS,
    EVENTS,
    LATENCY_COUNT,
    LATENCY_SUM,
    TENANT_NAMES,
    TRANSITIONS,
    UP,
    documented,
    moved_away,
    server_query,
)
from cbops.measure.targets import find_targets
from cbops.model.base import to_ms
from cbops.model.config import MetricsConfig
from cbops.model.observation import DayWindow
from cbops.model.series import LOOKBACK, Fetched, Matcher, Series, SeriesQuery, any_of, regex_literal
from cbops.model.tenant import Target

Fetch = Callable[[SeriesQuery, datetime, datetime], Fetched]

STEP = 300
SURVEY_STEP = 3600
HISTORY = timedelta(hours=24)
MAX_CONTROLS = 20


@dataclass(frozen=True, slots=True)
class DayQueries:
    """The queries of a day that need no answer of another one."""

    tenant: SeriesQuery
    history: SeriesQuery
    survey: SeriesQuery
    alerts: SeriesQuery


@dataclass(frozen=True, slots=True)
class DaySamples:
    """The answers; null: not asked, or could not be asked. `source` is the source's kind."""

    source: str
    tenant: Fetched
    history: Fetched
    survey: Fetched
    scrapes: Fetched | None = None
    controls: Fetched | None = None
    alerts: Fetched | None = None
    earlier: Fetched | None = None
    alike: Fetched | None = None

    @property
    def answers(self) -> tuple[Fetched, ...]:
        """Every answer there is, in the order of asking."""
        asked = (
            self.tenant,
            self.earlier,
            self.history,
            self.survey,
            self.scrapes,
            self.controls,
            self.alerts,
            self.alike,
        )
        return tuple(one for one in asked if one is not None)


def day_queries(target: Target, config: MetricsConfig) -> DayQueries:
    """What can be asked at once; `gather_day` asks these and the two or three that depend on them."""
    mine = (Matcher("tenant_id", "=", target.tenant),)
    tenant = server_query(config, "the tenant's counters and gauges", TENANT_NAMES, mine)
    return DayQueries(
        # Documented names that are remapped are asked for as well, to say where they exist after all.
        tenant=replace(tenant, names=(*tenant.names, *moved_away(config))),
        history=server_query(
            config, "the tenant's circuits on the day before", (TRANSITIONS, DECISIONS), mine, STEP
        ),
        survey=server_query(
            config,
            "all tenants: who shares the providers, which instances there are",
            (EVENTS, LATENCY_COUNT),
            step_seconds=SURVEY_STEP,
        ),
        alerts=server_query(
            config,
            "alerts that fired",
            (ALERTS,),
            (
                Matcher("alertstate", "=", "firing"),
                Matcher("tenant_id", "=~", f"{regex_literal(target.tenant)}|"),
            ),
        ),
    )


def gather_day(  # noqa: PLR0917 - each is one thing of its own
    fetch: Fetch,
    kind: str,
    target: Target,
    window: DayWindow,
    config: MetricsConfig,
    known_providers: Iterable[str] = (),
    named: Iterable[str] = (),
) -> DaySamples:
    """Ask `fetch` (a source's) for all that `measure_day` needs; six requests, at most eight.

    `kind` is the source's name; `named` are tenants that a person wants compared with. MetricsError of the source goes through.
    """
    queries = day_queries(target, config)
    start, end = window.start, window.end
    tenant = fetch(queries.tenant, start, end)
    survey = fetch(queries.survey, start, end)
    ours, everyone = documented(config, tenant), documented(config, survey)
    scrapes = fetch(scrape_query(config, [*ours, *everyone]), start, end)
    earlier = None
    if not _scraped_before(ours, documented(config, scrapes), to_ms(start)):
        earlier = fetch(queries.tenant, start - HISTORY, start - LOOKBACK)
    history = fetch(queries.history, start - HISTORY, start)
    known = {*known_providers, *_providers(ours)}
    controls_query = control_query(config, target, window, everyone, known, named)
    controls = None if controls_query is None else fetch(controls_query, start, end)
    alerts = fetch(queries.alerts, start, end)
    absent = absent_metrics(ours)
    alike = fetch(alike_query(config, target.tenant, absent), start, end) if absent else None
    # Nothing evaluates alert rules in the embedded store: no series does not mean that nothing fired.
    alerts_known = None if kind == "embedded" and not alerts.series else alerts
    return DaySamples(
        source=kind,
        tenant=tenant,
        history=history,
        survey=survey,
        scrapes=scrapes,
        controls=controls,
        alerts=alerts_known,
        earlier=earlier,
        alike=alike,
    )


def scrape_query(config: MetricsConfig, series: Iterable[Series]) -> SeriesQuery:
    """`up` of the routers' instances; of everything where the series do not name their instance."""
    instances = {one.labels.get("instance", "") for one in series}
    matchers: list[Matcher] = []
    if config.job:
        matchers.append(Matcher("job", "=", config.job))
    if instances and "" not in instances:
        matchers.append(any_of("instance", instances))
    return server_query(config, "which scrapes succeeded", (UP,), matchers)


def _providers(series: Iterable[Series]) -> set[str]:
    return {provider for one in series if (provider := one.labels.get("provider_id"))}


def _scraped_before(series: Iterable[Series], ups: Iterable[Series], start: int) -> bool:
    return any(one.times and one.times[0] <= start for one in (*series, *ups))


def control_query(  # noqa: PLR0917 - each is one thing of its own
    config: MetricsConfig,
    target: Target,
    window: DayWindow,
    survey: Iterable[Series],
    providers: Iterable[str],
    named: Iterable[str] = (),
) -> SeriesQuery | None:
    """The other tenants with the most results on the same providers, and those that a person named; null when there is none."""
    shared = {*providers, target.provider}
    results = [
        one
        for one in select(survey, EVENTS)
        if one.labels.get("provider_id") in shared
        and one.labels.get("tenant_id") not in (None, target.tenant)
    ]
    if not results:
        return None
    targets = find_targets(results)
    start, end = to_ms(window.start), to_ms(window.end)
    volume: dict[str, float] = {}
    for one in results:
        tenant = one.labels["tenant_id"]
        volume[tenant] = volume.get(tenant, 0.0) + increase([one], targets, start, end)
    chosen = sorted(volume, key=lambda tenant: (-volume[tenant], tenant))[:MAX_CONTROLS]
    return server_query(
        config,
        "other tenants on the same providers",
        (EVENTS, TRANSITIONS, LATENCY_COUNT, LATENCY_SUM),
        (any_of("tenant_id", {*chosen, *named} - {target.tenant}), any_of("provider_id", shared)),
        STEP,
    )
