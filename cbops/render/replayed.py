"""A replay for the terminal: policies side by side, episodes, outages, circuits, and the timeline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import PurePath

from cbops.model.forecast import CircuitForecast, Forecast, ForecastEpisode, Outage, Outcomes, PolicyForecast
from cbops.model.traffic import TrafficSummary
from cbops.render import text
from cbops.render.figures import Figure, side_by_side, span
from cbops.render.timeline import timeline_lines
from cbops.render.times import Times

EPISODES = 10
OUTAGES = 10
CIRCUITS = 10
MAX_NAME = 24


def headline(forecast: Forecast, otherwise: str = "Replayed.") -> str:
    """The first sentence (`otherwise` without one), which says so where the traffic is an approximation."""
    first = forecast.summary[0] if forecast.summary else otherwise
    if forecast.traffic.approximate and "approximat" not in first.lower():
        return f"Approximation: {first}"
    return first


def replay_lines(
    forecast: Forecast, width: int = 80, *, blocks: bool = True, notes: Sequence[str] = ()
) -> tuple[str, ...]:
    """Everything but the headline, which is the first sentence of the summary; the limit comes last.

    `width` is what the table and the timeline keep to; sentences are not broken. `blocks`: see `timeline_lines`. `notes`
    come after the sentences.
    """
    times = Times.of(forecast)
    parts: list[Sequence[str]] = [
        [
            f"  {text.one_line(said)}"
            for said in (*forecast.summary[1:], *traffic_lines(forecast.traffic, times), *notes)
        ],
        ["", *_table(forecast, width)],
    ]
    if forecast.policies:
        asked = forecast.policies[0]
        parts += [
            _led_in(_episodes(asked, times)),
            _led_in(_outages(asked, times)),
            _led_in(_circuits(asked)),
        ]
    parts.append(_led_in(timeline_lines(forecast, width, blocks=blocks)))
    return (*(line for part in parts for line in part), "", forecast.limit)


def traffic_lines(traffic: TrafficSummary, times: Times) -> tuple[str, ...]:
    """What was replayed; what was left out of it is told by the forecast's sentences."""
    read = f"{text.counted(traffic.requests, 'request')}{_period(traffic, times)}{_source(traffic)}"
    return (read, traffic.note) if traffic.note and not traffic.approximate else (read,)


def _period(traffic: TrafficSummary, times: Times) -> str:
    if traffic.begins is None or traffic.ends is None:
        return ""
    return f", {times.interval(traffic.begins, traffic.ends)}"


def _source(traffic: TrafficSummary) -> str:
    if traffic.origin == "files":
        named = f" ({PurePath(traffic.files[0]).name})" if len(traffic.files) == 1 else ""
        return f", from {text.counted(len(traffic.files), 'file')}{named}"
    return f", from the counters of {'the embedded store' if traffic.origin == 'embedded' else 'Prometheus'}"


def _led_in(lines: Sequence[str]) -> tuple[str, ...]:
    return ("", *lines) if lines else ()


def _table(forecast: Forecast, width: int) -> Iterator[str]:
    """As many policies beside one another as the width holds, the others in further tables below."""
    figures = side_by_side(forecast)
    names = [text.shorten(policy.name, MAX_NAME) for policy in forecast.policies]
    label = max(len(figure.label) for figure in figures)
    approximate = " (approximation)" if forecast.traffic.approximate else ""
    yield f"Policies side by side{approximate}:"
    first = 0
    while first < len(names):
        widths: list[int] = []
        while (place := first + len(widths)) < len(names):
            wide = max(len(names[place]), *(len(figure.values[place]) for figure in figures))
            if widths and 2 + label + sum(each + 2 for each in (*widths, wide)) > width:
                break
            widths.append(wide)
        yield from _rows(figures, names, label, first, widths)
        first += len(widths)


def _rows(
    figures: Sequence[Figure], names: Sequence[str], label: int, first: int, widths: Sequence[int]
) -> Iterator[str]:
    for figure in (Figure("", tuple(names)), *figures):
        values = zip(figure.values[first : first + len(widths)], widths, strict=True)
        yield f"  {figure.label:{label}}" + "".join(f"  {value:>{wide}}" for value, wide in values)


def _episodes(asked: PolicyForecast, times: Times) -> tuple[str, ...]:
    """The first ones of all circuits, in order of their opening."""
    # Each circuit's are in order of time.
    told = sorted(
        ((episode, each) for each in asked.circuits for episode in each.episodes[:EPISODES]),
        key=lambda pair: pair[0].opened,
    )
    if not told:
        return ()
    alone = len(asked.circuits) == 1
    return (
        f"Opens with {text.one_line(asked.name)}:",
        *(
            line
            for episode, each in told[:EPISODES]
            for line in _episode(episode, "" if alone else f"{text.one_line(str(each.circuit))}: ", times)
        ),
        *_more(sum(len(each.episodes) for each in asked.circuits) - EPISODES, "open"),
    )


def _episode(episode: ForecastEpisode, whose: str, times: Times) -> tuple[str, str]:
    """When, why and what it cost; and under it the judgement with its evidence."""
    if episode.closed is None:
        when = f"{times.instant(episode.opened)}, not closed when the trace ended"
    else:
        when = times.interval(episode.opened, episode.closed)
    again = f", reopened {text.counted(episode.reopened, 'time')}" if episode.reopened else ""
    failed = (
        f"{text.number(episode.window_failures)} of {text.counted(episode.window_results, 'result')} failed"
    )
    return (
        f"  {whose}{when}{again}: {text.one_line(episode.reason)}, {failed}; {_denied(episode.denied)}",
        f"    {episode.classification}: {text.one_line(episode.evidence)}",
    )


def _denied(denied: Outcomes) -> str:
    if not denied.total:
        return "no call denied"
    good = f" ({text.number(denied.success)} good)" if denied.success else ""
    return f"{text.counted(denied.total, 'call')} denied{good}"


def _outages(asked: PolicyForecast, times: Times) -> tuple[str, ...]:
    told = sorted(
        ((outage, each) for each in asked.circuits for outage in each.outages),
        key=lambda pair: pair[0].begins,
    )
    if not told:
        return ()
    alone = len(asked.circuits) == 1
    return (
        f"Outages of the provider, and {text.one_line(asked.name)} in them:",
        *(
            _outage(outage, "" if alone else f"{text.one_line(str(each.circuit))}: ", times)
            for outage, each in told[:OUTAGES]
        ),
        *_more(len(told) - OUTAGES, "outage"),
    )


def _outage(outage: Outage, whose: str, times: Times) -> str:
    source = "declared" if outage.source == "incident" else "seen in the trace"
    failed = f"{text.number(outage.failures)} of {text.counted(outage.results, 'result')} failed"
    when = times.interval(outage.begins, outage.ends)
    return f"  {whose}{when}, {source}: {failed}; {_reaction(outage)}"


def _reaction(outage: Outage) -> str:
    if outage.opened_after_ms is None:
        return "never opened"
    opened = f"open after {span(outage.opened_after_ms)}" if outage.opened_after_ms else "open already"
    if outage.closed_after_ms is None:
        return f"{opened}, not closed when the trace ended"
    closed = (
        f"closed {span(outage.closed_after_ms)} after it ended"
        if outage.closed_after_ms
        else "closed by its end"
    )
    return f"{opened}, {closed}"


def _circuits(asked: PolicyForecast) -> tuple[str, ...]:
    """The worst ones, where there are several."""
    if len(asked.circuits) < 2:
        return ()
    worst = sorted(asked.circuits, key=_badness, reverse=True)
    return (
        f"Circuits with {text.one_line(asked.name)}, the worst first:",
        *(_circuit(each) for each in worst[:CIRCUITS]),
        *_more(len(worst) - CIRCUITS, "circuit"),
    )


def _badness(each: CircuitForecast) -> tuple[bool, int, int, int]:
    """Wedged, then opens that were not expected, good calls rejected, opens."""
    odd = sum(episode.classification != "expected" for episode in each.episodes)
    return (each.wedge is not None, odd, each.denied.success, len(each.episodes))


def _circuit(each: CircuitForecast) -> str:
    odd = sum(episode.classification != "expected" for episode in each.episodes)
    wedged = ", wedged half-open" if each.wedge else ""
    good = f" ({text.number(each.denied.success)} good)" if each.denied.success else ""
    requests = text.counted(each.admitted.total + each.denied.total, "request")
    return (
        f"  {text.one_line(str(each.circuit))}: {requests}, {text.counted(len(each.episodes), 'open')} ({text.number(odd)} not expected), "
        f"{text.number(each.denied.total)} denied{good}{wedged}"
    )


def _more(count: int, noun: str) -> tuple[str, ...]:
    return (f"  and {text.counted(count, f'more {noun}')}",) if count > 0 else ()
