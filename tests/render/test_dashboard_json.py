"""Grafana's JSON: its structure, its layout, and that the same settings give the same bytes."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard
from hypothesis import given
from hypothesis import strategies as st

from cbops.measure.panels import board
from cbops.model.dashboard import BoardPanel, DashboardSettings
from cbops.render.dashboard import dashboard_json, is_untouched, uid_of
from cbops.render.dashboard.layout import placed

SETTINGS = DashboardSettings.model_validate(
    {
        "dialect": "router",
        "rollout": "phase1-a-20250127",
        "tenant": "a",
        "threshold": 0.4,
        "metrics": {"labels": {"provider_id": "upstream"}},
        "changes": [{"at": "2025-01-27T09:00:00Z", "text": "Breaker enabled"}],
    }
)


def text(settings: DashboardSettings = SETTINGS) -> str:
    return dashboard_json(board(settings), settings)


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(text())
    return made


def test_the_same_settings_give_the_same_bytes() -> None:
    assert text() == text()


def test_every_query_stands_in_a_panel_at_the_top_and_asks_the_chosen_data_source(
    found: dict[str, Any],
) -> None:
    targets = [target for panel in found["panels"] for target in panel["targets"]]
    assert len(targets) == 33
    assert all(target["expr"] for target in targets)
    sources = [one["datasource"] for one in (*targets, *found["panels"], *found["annotations"]["list"])]
    assert all(source == {"type": "prometheus", "uid": "${datasource}"} for source in sources)
    assert not any("panels" in panel for panel in found["panels"])


def test_ids_are_unique(found: dict[str, Any]) -> None:
    ids = [panel["id"] for panel in found["panels"]]
    assert len(set(ids)) == len(ids)
    for panel in found["panels"]:
        refs = [target["refId"] for target in panel["targets"]]
        assert len(set(refs)) == len(refs)


def test_no_panel_lies_over_another_or_beyond_the_grid(found: dict[str, Any]) -> None:
    cells = [
        {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        for at in (panel["gridPos"] for panel in found["panels"])
    ]
    assert all(not one & other for one, other in combinations(cells, 2))
    assert all(0 <= x < 24 for each in cells for x, _ in each)


@given(st.lists(st.tuples(st.integers(1, 24), st.integers(1, 12)), max_size=12))
def test_any_panels_are_placed_without_overlap(sizes: list[tuple[int, int]]) -> None:
    panels = [
        BoardPanel(id=1, title="", description="", kind="stat", unit="count", queries=(), width=w, height=h)
        for w, h in sizes
    ]
    cells = [
        {(spot.x + x, spot.y + y) for x in range(spot.width) for y in range(spot.height)}
        for _, spot in placed(panels)
    ]
    assert all(not one & other for one, other in combinations(cells, 2))
    assert all(x < 24 for each in cells for x, _ in each)


def test_the_variables_ask_for_the_servers_labels(found: dict[str, Any]) -> None:
    source, tenant, provider = found["templating"]["list"]
    assert (source["type"], source["query"]) == ("datasource", "prometheus")
    assert tenant["query"] == "label_values(router_circuit_breaker_events_total, tenant_id)"
    assert tenant["current"]["value"] == ["a"]
    assert provider["query"].endswith(", upstream)")
    assert provider["current"]["value"] == ["$__all"]


def test_states_have_words_beside_their_colours(found: dict[str, Any]) -> None:
    (state,) = [panel for panel in found["panels"] if panel["title"] == "State now"]
    (mapping,) = state["fieldConfig"]["defaults"]["mappings"]
    assert {value: (one["text"], one["color"]) for value, one in mapping["options"].items()} == {
        "0": ("closed", "green"),
        "1": ("open", "red"),
        "2": ("half-open", "yellow"),
        "3": ("open, passing", "blue"),
    }


def test_the_error_rate_has_the_threshold_as_a_line(found: dict[str, Any]) -> None:
    (rate,) = [panel for panel in found["panels"] if panel["title"] == "Error rate"]
    defaults = rate["fieldConfig"]["defaults"]
    assert defaults["custom"]["thresholdsStyle"] == {"mode": "line"}
    assert defaults["thresholds"]["steps"][-1] == {"value": 0.4, "color": "red"}


def test_counts_are_shown_as_whole_numbers_and_every_panel_says_what_to_look_for(
    found: dict[str, Any],
) -> None:
    for panel in found["panels"]:
        assert len(panel["description"]) > 40
        assert panel["interval"] == "1m"
        if panel["title"].endswith(("Opens", "Fail-fasts", "in the range", "Calls saved")):
            assert panel["fieldConfig"]["defaults"]["decimals"] == 0


def test_tables_name_their_columns(found: dict[str, Any]) -> None:
    tables = [panel for panel in found["panels"] if panel["type"] == "table"]
    assert len(tables) == 6
    for panel in tables:
        assert {target["format"] for target in panel["targets"]} == {"table"}
        merged, organised = panel["transformations"]
        assert merged["id"] == "merge"
        renamed = organised["options"]["renameByName"]
        legends = [target["legendFormat"] for target in panel["targets"]]
        assert [renamed[f"Value #{target['refId']}"] for target in panel["targets"]] == legends
        assert renamed["upstream"] == "provider"


def test_a_change_of_the_policy_is_an_annotation_at_its_instant(found: dict[str, Any]) -> None:
    opens, enabled = found["annotations"]["list"]
    assert "useValueForTime" not in opens
    assert (enabled["titleFormat"], enabled["useValueForTime"]) == ("Breaker enabled", "on")


def test_a_changed_file_is_known_as_such() -> None:
    assert is_untouched(text())
    assert not is_untouched(text().replace('"refresh": "1m"', '"refresh": "5m"'))
    assert not is_untouched("{}")


def test_the_uid_is_stable_and_belongs_to_the_rollout() -> None:
    other = SETTINGS.model_copy(update={"tenant": "b", "rollout": None})
    assert uid_of(SETTINGS) == uid_of(SETTINGS.model_copy(update={"threshold": 0.9}))
    assert uid_of(SETTINGS) != uid_of(other)
    assert uid_of(DashboardSettings(dialect="router")) == "cbops-circuit-breaker"
    assert len(uid_of(SETTINGS)) <= 40


def test_grafanas_own_model_reads_it_without_loss(found: dict[str, Any]) -> None:
    register_default_plugins()
    again = json.loads(json.dumps(Dashboard.from_json(found), cls=JSONEncoder))
    for kept in (found, again):
        kept["annotations"] = [one["expr"] for one in kept["annotations"]["list"]]
    assert again == found
