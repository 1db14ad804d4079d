"""The whole dashboard, in the order in which it is read."""

from __future__ import annotations

from cbops.measure.names import EVENTS
from cbops.measure.panels.comparing import compared_errors, compared_latency
from cbops.measure.panels.counting import stepped
from cbops.measure.panels.episodes import calls_saved, episodes, time_to_half_open
from cbops.measure.panels.health import error_rate, matrix, window_statistics
from cbops.measure.panels.overview import (
    denials,
    denials_total,
    opens,
    opens_total,
    state_now,
    state_over_time,
    transitions,
)
from cbops.measure.panels.watching import alerts_now, alerts_over_time, coverage
from cbops.measure.panels.words import ALL, TENANT, Words
from cbops.model.base import to_ms
from cbops.model.dashboard import Board, BoardMark, BoardVariable, DashboardSettings


def board(settings: DashboardSettings) -> Board:
    """ConfigError for a remapped name that cannot stand in a query."""
    words = Words.of(settings.dialect, settings.metrics)
    whose = settings.tenant or "all tenants"
    return Board(
        title=f"Circuit breaker: {settings.rollout or whose}",
        description=(
            "The rollout of the router's circuit breaker. Counts are whole numbers from the samples; what was not scraped is "
            "missing, not zero."
        ),
        panels=(
            state_now(words),
            opens_total(words),
            denials_total(words),
            state_over_time(words),
            error_rate(words, settings),
            window_statistics(words, settings),
            opens(words),
            denials(words),
            transitions(words),
            episodes(words),
            time_to_half_open(words, settings),
            calls_saved(words),
            matrix(words),
            compared_errors(words),
            compared_latency(words),
            alerts_now(words),
            alerts_over_time(words),
            coverage(words),
        ),
        variables=_variables(words, settings),
        marks=_marks(words, settings),
    )


def _variables(words: Words, settings: DashboardSettings) -> tuple[BoardVariable, ...]:
    tenant, provider = words.everyone.label("tenant_id"), words.everyone.label("provider_id")
    events = words.everyone.everyone(EVENTS)
    return (
        BoardVariable(
            name="tenant",
            label="Tenant",
            query=f"label_values({events}, {tenant})",
            chosen=settings.tenant,
            all_value=ALL,
        ),
        BoardVariable(
            name="provider",
            label="Provider",
            query=f'label_values({events}{{{tenant}=~"{TENANT}"}}, {provider})',
            chosen=settings.provider,
            all_value=ALL,
        ),
    )


def _marks(words: Words, settings: DashboardSettings) -> tuple[BoardMark, ...]:
    opened = BoardMark(
        name="Opens",
        expr=f"{stepped(words, words.to('open'), words.circuit)} > 0",
        title=f"Opened: {words.legend('tenant_id', 'provider_id')}",
        colour="red",
    )
    changes = tuple(
        BoardMark(
            name=change.text,
            expr=f"vector({to_ms(change.at)})",
            title=change.text,
            colour="blue",
            valued=True,
        )
        for change in settings.changes
    )
    return (opened, *changes)
