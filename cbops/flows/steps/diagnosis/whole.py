"""All checks, one after the other; each stands for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from cbops.flows.steps.diagnosis.alertmanager import alertmanager_check, sending_checks
from cbops.flows.steps.diagnosis.clocks import clock_check, zone_check
from cbops.flows.steps.diagnosis.installation import installation_check
from cbops.flows.steps.diagnosis.marking import Mark, guarded
from cbops.flows.steps.diagnosis.metrics import MetricsFound, metrics_checks
from cbops.flows.steps.diagnosis.panels import panel_checks
from cbops.flows.steps.diagnosis.places import listed_checks, place_checks
from cbops.flows.steps.diagnosis.premises import Premises, Subject, subjects
from cbops.flows.steps.diagnosis.router import router_checks
from cbops.flows.steps.diagnosis.rules import rule_checks
from cbops.flows.steps.diagnosis.scraping import scraping_checks
from cbops.flows.steps.diagnosis.shape import cardinality_checks, dialect_check
from cbops.model.answers.doctor import CheckGroup, DoctorCheck, RequestCounts
from cbops.model.state import RolloutState

_DIALECT = Mark("metrics", "dialect", "the dialect")
_CARDINALITY = Mark("metrics", "cardinality", "the number of series")
_SCRAPING = Mark("metrics", "scraping", "scraping")
_RULES = Mark("alerts", "rules_loaded", "the loaded alert rules")
_SENT = Mark("alerts", "alerts_sent_to", "where alerts go")
_PANELS = Mark("dashboard", "queries", "the dashboard's queries")
_DEPENDENT = (
    _DIALECT,
    _CARDINALITY,
    _SCRAPING,
    _RULES,
    Mark("alerts", "rules_right", "whether the rules are right"),
    _SENT,
    _PANELS,
    Mark("clocks", "newest_sample", "the newest sample"),
)
_ORDER: tuple[CheckGroup, ...] = get_args(CheckGroup)


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The checks, group by group; `tenants` are those that were looked at, `states` the rollouts whose record can be
    read, `requests` what it cost.
    """

    at: datetime
    tenants: tuple[str, ...]
    checks: tuple[DoctorCheck, ...]
    requests: RequestCounts
    states: tuple[RolloutState, ...] = ()


def diagnose(premises: Premises) -> Diagnosis:
    """Look at everything. No check changes anything, and no error of one ends the others."""
    at = premises.clock.now()
    place, homes = place_checks(premises)
    looked_at = subjects(premises, homes)
    router = router_checks(premises, looked_at)
    metrics = metrics_checks(premises, looked_at)
    alertmanager = alertmanager_check(premises)
    clocks = (
        clock_check("clock_router", "the router", router.reading, "the admin API gave no answer"),
        *_clock_of_metrics(premises, metrics),
        clock_check("clock_alertmanager", "Alertmanager", alertmanager.reading, alertmanager.why),
    )
    checks = (
        *place,
        *listed_checks(premises, homes, looked_at),
        *router.checks,
        *metrics.checks,
        *_dependent(premises, metrics, looked_at),
        alertmanager.check,
        *clocks,
        zone_check(premises.config.timezone, at),
        installation_check(premises),
    )
    return Diagnosis(
        at=at,
        tenants=tuple(one.tenant for one in looked_at),
        checks=tuple(sorted(checks, key=lambda one: _ORDER.index(one.group))),
        states=homes.states,
        requests=RequestCounts(
            admin=router.requests, metrics=metrics.requests, alertmanager=alertmanager.requests
        ),
    )


def _dependent(
    premises: Premises, metrics: MetricsFound, looked_at: tuple[Subject, ...]
) -> Iterator[DoctorCheck]:
    """What needs the router's series; unknown where the source has none of them or can't be asked."""
    survey = metrics.survey
    if survey is None:
        for mark in _DEPENDENT:
            yield mark.not_asked(metrics.why)
        return
    config = premises.config.metrics
    makers: dict[Mark, Callable[[], Iterable[DoctorCheck]]] = {
        _DIALECT: lambda: (dialect_check(config, survey),),
        _CARDINALITY: lambda: cardinality_checks(config, survey),
        _SCRAPING: lambda: scraping_checks(premises, survey),
        _RULES: lambda: rule_checks(premises, survey, looked_at),
        _SENT: lambda: sending_checks(premises, survey),
        _PANELS: lambda: panel_checks(premises, survey, looked_at),
    }
    for mark, make in makers.items():
        yield from guarded(mark, make)


def _clock_of_metrics(premises: Premises, metrics: MetricsFound) -> tuple[DoctorCheck, ...]:
    """Nothing about a store on this machine's own disk."""
    if premises.server is None:
        return ()
    return (clock_check("clock_metrics", "the metrics source", metrics.reading, metrics.why),)
