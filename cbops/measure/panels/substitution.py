"""The dashboard's queries as a server understands them, as Grafana would put values into its variables."""

from __future__ import annotations

import re
from collections.abc import Sequence

from cbops.measure.panels.board import board
from cbops.measure.panels.words import ALL
from cbops.model.dashboard import DashboardSettings, PanelQuery
from cbops.model.series import regex_literal

_VARIABLE = re.compile(r"\$(tenant|provider|__range|__interval|__rate_interval)\b")


def panel_queries(
    settings: DashboardSettings,
    tenant: str | None,
    providers: Sequence[str] = (),
    *,
    range_seconds: int = 86_400,
    step_seconds: int = 60,
    scrape_seconds: int = 60,
) -> tuple[PanelQuery, ...]:
    """Every query of every panel, in the dashboard's order, for one tenant (null: all) and these providers (none: all).

    `range_seconds` is the length of the dashboard's range: ask an `instant` query at its end, any other over it with
    `step_seconds` (at least 60, as the panels' shortest interval is). `scrape_seconds` stands for the data source's
    scrape interval. ConfigError for a remapped name that cannot stand in a query.
    """
    rate = max(step_seconds + scrape_seconds, 4 * scrape_seconds)
    values = {
        "tenant": ALL if tenant is None else _quoted(regex_literal(tenant)),
        "provider": _quoted(f"({'|'.join(regex_literal(one) for one in providers)})" if providers else ALL),
        "__range": f"{range_seconds}s",
        "__interval": f"{max(60, step_seconds)}s",
        "__rate_interval": f"{max(240, rate)}s",
    }
    return tuple(
        PanelQuery(
            panel=panel.title,
            query=query.id,
            expr=_VARIABLE.sub(lambda found: values[found[1]], query.expr),
            instant=query.instant,
            kind=panel.kind,
        )
        for panel in board(settings).panels
        for query in panel.queries
    )


def _quoted(text: str) -> str:
    """Inside a PromQL string."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
