"""The whole file. The same arguments give the same bytes: no time, no random id, keys in order."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import (
    Dashboard,
    DashboardCursorSync,
    DashboardLinkType,
    VariableOption,
    VariableRefresh,
    VariableSort,
)

from cbops.model.dashboard import Board, BoardMark, BoardVariable, DashboardSettings
from cbops.render.dashboard.layout import placed
from cbops.render.dashboard.panels import SOURCE, panel

SCHEMA = 39  # Grafana 10.3; 11 and 12 read it and bring it up to date
SHOWN = ("tenant_id", "provider_id", "from", "to", "state")
_MARK = "Written by: cbops dashboard render, sha256 without this sum "
_BLANK = "0" * 64
_SUM = re.compile(re.escape(_MARK) + r"([0-9a-f]{64})\.")
TAGS = ["circuit-breaker", "cbops"]
_NAMES = {"tenant_id": "tenant", "provider_id": "provider", "alertname": "alert"}


def dashboard_json(board: Board, settings: DashboardSettings) -> str:
    """Grafana's JSON with a final newline."""
    found: dict[str, Any] = json.loads(json.dumps(_dashboard(board, settings), cls=JSONEncoder))
    found["annotations"]["list"] = [
        _annotation(mark, plain)
        for mark, plain in zip(board.marks, found["annotations"]["list"], strict=True)
    ]
    found["description"] += f" {_MARK}{_BLANK}."
    text = json.dumps(found, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    return text.replace(_BLANK, _digest(text))


def is_untouched(text: str) -> bool:
    """Whether cbops wrote the file and nobody has changed it since."""
    found = _SUM.findall(text)
    return len(found) == 1 and _digest(text.replace(found[0], _BLANK)) == found[0]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def uid_of(settings: DashboardSettings) -> str:
    """Stable: importing the file again replaces the dashboard. At most 40 characters."""
    if settings.rollout is None and settings.tenant is None:
        return "cbops-circuit-breaker"
    named = f"{settings.rollout or ''}\n{settings.tenant or ''}"
    return f"cbops-{hashlib.sha256(named.encode()).hexdigest()[:16]}"


def _dashboard(board: Board, settings: DashboardSettings) -> Dashboard:
    made = builders.Dashboard(board.title).uid(uid_of(settings)).description(board.description).tags(TAGS)
    made.editable().tooltip(DashboardCursorSync.CROSSHAIR).time("now-24h", "now").refresh("1m")
    made.timezone("utc")
    made.with_variable(builders.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    for variable in board.variables:
        made.with_variable(_variable(variable))
    made.annotations([_mark(mark) for mark in board.marks])
    made.link(
        builders.DashboardLink("Alerts of the data source")
        .type(DashboardLinkType.LINK)
        .url("/alerting/list")
        .icon("bell")
    )
    labels = {
        settings.metrics.labels.get(name, name): _NAMES.get(name, name)
        for name in ("alertname", "severity", *SHOWN)
    }
    done = made.build()
    done.panels = [panel(one, spot, labels) for one, spot in placed(board.panels)]
    done.schema_version = SCHEMA
    return done


def _variable(variable: BoardVariable) -> builders.QueryVariable:
    everyone = variable.chosen is None
    chosen = VariableOption(
        selected=True,
        text=["All"] if everyone else [variable.chosen or ""],
        value=["$__all"] if everyone else [variable.chosen or ""],
    )
    return (
        builders.QueryVariable(variable.name)
        .label(variable.label)
        .datasource(SOURCE)
        .query(variable.query)
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(variable.all_value)
        .current(chosen)
    )


def _mark(mark: BoardMark) -> builders.AnnotationQuery:
    return (
        builders.AnnotationQuery()
        .name(mark.name)
        .datasource(SOURCE)
        .enable(True)
        .icon_color(mark.colour)
        .expr(mark.expr)
    )


def _annotation(mark: BoardMark, plain: dict[str, Any]) -> dict[str, Any]:
    """What the Prometheus data source adds to an annotation, which the SDK has no words for."""
    more: dict[str, Any] = {"titleFormat": mark.title, "textFormat": "", "tagKeys": "", "step": "60s"}
    if mark.valued:
        more["useValueForTime"] = "on"
    return plain | more
