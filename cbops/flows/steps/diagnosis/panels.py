"""The dashboard's queries: which of them have data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cbops.flows.ports import MetricsServerPort
from cbops.flows.steps.diagnosis.marking import Mark
from cbops.flows.steps.diagnosis.metrics import Survey
from cbops.flows.steps.diagnosis.premises import Premises, Subject, Window
from cbops.flows.steps.diagnosis.rules import spoken_by
from cbops.flows.steps.diagnosis.words import some
from cbops.measure.names import TRANSITIONS
from cbops.measure.panels import panel_queries
from cbops.model.answers.doctor import DoctorCheck
from cbops.model.dashboard import DashboardSettings, PanelQuery

STEP = 300
POINTS = 288  # a day every five minutes
_ALIVE = Mark("dashboard", "queries", "the dashboard's queries")


@dataclass(frozen=True, slots=True)
class _Asked:
    """How many queries were asked; which gave nothing, were refused (with why), or were too much for the server."""

    count: int
    dead: tuple[PanelQuery, ...]
    refused: tuple[tuple[PanelQuery, str], ...]
    unasked: tuple[str, ...]


def panel_checks(premises: Premises, survey: Survey, subjects: tuple[Subject, ...]) -> Iterator[DoctorCheck]:
    """One request for each query of the dashboard, over the last day, for the first tenant; once more, over all days, for
    those that have no data then.
    """
    if survey.server is None:
        yield _ALIVE.not_asked("the embedded store answers no PromQL, so no dashboard can read it")
        return
    if not subjects:
        yield _ALIVE.not_asked("no tenant is known whose dashboard it could be")
        return
    tenant = subjects[0].tenant
    settings = DashboardSettings(
        dialect=spoken_by(premises, survey), metrics=premises.config.metrics, tenant=tenant
    )
    last = _ask(settings, survey.server, tenant, Window.last(1, survey.window.end))
    if last.dead and premises.days > 1:
        last = _again(last, _ask(settings, survey.server, tenant, survey.window, only=last.dead))
    yield _told(tenant, last, moved=TRANSITIONS in survey.found)


def _ask(
    settings: DashboardSettings,
    server: MetricsServerPort,
    tenant: str,
    window: Window,
    only: tuple[PanelQuery, ...] = (),
) -> _Asked:
    """Every query over the window, or those of the same ids as `only`."""
    wanted = {one.query for one in only}
    seconds = round((window.end - window.start).total_seconds())
    step = max(STEP, seconds // POINTS)
    queries = panel_queries(settings, tenant, range_seconds=seconds, step_seconds=step)
    asked = [one for one in queries if not wanted or one.query in wanted]
    dead: list[PanelQuery] = []
    refused: list[tuple[PanelQuery, str]] = []
    unasked: list[str] = []
    for query in asked:
        answer = server.ask(query.expr, window.end if query.instant else window.start, window.end, step)
        if answer.refused:
            refused.append((query, answer.told))
        elif answer.hits is None:
            unasked.append(query.query)
        elif not answer.hits:
            dead.append(query)
    return _Asked(len(asked), tuple(dead), tuple(refused), tuple(unasked))


def _again(first: _Asked, second: _Asked) -> _Asked:
    """What was dead over a day, asked over more of them."""
    unasked = (*first.unasked, *second.unasked)
    return _Asked(first.count, second.dead, (*first.refused, *second.refused), unasked)


def _told(tenant: str, asked: _Asked, *, moved: bool) -> DoctorCheck:
    mark = _ALIVE.about(tenant)
    dead, refused, unasked = asked.dead, asked.refused, asked.unasked
    alive = asked.count - len(dead) - len(refused) - len(unasked)
    text = f"{alive} of the dashboard's {asked.count} queries have data for {tenant}"
    numbers = {
        "queries": asked.count,
        "alive": alive,
        "dead": [one.query for one in dead],
        "refused": [one.query for one, _ in refused],
        "unasked": list(unasked),
    }
    if refused:
        first, why = refused[0]
        return mark.problem(
            f"{text}; the server refuses {len(refused)}, the first is '{first.query}': {why}",
            "Use a newer server: Prometheus 2.33 knows all of these functions.",
            query=first.expr,
            **numbers,
        )
    if dead and not moved:
        return mark.unknown(
            f"{text}; {len(dead)} need transitions, and no circuit has moved yet",
            None,
            query=dead[0].expr,
            **numbers,
        )
    if dead:
        return mark.warning(
            f"{text}; without any are {some(f'{one.panel}: {one.query}' for one in dead)}",
            "Look at the metrics above: a panel without data reads a metric or label that isn't there, or nothing happened.",
            query=dead[0].expr,
            **numbers,
        )
    if unasked:
        return mark.unknown(f"{text}; {some(unasked)} could not be asked", **numbers)
    return mark.ok(text, **numbers)
