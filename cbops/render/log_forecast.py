"""The dry run's forecast in the execution log."""

from __future__ import annotations

from datetime import tzinfo

from cbops.model.forecast import Forecast
from cbops.model.state import RolloutState
from cbops.render.figures import side_by_side
from cbops.render.log_view import ForecastRow, ForecastView
from cbops.render.log_words import signed
from cbops.render.markdown import Markdown, phrase
from cbops.render.replayed import headline, traffic_lines
from cbops.render.times import Times


def forecast_view(state: RolloutState | None, forecast: Forecast | None, tz: tzinfo) -> ForecastView | None:
    """The latest forecast on record; None when there is none."""
    if state is None or forecast is None or not state.forecasts:
        return None
    times = Times(tz, state.timezone, forecast.traffic.clock == "relative")
    traffic, *left_out = traffic_lines(forecast.traffic, times)
    approximate = forecast.traffic.approximate
    return ForecastView(
        headline=phrase("{}", headline(forecast, state.forecasts[-1].forecasted.summary)),
        recorded=signed(state.forecasts[-1].actor, state.forecasts[-1].at, tz),
        traffic=phrase("{}", traffic),
        remarks=tuple(phrase("{}", each) for each in (*left_out, *forecast.summary[1:])),
        caption=Markdown("approximation" if approximate else "replayed"),
        policies=tuple(phrase("{}", policy.name) for policy in forecast.policies),
        rows=tuple(
            ForecastRow(phrase("{}", figure.label), tuple(phrase("{}", value) for value in figure.values))
            for figure in side_by_side(forecast)
        ),
        limit=phrase("{}", forecast.limit),
    )
