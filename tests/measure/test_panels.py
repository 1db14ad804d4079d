"""The dashboard's panels as data: ids, variables, remapped names, and PromQL that parses."""

from __future__ import annotations

import re

import promql_parser
import pytest

from cbops.errors import ConfigError
from cbops.measure.panels import board, panel_queries
from cbops.model.config import MetricsConfig
from cbops.model.dashboard import Board, DashboardSettings
from cbops.model.observation import Dialect

DIALECTS: tuple[Dialect, ...] = ("router", "documented")
REMAPPED = MetricsConfig(
    job="gateway",
    names={"router_circuit_breaker_events_total": "gw_events_total", "router_result_latency_ms": "gw_ms"},
    labels={"tenant_id": "customer", "provider_id": "upstream", "instance": "pod", "event_type": "kind"},
)


def made(dialect: Dialect = "router", **more: object) -> Board:
    return board(DashboardSettings.model_validate({"dialect": dialect, **more}))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("metrics", [MetricsConfig(), REMAPPED], ids=["plain", "remapped"])
@pytest.mark.parametrize("providers", [(), ("a",), ('o"p+e', "n\\ai")])
def test_every_query_is_promql_once_its_variables_have_values(
    dialect: Dialect, metrics: MetricsConfig, providers: tuple[str, ...]
) -> None:
    settings = DashboardSettings(dialect=dialect, metrics=metrics)
    queries = panel_queries(settings, 'ten"ant|x', providers, range_seconds=604_800, step_seconds=900)
    assert len(queries) == 33
    for query in queries:
        promql_parser.parse(query.expr)
        assert "$" not in query.expr.replace("\\$", "")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_panels_and_queries_have_ids_of_their_own(dialect: Dialect) -> None:
    panels = made(dialect).panels
    queries = [query.id for panel in panels for query in panel.queries]
    assert len({panel.id for panel in panels}) == len(panels) == 18
    assert len(set(queries)) == len(queries)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_remapped_names_and_labels_stand_in_every_query(dialect: Dialect) -> None:
    for panel in made(dialect, metrics=REMAPPED).panels:
        for query in panel.queries:
            text = query.expr + query.legend
            assert not re.search(
                r"router_circuit_breaker_events_total|router_result_latency|tenant_id|provider_id|instance|event_type",
                text,
            ), query.id


def test_the_job_narrows_what_up_is_read_of() -> None:
    found = {query.id: query.expr for panel in made(metrics=REMAPPED).panels for query in panel.queries}
    assert 'up{job="gateway"}' in found["coverage"]
    assert re.search(r"\bup\b(?!\{)", found["coverage"]) is None


def test_the_sticking_gauge_and_the_metrics_that_move_only_at_transitions_are_not_read() -> None:
    for dialect in DIALECTS:
        for panel in made(dialect).panels:
            for query in panel.queries:
                assert "router_circuit_breaker_state{" not in query.expr
                assert "window_requests_total" not in query.expr
                assert "trigger_reason" not in query.expr
                assert "increase(" not in query.expr


def test_each_dialect_reads_its_own_labels() -> None:
    router, documented = (
        "\n".join(query.expr for panel in made(dialect).panels for query in panel.queries)
        for dialect in DIALECTS
    )
    assert 'to="open"' in router
    assert 'state="open"' not in router
    assert 'state="open"' in documented
    assert not re.search(r'\b(to|from)="', documented)


@pytest.mark.parametrize(("seconds", "window"), [(1, "1m"), (60, "1m"), (61, "2m"), (300, "5m")])
def test_the_breakers_window_is_counted_in_whole_minutes(seconds: int, window: str) -> None:
    found = {query.id: query.expr for p in made(window_seconds=seconds).panels for query in p.queries}
    assert f"[{window}:1m] offset -1ms" in found["window_results"]


def test_the_threshold_is_a_line_and_is_said() -> None:
    (rate,) = [panel for panel in made(threshold=0.35).panels if panel.title == "Error rate"]
    assert rate.threshold == 0.35
    assert "0.35" in rate.description


def test_the_policys_timeout_is_said_where_it_is_known() -> None:
    known, unknown = (
        next(panel.description for panel in found.panels if panel.title == "Time to half-open")
        for found in (made(timeout_ms=45_000), made())
    )
    assert "45000 (45 s)" in known
    assert "timeout_ms is" not in unknown


def test_a_change_of_the_policy_is_a_mark_at_its_instant() -> None:
    opened, changed = made(changes=({"at": "2025-01-27T09:00:00Z", "text": "Breaker enabled"},)).marks
    assert opened.name == "Opens"
    assert (changed.name, changed.expr, changed.valued) == (
        "Breaker enabled",
        "vector(1737968400000)",
        True,
    )


def test_a_name_that_cannot_stand_in_a_query_is_refused() -> None:
    with pytest.raises(ConfigError, match="cannot be a name"):
        made(metrics={"labels": {"tenant_id": "no-label"}})


def test_the_shortest_interval_is_a_minute_as_on_the_dashboard() -> None:
    settings = DashboardSettings(dialect="router")
    fine = {query.query: query.expr for query in panel_queries(settings, "a", step_seconds=15)}
    coarse = {query.query: query.expr for query in panel_queries(settings, "a", step_seconds=600)}
    assert "[60s:1m]" in fine["opens"]
    assert "[240s:1m]" in fine["error_rate"]
    assert "[600s:1m]" in coarse["opens"]
    assert "[660s:1m]" in coarse["error_rate"]
