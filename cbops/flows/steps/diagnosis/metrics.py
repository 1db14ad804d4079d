"""The metrics source: does it answer, does it have the router's metrics, and of these tenants."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from cbops.errors import (
    CbopsError,
    MetricsAnswerError,
    MetricsQueryError,
    MetricsRefusedError,
)
from cbops.flows.ports import MetricsPort, MetricsServerPort
from cbops.flows.steps.diagnosis.asking import Remembering
from cbops.flows.steps.diagnosis.clocks import Reading
from cbops.flows.steps.diagnosis.marking import Mark, guarded
from cbops.flows.steps.diagnosis.premises import Premises, Subject, Window
from cbops.flows.steps.diagnosis.words import some
from cbops.flows.steps.wording import plural
from cbops.measure.inventory import (
    REQUIRED,
    alike,
    documented_labels,
    tenants_of,
)
from cbops.measure.names import (
    DECISIONS,
    ERROR_RATE,
    EVENTS,
    LATENCY_BUCKET,
    LATENCY_COUNT,
    TENANT_NAMES,
    TRANSITIONS,
    server_name,
    whole,
)
from cbops.model.answers.doctor import DoctorCheck
from cbops.model.config import MetricsConfig
from cbops.model.rule_check import Found

_REACHED = Mark("metrics", "metrics_reachable", "the metrics source")
_VERSION = Mark("metrics", "metrics_version", "the version of the metrics source")
_SERIES = Mark("metrics", "series", "the series")
_TENANT = Mark("metrics", "tenant_series", "the tenant's series")
_WITHOUT = {
    EVENTS: "no success and no failure can be counted",
    DECISIONS: "it can't be told whether the tenant had traffic",
    ERROR_RATE: "the router's own error rate can't be held against the counted one",
    LATENCY_COUNT: "latency can't be judged",
}


@dataclass(frozen=True, slots=True)
class Survey:
    """What the source has in the window. `found` holds the router's metrics that are there, by documented name and with
    documented labels.
    """

    source: MetricsPort
    server: MetricsServerPort | None
    asking: Remembering
    window: Window
    names: frozenset[str]
    found: Mapping[str, Found]


@dataclass(frozen=True, slots=True)
class MetricsFound:
    """The checks, and what the others need; `survey` null: the source can't be asked, as `why` says."""

    checks: tuple[DoctorCheck, ...]
    survey: Survey | None
    source: MetricsPort | None
    reading: Reading | None = None
    why: str = ""

    @property
    def requests(self) -> int:
        """How many were sent so far."""
        return self.source.requests if self.source else 0


def metrics_checks(premises: Premises, subjects: tuple[Subject, ...]) -> MetricsFound:
    """Whether the source answers and has what the criteria need."""
    config = premises.config.metrics
    try:
        server = premises.server() if premises.server else None
        source: MetricsPort = server or premises.metrics()
    except CbopsError as error:
        return MetricsFound((_REACHED.failed(error),), None, None, why="the metrics source can't be asked")
    sent = premises.clock.now()
    window = Window.last(premises.days, sent)
    asking = Remembering(source)
    try:
        names = asking.names(window.start, window.end)
    except CbopsError as error:
        answered = server is not None and server.date is not None
        return _unreachable(error, source, _reading(premises, server, sent) if answered else None)
    reading = _reading(premises, server, sent)
    checks = [_reached(premises, names, source), *guarded(_VERSION, lambda: _version(server))]
    try:
        found = _inventory(asking, config, names, window)
    except CbopsError as error:
        why = "which series there are could not be asked"
        return MetricsFound((*checks, _SERIES.failed(error, "unknown")), None, source, reading, why)
    if not found:
        checks.append(_no_router(config, names, premises.days))
        why = "the metrics source has none of the router's metrics"
        return MetricsFound(tuple(checks), None, source, reading, why)
    survey = Survey(source, server, asking, window, names, found)
    checks += _required(config, survey, premises.days)
    for subject in subjects:
        checks += _of_tenant(config, survey, subject, premises.days)
    return MetricsFound(tuple(checks), survey, source, reading)


def _reading(premises: Premises, server: MetricsServerPort | None, sent: datetime) -> Reading | None:
    return Reading(sent, premises.clock.now(), server.date) if server else None


def _unreachable(error: CbopsError, source: MetricsPort, reading: Reading | None) -> MetricsFound:
    why = "the metrics source can't be reached"
    if isinstance(error, MetricsAnswerError | MetricsQueryError):
        why = "what answers at metrics.url isn't a Prometheus server's HTTP API"
    elif isinstance(error, MetricsRefusedError):
        why = "the metrics source refuses the request"
    return MetricsFound((_REACHED.failed(error),), None, source, reading, why)


def _reached(premises: Premises, names: frozenset[str], source: MetricsPort) -> DoctorCheck:
    config = premises.config.metrics
    days = plural(premises.days, "day")
    if source.kind == "embedded":
        return _REACHED.ok(
            f"the embedded store {config.path} can be read: {plural(len(names), 'metric')} in the last {days}",
            metrics=len(names),
        )
    return _REACHED.ok(
        f"the metrics source at {config.url} answers: {plural(len(names), 'metric')} in the last {days}",
        metrics=len(names),
    )


def _version(server: MetricsServerPort | None) -> Iterator[DoctorCheck]:
    if server is None:
        return
    version = server.version()
    if version is None:
        yield _VERSION.unknown(
            "the version of the metrics source is not known: it doesn't serve status/buildinfo"
        )
    else:
        yield _VERSION.ok(f"the metrics source is version {version}", version=version)


def _inventory(
    asking: Remembering, config: MetricsConfig, names: frozenset[str], window: Window
) -> dict[str, Found]:
    """The router's metrics that are there; MetricsError goes through."""
    found = {}
    for metric in TENANT_NAMES:
        theirs = server_name(config, metric)
        if theirs in names:
            found[metric] = documented_labels(config, asking.series(theirs, window.start, window.end))
    return {metric: one for metric, one in found.items() if one.series}


def _no_router(config: MetricsConfig, names: frozenset[str], days: int) -> DoctorCheck:
    last = f"in the last {plural(days, 'day')}"
    if not names:
        return _SERIES.problem(
            f"the metrics source has no series at all {last}",
            "Scrape the router's /metrics (port 9001) from there, or correct metrics.url.",
            metrics=0,
        )
    near = alike(EVENTS, config, names)
    told = f"none of its {plural(len(names), 'metric')} {last} is one of the router's"
    if near:
        return _SERIES.problem(
            f"{told}; {near[0]} looks like {EVENTS}",
            f"Set in cbops.yaml: metrics: {{names: {{{EVENTS}: {near[0]}}}}}",
            metrics=len(names),
            alike=list(near),
        )
    return _SERIES.problem(
        told,
        "Scrape the router's /metrics (port 9001) from there, or set metrics.names.",
        metrics=len(names),
    )


def _required(config: MetricsConfig, survey: Survey, days: int) -> Iterator[DoctorCheck]:
    """The five that the criteria need, each for itself."""
    for metric in REQUIRED:
        mark = _SERIES.about(whole(metric))
        if metric not in survey.found:
            yield _missing(config, survey, mark, metric, days)
            continue
        count = len(survey.found[metric].series)
        named = server_name(config, metric)
        if metric == LATENCY_COUNT and LATENCY_BUCKET not in survey.found:
            yield mark.warning(
                f"{named} is there without its buckets, so there are no percentiles of the latency",
                f"Have the histogram {named.removesuffix('_count')}_bucket scraped too.",
                series=count,
            )
        else:
            yield mark.ok(f"{named} is there ({count} series)", series=count)


def _missing(config: MetricsConfig, survey: Survey, mark: Mark, metric: str, days: int) -> DoctorCheck:
    named, key = server_name(config, metric), whole(metric)
    near = alike(metric, config, survey.names)
    last = f"in the last {plural(days, 'day')}"
    consequence = f", so {_WITHOUT[metric]}" if metric in _WITHOUT else ""
    remapped = key in config.names or metric in config.names
    meant = f" Did you mean {some(near, 3)}?" if near else ""
    rename = f"Set in cbops.yaml: metrics: {{names: {{{key}: {near[0]}}}}}" if near else ""
    if remapped:
        return mark.problem(
            f"there is no series of {named} {last}, which metrics.names gives for {key}{consequence}.{meant}",
            rename or f"Correct metrics.names.{key} in cbops.yaml.",
            alike=list(near),
        )
    if metric == LATENCY_COUNT:
        return mark.warning(
            f"there is no series of {named} {last}{consequence} (a stock router doesn't export it).{meant}",
            rename or f"Remap a gateway's histogram in cbops.yaml: metrics: {{names: {{{key}: NAME}}}}",
            alike=list(near),
        )
    if near:
        return mark.problem(
            f"there is no series of {named} {last}{consequence}.{meant}", rename, alike=list(near)
        )
    if metric == TRANSITIONS:
        return mark.unknown(
            f"there is no series of {named} {last}: no circuit has moved, or it isn't exported (such a counter is born "
            "with the first transition)"
        )
    if metric == ERROR_RATE:
        return mark.warning(
            f"there is no series of {named} {last}{consequence}", "Export it from the router.", alike=[]
        )
    return mark.problem(
        f"there is no series of {named} {last}{consequence}",
        f"Export it from the router, or name it in cbops.yaml: metrics: {{names: {{{key}: NAME}}}}",
        alike=[],
    )


def _of_tenant(config: MetricsConfig, survey: Survey, subject: Subject, days: int) -> Iterator[DoctorCheck]:
    """Whether the source has anything of this tenant, by the labels as they are configured."""
    if EVENTS not in survey.found:
        return
    mark = _TENANT.about(subject.tenant)
    events = survey.found[EVENTS]
    tenants = tenants_of(events.series)
    last = f"in the last {plural(days, 'day')}"
    if not tenants:
        label = config.labels.get("tenant_id", "tenant_id")
        there = sorted({key for one in events.series for key in one if key != "__name__"})
        yield mark.problem(
            f"no series of {server_name(config, EVENTS)} has the label {label}; their labels are {some(there)}",
            "Set in cbops.yaml: metrics: {labels: {tenant_id: NAME}}",
            labels=there,
        )
        return
    if subject.tenant in tenants:
        mine = {one.get("provider_id", "") for one in events.series if one.get("tenant_id") == subject.tenant}
        yield _providers(mark, subject, sorted(mine - {""}), tenants[subject.tenant])
        return
    if not events.complete:
        yield mark.unknown(
            f"whether there are series of {subject.tenant} is not known: there are too many series to read"
        )
        return
    text = f"there is no series of the tenant {subject.tenant} {last}; the tenants there are {some(tenants)}"
    remedy = "Correct the tenant's id (tenants.yaml, --tenant), or let it have traffic first."
    numbers = {"tenants": sorted(tenants)[:20]}
    yield mark.problem(text, remedy, **numbers) if subject.meant else mark.warning(text, remedy, **numbers)


def _providers(mark: Mark, subject: Subject, providers: list[str], count: int) -> DoctorCheck:
    if subject.provider is not None and subject.provider not in providers:
        return mark.problem(
            f"the results of {subject.tenant} are of the providers {some(providers)}, none of '{subject.provider}', "
            "which its rollout watches",
            "Look at what the policy sends there: cbops policy show",
            providers=providers,
        )
    return mark.ok(
        f"{subject.tenant} has results of {plural(len(providers), 'provider')}: {some(providers)}",
        providers=providers,
        series=count,
    )
