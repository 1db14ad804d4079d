"""What a planned policy would have done with a tenant's traffic, for plans that show it before a change.

Loads the replay's engine, so commands import it only when they are asked for a forecast.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cbops.breaker.forecast.forecaster import Forecaster
from cbops.errors import CbopsError
from cbops.flows.outcome import Outcome
from cbops.flows.ports import SamplePort, TrafficPort
from cbops.flows.steps.loading import policy_providers
from cbops.flows.steps.traffic import RecentTraffic
from cbops.flows.steps.wording import plural
from cbops.model.answers.canary import EnableAnswer
from cbops.model.config import MetricsConfig
from cbops.model.forecast import Forecast
from cbops.model.plan import EnablePlan
from cbops.model.state import RolloutState
from cbops.render.replayed import traffic_lines
from cbops.render.times import Times

USUAL_DAYS = 7
PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Recent:
    """The metrics source (made when asked for), and the instant from which to look back."""

    samples: Callable[[], SamplePort]
    metrics: MetricsConfig
    now: datetime


@dataclass(frozen=True, slots=True)
class Foreseen:
    """A forecast of the traffic that `of` names, or why there is none."""

    of: str
    forecast: Forecast | None = None
    unavailable: str | None = None


def foresee_recent(state: RolloutState, plan: EnablePlan, recent: Recent) -> Foreseen:
    """The planned block on what the tenant's counters say of the last days: as many as the baseline has, else
    seven; through the circuits of every provider of the policy. What stands in the way is told, never raised.
    """
    days = state.baseline_days or USUAL_DAYS
    of = f"the last {plural(days, 'day')}" if days > 1 else "the last day"
    try:
        traffic = RecentTraffic(
            recent.samples(),
            recent.metrics,
            plan.target.tenant,
            frozenset((plan.target.provider, *policy_providers(plan.before))),
            recent.now - timedelta(days=days),
            recent.now,
        )
        return Foreseen(of, forecast=_foresee(state, plan, traffic))
    except CbopsError as error:
        return Foreseen(of, unavailable=error.message)


def foresee_trace(state: RolloutState, plan: EnablePlan, traffic: TrafficPort) -> Foreseen:
    """The planned block on recorded requests; InputError when they can't be read."""
    forecast = _foresee(state, plan, traffic)
    if not forecast.traffic.requests:
        return Foreseen("the trace", unavailable="the trace holds no request that could be replayed")
    return Foreseen("the trace", forecast=forecast)


def with_forecast(shown: Outcome[EnableAnswer], seen: Foreseen) -> Outcome[EnableAnswer]:
    """The same plan, with what it would have done; in the data without circuits and timeline."""
    brief = None
    if seen.forecast is not None:
        policies = tuple(each.model_copy(update={"circuits": ()}) for each in seen.forecast.policies)
        brief = seen.forecast.model_copy(update={"policies": policies, "timeline": None})
    data = shown.data.model_copy(update={"forecast": brief, "forecast_unavailable": seen.unavailable})
    return replace(shown, data=data, body=(*shown.body, *_lines(seen)))


def _foresee(state: RolloutState, plan: EnablePlan, traffic: TrafficPort) -> Forecast:
    """One block, its opens judged by the rollout's incidents."""
    incidents = tuple(record.incident for record in state.incidents)
    block = plan.after["circuit_breaker"]
    forecaster = Forecaster({PLANNED: block}, incidents=incidents, timezone=state.timezone)
    for chunk in traffic.chunks():
        forecaster.feed(chunk)
    return forecaster.finish(traffic.summary)


def _lines(seen: Foreseen) -> tuple[str, ...]:
    """What the planned policy would have done, for people; or why nobody can say."""
    forecast = seen.forecast
    if forecast is None:
        return (f"  Forecast: nothing can be foreseen from {seen.of}: {seen.unavailable}",)
    mark = ", an approximation" if forecast.traffic.approximate else ""
    # The first says how much was replayed; what the others say is in the summary.
    counted, *_ = traffic_lines(forecast.traffic, Times.of(forecast))
    told = (*forecast.summary, counted, forecast.limit)
    return (f"  Forecast{mark}, from {seen.of}:", *(f"    {line}" for line in told))
