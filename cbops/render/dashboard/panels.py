"""One panel of each kind."""

from __future__ import annotations

from collections.abc import Callable

from grafana_foundation_sdk.builders import common, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders import dashboard as builders
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    GraphDrawStyle,
    GraphTresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    StackingMode,
    TooltipDisplayMode,
    VisibilityMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    DataTransformerConfig,
    GridPos,
    Panel,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

from cbops.model.dashboard import BoardPanel, BoardQuery, PanelKind
from cbops.render.dashboard.fields import UNITS, column, mapping, steps
from cbops.render.dashboard.layout import Spot

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
SHORTEST = "1m"  # the queries count in minutes
POINTS = 720  # of a line, so that a day is drawn in steps of two minutes

Builder = stat.Panel | timeseries.Panel | statetimeline.Panel | table.Panel


def panel(found: BoardPanel, spot: Spot, labels: dict[str, str]) -> Panel:
    """`labels`: what the server calls them → what a table's columns are called."""
    made = _KINDS[found.kind](found)
    made.id(found.id).title(found.title).description(found.description).datasource(SOURCE)
    made.grid_pos(GridPos(h=spot.height, w=spot.width, x=spot.x, y=spot.y)).interval(SHORTEST)
    made.unit(UNITS[found.unit]).mappings(list(mapping(found.unit))).no_value("no data")
    if found.kind != "table":
        made.max_data_points(POINTS)
    if found.unit == "count":
        made.decimals(0)
    made.thresholds(_thresholds(found))
    for number, query in enumerate(found.queries):
        made.with_target(_target(query, number, found.kind))
    if isinstance(made, table.Panel):
        _columns(made, found, labels)
    return made.build()


def _thresholds(found: BoardPanel) -> builders.ThresholdsConfig:
    config = steps(found.unit, found.threshold)
    return builders.ThresholdsConfig().mode(config.mode).steps(config.steps)


def _target(query: BoardQuery, number: int, kind: PanelKind) -> prometheus.Dataquery:
    made = prometheus.Dataquery().expr(query.expr).ref_id(_ref(number)).datasource(SOURCE)
    made.legend_format(query.legend).editor_mode(QueryEditorMode.CODE)
    made = made.instant() if query.instant else made.range()
    return made.format(PromQueryFormat.TABLE if kind == "table" else PromQueryFormat.TIME_SERIES)


def _ref(number: int) -> str:
    return chr(ord("A") + number)


def _stat(found: BoardPanel) -> Builder:
    made = stat.Panel().graph_mode(BigValueGraphMode.NONE).text_mode(BigValueTextMode.VALUE_AND_NAME)
    made.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return made.color_mode(BigValueColorMode.BACKGROUND if found.unit == "state" else BigValueColorMode.VALUE)


def _timeline(_: BoardPanel) -> Builder:
    return (
        statetimeline.Panel()
        .show_value(VisibilityMode.AUTO)
        .merge_values(True)
        .row_height(0.8)
        .fill_opacity(80)
        .line_width(0)
        .legend(_legend())
    )


def _lines(found: BoardPanel) -> Builder:
    made = _graph().draw_style(GraphDrawStyle.LINE).line_width(2).fill_opacity(0).min(0)
    if found.unit == "share":
        made.axis_soft_max(1 if found.threshold is None else max(1.0, found.threshold * 1.1))
    if found.threshold is not None:
        style = common.GraphThresholdsStyleConfig().mode(GraphTresholdsStyleMode.LINE)
        made.thresholds_style(style)
    return made


def _bars(found: BoardPanel) -> Builder:
    made = _graph().draw_style(GraphDrawStyle.BARS).fill_opacity(80).line_width(0).min(0).axis_soft_max(1)
    if found.stacked:
        made.stacking(common.StackingConfig().mode(StackingMode.NORMAL))
    return made


def _graph() -> timeseries.Panel:
    return (
        timeseries.Panel()
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(TooltipDisplayMode.MULTI))
        .show_points(VisibilityMode.AUTO)
        .span_nulls(False)
    )


def _legend() -> common.VizLegendOptions:
    made = common.VizLegendOptions().display_mode(LegendDisplayMode.LIST)
    return made.placement(LegendPlacement.BOTTOM).show_legend(True).calcs([])


def _table(_: BoardPanel) -> Builder:
    return table.Panel().show_header(True)


_KINDS: dict[PanelKind, Callable[[BoardPanel], Builder]] = {
    "stat": _stat,
    "timeline": _timeline,
    "lines": _lines,
    "bars": _bars,
    "table": _table,
}


def _columns(made: table.Panel, found: BoardPanel, labels: dict[str, str]) -> None:
    """One row per set of labels, one column per query, in the order of the queries."""
    names = {"Value": found.queries[0].legend} if len(found.queries) == 1 else {}
    names |= {f"Value #{_ref(number)}": query.legend for number, query in enumerate(found.queries)}
    made.with_transformation(DataTransformerConfig(id_val="merge", options={}))
    made.with_transformation(
        DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {"Time": True},
                "indexByName": {name: index for index, name in enumerate([*labels, *names])},
                "renameByName": labels | names,
            },
        )
    )
    for query in found.queries:
        made.override_by_name(query.legend, column(query.unit or found.unit))
