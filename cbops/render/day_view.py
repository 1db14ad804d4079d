"""The daily entry: one day as operators write it down, from the record alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from cbops.model.base import from_ms
from cbops.model.observation import Observation, ProviderDay
from cbops.model.ticket import Ticket
from cbops.render import text
from cbops.render.log_counts import error_rate_field, events_field, transitions_field
from cbops.render.log_days import alert_line, day_view, notes_of, troubles
from cbops.render.log_view import DayView, Field, PictureView
from cbops.render.log_words import NONE, listed, when
from cbops.render.markdown import Markdown, joined, phrase
from cbops.render.report_facts import Facts, rate_told, ticket_line, totals, worst_step

# The alerts of the router's breaker, as the domain description names them.
ALERTS = (
    "RouterCircuitBreakerOpened",
    "RouterCircuitBreakerHighFailureRate",
    "RouterCircuitBreakerMultipleProvidersOpen",
    "RouterCircuitBreakerHalfOpenProbesFailed",
)


@dataclass(frozen=True, slots=True)
class DailyEntryView:
    """What templates/daily_entry.md.j2 puts out."""

    title: Markdown  # without the word Day: `3 (2025-01-29)`
    rollout: Markdown
    target: Markdown
    measured: Markdown
    state: Field
    transitions: Field
    error_rate: Field
    events: Markdown
    fail_fast: Field
    window: Field
    latency: Field
    alerts: Field
    issues: Field
    actions: Field
    tickets: Field
    notes: Field
    pictures: tuple[PictureView, ...] = ()


def daily_entry(facts: Facts, number: int, pictures: tuple[PictureView, ...] = ()) -> DailyEntryView:
    """The entry of a day that was measured. KeyError for another."""
    seen, measured = facts.observations[number], facts.measured
    log: DayView = day_view(measured, number)
    state, tz = facts.state, facts.tz
    target = state.target
    return DailyEntryView(
        title=log.title,
        rollout=phrase("{}", state.id),
        target=phrase("{} (policy {}, provider {})", target.tenant, target.policy, target.provider),
        measured=_measured(facts, seen),
        state=_state(facts, seen),
        transitions=transitions_field(seen, facts.classified, facts.words, tz),
        error_rate=error_rate_field(seen, facts.observations.get(number - 1)),
        events=events_field(seen).value,
        fail_fast=_fail_fast(seen),
        window=_window(facts, seen),
        latency=_latency(seen),
        alerts=_alerts(facts, seen),
        issues=listed([*notes_of(measured, number, "issue"), *troubles(measured, seen)], NONE),
        actions=log.actions,
        tickets=listed(_tickets(facts, seen), NONE),
        notes=listed(notes_of(measured, number, "note"), NONE),
        pictures=pictures,
    )


def _measured(facts: Facts, seen: Observation) -> Markdown:
    window = text.interval(seen.window.start, seen.window.end, facts.tz)
    over = Markdown(", the day is not over yet") if seen.window.partial else Markdown("")
    scrape = seen.scrape
    scrapes = (
        phrase(
            "{} of {} scrapes ({})",
            text.number(scrape.seen),
            text.number(scrape.expected),
            text.share(scrape.coverage),
        )
        if scrape.expected
        else Markdown("nothing was scraped")
    )
    return phrase("{}{}; {}; looked at {}", window, over, scrapes, when(seen.as_of, facts.tz))


def _state(facts: Facts, seen: Observation) -> Field:
    """Each circuit at the end of the day, and for how long it wasn't closed."""
    names = sorted({*seen.providers, *seen.state_at_start})
    if not names or not seen.scrape.seen:
        return Field(phrase("{} (nothing was scraped)", text.UNKNOWN))
    told = [phrase("{} {}", name, _at_end(facts, seen, name)) for name in names]
    return Field(
        joined(told), tuple(_times(facts, seen, name) for name in names if _open_for(facts, seen, name))
    )


def _at_end(facts: Facts, seen: Observation, provider: str) -> str:
    """Not closed where an episode goes on; as it began where nothing moved."""
    end = seen.window.end
    spans = [(each.provider, each.opened, each.closed) for each in facts.classified.values()]
    spans += [
        (one.provider, one.opened, one.closed) for one in seen.episodes if one.id not in facts.classified
    ]
    for name, opened, closed in spans:
        if name == provider and opened <= end and (closed is None or closed > end):
            return "not closed"
    began = seen.state_at_start.get(provider)
    figures = seen.providers.get(provider)
    moved = figures is None or any(count != 0 for count in _moves(figures))
    if began is None and (figures is None or None in _moves(figures)):
        return text.UNKNOWN
    if began not in (None, "closed") and not moved:
        return str(began).replace("_", "-")
    return "closed"


def _moves(figures: ProviderDay) -> tuple[int | None, ...]:
    counts = figures.transitions
    return counts.open, counts.half_open, counts.closed


def _open_for(facts: Facts, seen: Observation, provider: str) -> float:
    """Seconds of the day in which an episode ran."""
    start, end = seen.window.start, seen.window.end
    return sum(
        max(0.0, (min(each.closed or end, end) - max(each.opened, start)).total_seconds())
        for each in facts.classified.values()
        if each.provider == provider and each.opened <= end
    )


def _times(facts: Facts, seen: Observation, provider: str) -> Markdown:
    return phrase("{} not closed for {}", provider, text.duration(_open_for(facts, seen, provider)))


def _fail_fast(seen: Observation) -> Field:
    """Of each provider, and what became of them: decisions for a fallback."""
    told = [
        phrase("{} {}", name, text.number(figures.events.fail_fast))
        for name, figures in sorted(seen.providers.items())
    ]
    decisions = phrase("of {}", text.counted(seen.decisions, "decision"))
    fallback = phrase("sent to a fallback: {}", text.number(seen.fallback_decisions))
    return Field(phrase("{}; {}, {}", joined(told) or text.UNKNOWN, decisions, fallback))


def _window(facts: Facts, seen: Observation) -> Field:
    """What the breaker's window would have to show, and the worst that was measured."""
    block = facts.state.block or {}
    details = []
    worst = worst_step((seen,))
    if worst is not None:
        rate, failures, results, start, end = worst
        length = text.duration((end - start) / 1000)
        details.append(
            phrase(
                "Worst {} of all providers: {} ({} of {}), {}",
                length,
                text.percent(rate),
                text.number(failures),
                text.counted(results, "result"),
                text.interval(from_ms(start), from_ms(end), facts.tz),
            )
        )
    day = rate_told(totals((seen,)))
    details.append(phrase("The whole day: {}", day))
    if not block:
        return Field(phrase("thresholds {}", text.UNKNOWN), tuple(details))
    limits = phrase(
        "opens at {} of the results in {} s, or at {} in a row",
        _share(block.get("error_rate_threshold", 0.5)),
        str(block.get("error_rate_window_seconds", 60)),
        text.counted(int(block.get("failure_threshold", 5)), "failure"),
    )
    return Field(limits, tuple(details))


def _share(value: object) -> str:
    return text.percent(float(value), 0) if isinstance(value, int | float) else text.UNKNOWN


def _latency(seen: Observation) -> Field:
    found = [
        _latency_of(name, figures)
        for name, figures in sorted(seen.providers.items())
        if figures.latency.count
    ]
    return listed(found, phrase("{} (no result came back, or none is exported)", text.UNKNOWN))


def _latency_of(name: str, figures: ProviderDay) -> Markdown:
    latency = figures.latency
    mean, *percentiles = (
        text.UNKNOWN if ms is None else f"{ms:.1f} ms"
        for ms in (latency.mean_ms, latency.p50_ms, latency.p95_ms, latency.p99_ms)
    )
    p50, p95, p99 = percentiles
    results = text.counted(latency.count, "result")
    return phrase("{} mean {}, p50 {}, p95 {}, p99 {} ({})", name, mean, p50, p95, p99, results)


def _alerts(facts: Facts, seen: Observation) -> Field:
    """Whether each of the breaker's alerts fired, and what else did."""
    if seen.alerts is None:
        return Field(phrase("{} (what fired could not be asked)", text.UNKNOWN))
    fired = len({alert.name for alert in seen.alerts})
    names = [*ALERTS, *sorted({alert.name for alert in seen.alerts} - set(ALERTS))]
    details = []
    for name in names:
        mine = [alert for alert in seen.alerts if alert.name == name]
        details += [phrase("fired: {}", alert_line(alert, facts.tz)) for alert in mine]
        details += [] if mine else [phrase("did not fire: {}", name)]
    return Field(phrase("{} fired", text.counted(fired, "alert")), tuple(details))


def _tickets(facts: Facts, seen: Observation) -> list[Markdown]:
    """Those that something happened to in the day, as they stood at its end."""
    start, end = seen.window.start, seen.window.end
    return [
        _on_day(ticket, start, end, facts)
        for ticket in facts.state.tickets
        if any(start < step.at <= end for step in ticket.steps)
    ]


def _on_day(ticket: Ticket, start: datetime, end: datetime, facts: Facts) -> Markdown:
    steps = [step for step in ticket.steps if start < step.at <= end]
    told = joined([phrase("{} by {}", step.what, step.actor) for step in steps], ", ")
    return phrase("{}; on that day: {}", ticket_line(ticket, facts.tz), told)


def day_numbers(facts: Facts) -> tuple[int, ...]:
    """The days since enabling that were measured."""
    return tuple(number for number in sorted(facts.observations) if number >= 1)
