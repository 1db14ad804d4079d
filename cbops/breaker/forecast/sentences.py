"""A forecast in sentences for people, the first about the policy asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from zoneinfo import ZoneInfo

from cbops.breaker.forecast.words import counted, listed, span
from cbops.model.forecast import Forecast, ForecastEpisode, ForecastTotals, PolicyForecast
from cbops.model.traffic import Circuit, TrafficSummary

# Night: from 22:00 to 06:00. So many of the openings lie in it before one says so.
_NIGHT_BEGINS, _NIGHT_ENDS = 22, 6
_AT_NIGHT = 0.75


def sentences(forecast: Forecast) -> tuple[str, ...]:
    """What happened under the first policy, then the others beside it, then what the trace can't tell."""
    if not forecast.policies:
        return ()
    return tuple(_told(forecast))


def _told(forecast: Forecast) -> Iterator[str]:
    asked, *others = forecast.policies
    totals, traffic = asked.totals, forecast.traffic
    if totals.requests == 0:
        yield "The trace holds no request, so it tells nothing about the policy."
        yield from _left_out(traffic)
        return
    yield _opens(forecast, asked)
    yield _denials(asked)
    yield from _outages(asked)
    yield from _wedges(forecast, asked)
    for other in others:
        yield _beside(other)
    yield from _left_out(traffic)


def _opens(forecast: Forecast, asked: PolicyForecast) -> str:
    period = _period(forecast)
    totals = asked.totals
    if asked.block is None:
        return f"{period}: {counted(totals.requests, 'request')} without a breaker, {_failed(totals)}."
    if not totals.opens:
        return f"{period}: no open in {counted(totals.requests, 'request')}."
    return f"{period}: {counted(totals.opens, 'open')}{_single(forecast, asked)}; {_classified(totals)}."


def _single(forecast: Forecast, policy: PolicyForecast) -> str:
    """', 8 of them from a single failure at night'."""
    totals = policy.totals
    if not totals.single_failure:
        return ""
    episodes = [
        episode for circuit in policy.circuits for episode in circuit.episodes if episode.single_failure
    ]
    night = _at_night(forecast, episodes)
    if totals.opens == 1:
        return f", from a single failure{night}"
    if totals.single_failure == totals.opens:
        return f", {'both' if totals.opens == 2 else 'all'} of them from a single failure{night}"
    return f", {totals.single_failure:,} of them from a single failure{night}"


def _at_night(forecast: Forecast, episodes: Sequence[ForecastEpisode]) -> str:
    if forecast.traffic.clock != "wall":
        return ""
    zone = ZoneInfo(forecast.timezone)
    hours = [episode.opened.astimezone(zone).hour for episode in episodes]
    dark = sum(hour >= _NIGHT_BEGINS or hour < _NIGHT_ENDS for hour in hours)
    if dark == len(hours):
        return " at night"
    return ", mostly at night" if dark >= _AT_NIGHT * len(hours) else ""


def _classified(totals: ForecastTotals) -> str:
    kinds = {
        "expected": totals.expected,
        "unexpected": totals.unexpected,
        "unexplained": totals.unexplained,
    }
    present = [f"{number:,} {kind}" for kind, number in kinds.items() if number]
    return listed(present)


def _period(forecast: Forecast) -> str:
    """'In 7 days (2025-01-24 to 2025-01-31)', in the forecast's timezone."""
    traffic = forecast.traffic
    if traffic.begins is None or traffic.ends is None:
        return "In the trace"
    length = _length(traffic.ends - traffic.begins)
    last = "" if traffic.origin == "files" or traffic.past else "the last "
    if traffic.clock != "wall":
        return f"In {length}"
    length = "day" if last and length == "1 day" else length
    zone = ZoneInfo(forecast.timezone)
    first, until = (at.astimezone(zone).date().isoformat() for at in (traffic.begins, traffic.ends))
    return f"In {last}{length} ({first if first == until else f'{first} to {until}'})"


def _length(period: timedelta) -> str:
    """Days where it is about that many whole ones."""
    ms = period / timedelta(milliseconds=1)
    days = round(period / timedelta(days=1))
    if days and abs(period - timedelta(days=days)) <= timedelta(hours=1):
        return counted(days, "day")
    return span(ms)


def _denials(policy: PolicyForecast) -> str:
    totals = policy.totals
    if policy.block is None:
        return "Nothing was denied, as there is no breaker."
    if not totals.fail_fast:
        return f"No request was denied; {_failed(totals)}."
    other = totals.fail_fast - totals.saved - totals.rejected
    rest = f", {other:,} with neither result" if other else ""
    return (
        f"{counted(totals.fail_fast, 'request')} denied: {counted(totals.saved, 'failing call')} saved, "
        f"{counted(totals.rejected, 'good call')} rejected{rest}; {_failed(totals)}."
    )


def _failed(totals: ForecastTotals) -> str:
    return f"{counted(totals.failed_through, 'failing call') if totals.failed_through else 'no failing call'} went through"


def _outages(policy: PolicyForecast) -> Iterator[str]:
    outages = [outage for each in policy.circuits for outage in each.outages]
    met = [outage for outage in outages if outage.opened_after_ms is not None]
    if not outages:
        yield "The trace shows no outage, so it doesn't tell how soon the circuit opens in one."
        return
    if not met:
        missed = "the one outage" if len(outages) == 1 else f"any of the {len(outages):,} outages"
        yield f"The circuit did not open in {missed}."
        return
    several = sum(bool(each.outages) for each in policy.circuits) > 1
    each = ", counted for each circuit," if several else ""
    where = f"{_of_outages(len(met), len(outages))}{each}"
    closed = _closed(policy.totals.closed_after_ms, [outage.closed_after_ms for outage in met])
    if not any(outage.opened_after_ms for outage in met):
        yield f"It was open already when {where} began, and {closed}."
        return
    opened = span(policy.totals.opened_after_ms or 0)
    began = "it began" if len(met) == 1 else "they began (median)"
    yield f"It opened in {where}{'' if each else ','} {opened} after {began}, and {closed}."


def _of_outages(met: int, outages: int) -> str:
    if outages == 1:
        return "the one outage"
    if met < outages:
        return f"{met:,} of {outages:,} outages"
    return "both outages" if outages == 2 else f"all {outages:,} outages"


def _closed(median: int | None, times: Sequence[int | None]) -> str:
    """'closed 31 s after it ended'; not every circuit may have closed."""
    if median is None:
        return "had not closed when the trace ended"
    if len(times) == 1:
        return f"closed {span(median)} after it ended" if median else "had closed when it ended"
    open_still = sum(time is None for time in times)
    besides = f"; after {open_still:,} of them not before the trace ended" if open_still else ""
    when = f"closed {span(median)} after" if median else "had closed when"
    return f"{when} they ended (median{besides})"


def _wedges(forecast: Forecast, policy: PolicyForecast) -> Iterator[str]:
    wedges = [(str(each.circuit), each.wedge) for each in policy.circuits if each.wedge is not None]
    if not wedges:
        return
    denied = counted(sum(wedge.denied.total for _, wedge in wedges), "request")
    why = f"every probe is used up, {denied} denied since, and only an operator frees"
    if len(wedges) > 1:
        yield f"{len(wedges):,} circuits are wedged half-open: {why} them."
        return
    name, wedge = wedges[0]
    since = ""
    if forecast.traffic.clock == "wall":
        since = f" since {wedge.since.astimezone(ZoneInfo(forecast.timezone)):%Y-%m-%d %H:%M} ({forecast.timezone})"
    yield f"{name[:1].upper() + name[1:] if name == str(Circuit()) else name} is wedged half-open{since}: {why} it."


def _beside(policy: PolicyForecast) -> str:
    totals = policy.totals
    if policy.block is None:
        return f"Without a breaker: {_failed(totals)}, nothing denied."
    wedged = f", {counted(totals.wedged, 'circuit')} wedged" if totals.wedged else ""
    opens = f"{counted(totals.opens, 'open')} ({_classified(totals)})" if totals.opens else "no open"
    return (
        f"With the policy '{policy.name}': {opens}, {counted(totals.saved, 'failing call')} saved, "
        f"{counted(totals.rejected, 'good call')} rejected, {_failed(totals)}{wedged}."
    )


def _left_out(traffic: TrafficSummary) -> Iterator[str]:
    if traffic.denied_in_production:
        one = traffic.denied_in_production == 1
        yield (
            f"{counted(traffic.denied_in_production, 'recorded request')} had been denied by production itself: "
            f"left out, because nobody knows how the provider would have answered {'it' if one else 'them'}."
        )
    if traffic.approximate:
        note = f": {traffic.note}" if traffic.note else ""
        yield f"The traffic is an approximation{note}."
    if traffic.out_of_order:
        were = "was" if traffic.out_of_order == 1 else "were"
        yield f"{counted(traffic.out_of_order, 'row')} came after a later arrival and {were} sorted."
    if traffic.skipped:
        were = "was" if traffic.skipped == 1 else "were"
        yield f"{counted(traffic.skipped, 'bad row')} {were} skipped."
