"""The weekly summary: seven days of a rollout and what they ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from cbops.model.base import from_ms
from cbops.model.calendar import day_date, zone
from cbops.model.observation import Observation
from cbops.model.ticket import Ticket, TicketKind
from cbops.model.verdict import Classification, ClassifiedEpisode
from cbops.render import text
from cbops.render.figured_latency import ProviderLatency, latencies
from cbops.render.log_counts import overall_rate
from cbops.render.log_outcome import lessons, recommendation_field
from cbops.render.log_tuning import tuning_view
from cbops.render.log_view import Field, PictureView
from cbops.render.log_words import NONE, listed, when
from cbops.render.markdown import EMPTY, Markdown, joined, phrase
from cbops.render.report_episodes import classified_line
from cbops.render.report_facts import Facts, rate_told, ticket_line, totals, worst_step

DAYS = 7
_KINDS: tuple[Classification, ...] = ("expected", "unexpected", "unexplained")


@dataclass(frozen=True, slots=True)
class DayRow:
    """A day in the summary's table."""

    day: Markdown
    success: Markdown
    failure: Markdown
    fail_fast: Markdown
    error_rate: Markdown
    opens: Markdown
    coverage: Markdown


@dataclass(frozen=True, slots=True)
class WeeklySummaryView:
    """What templates/weekly_summary.md.j2 puts out."""

    title: Markdown  # without the word Week: `1 (days 1 to 7, 2025-01-27 to 2025-02-02)`
    rollout: Markdown
    target: Markdown
    measured: Markdown
    stage: Markdown
    opens: Field
    expected: Markdown
    unexpected: Markdown
    unexplained: Markdown
    average: Markdown
    before: Markdown
    peak_day: Markdown
    peak: Markdown
    latency: Field
    rows: tuple[DayRow, ...]
    alerts: Field
    tickets: Field
    judged: Markdown
    recommendation: Field
    tuning: tuple[Markdown, ...]
    search: Field | None
    pictures: tuple[PictureView, ...] = ()


def weekly_summary(facts: Facts, week: int, pictures: tuple[PictureView, ...] = ()) -> WeeklySummaryView:
    """The summary of a week in which at least one day was measured; week 1 holds days 1 to 7."""
    first = DAYS * (week - 1) + 1
    days = facts.days(first, first + DAYS - 1)
    before = [facts.observations[n] for n in sorted(facts.observations) if n < 1]
    episodes = facts.episodes(days)
    kinds = Counter(each.classification for each in episodes)
    target, state = facts.state.target, facts.state
    search = tuning_view(state, facts.tuning, facts.tz)
    return WeeklySummaryView(
        title=_title(facts, week, first),
        rollout=phrase("{}", state.id),
        target=phrase("{} (policy {}, provider {})", target.tenant, target.policy, target.provider),
        measured=_measured(days, first),
        stage=phrase("{}", state.stage.words.capitalize()),
        opens=_opens(facts, days, episodes),
        expected=phrase("{}", kinds["expected"]),
        unexpected=phrase("{}", kinds["unexpected"]),
        unexplained=phrase("{}", kinds["unexplained"]),
        average=rate_told(totals(days)),
        before=rate_told(totals(before)) if before else Markdown("not measured"),
        peak_day=_peak_day(days),
        peak=_peak(facts, days),
        latency=_latency(facts, days, before),
        rows=tuple(_row(day) for day in days),
        alerts=_alerts(days),
        tickets=_tickets(facts, days),
        judged=when(facts.evaluation.as_of, facts.tz) if facts.evaluation else Markdown("Not so far"),
        recommendation=recommendation_field(facts.evaluation)
        or Field(Markdown("None, for nobody judged so far")),
        tuning=lessons(state, "tuning", otherwise=search is None),
        search=search,
        pictures=pictures,
    )


def weeks(facts: Facts) -> tuple[int, ...]:
    """The weeks in which a day was measured."""
    return tuple(sorted({(number + DAYS - 1) // DAYS for number in facts.observations if number >= 1}))


def _title(facts: Facts, week: int, first: int) -> Markdown:
    last = first + DAYS - 1
    enabled = facts.state.enabled_at
    if enabled is None:
        return phrase("{} (days {} to {})", week, first, last)
    tz = zone(facts.state.timezone)
    dates = (day_date(number, enabled, tz).isoformat() for number in (first, last))
    return phrase("{} (days {} to {}, {} to {})", week, first, last, *dates)


def _measured(days: Sequence[Observation], first: int) -> Markdown:
    numbers = {day.window.day for day in days}
    missing = [str(number) for number in range(first, first + DAYS) if number not in numbers]
    left = phrase("; not measured: day {}", joined(missing, ", ")) if missing else EMPTY
    least = min(days, key=lambda day: day.scrape.coverage)
    seen = f"least coverage {text.share(least.scrape.coverage)}, on day {least.window.day}"
    partial = [day.window.day for day in days if day.window.partial]
    open_end = phrase("; day {} is not over yet", partial[-1]) if partial else EMPTY
    return phrase("{} of {} days{}{}; {}", len(days), DAYS, left, open_end, seen)


def _opens(facts: Facts, days: Sequence[Observation], episodes: Sequence[ClassifiedEpisode]) -> Field:
    counted = totals(days).opens
    transitions = phrase("{} to open", text.counted(counted, "transition"))
    value = phrase("{} ({})", text.counted(len(episodes), "open"), transitions)
    if counted is None and not episodes:
        value = phrase("{} ({})", text.UNKNOWN, transitions)
    return Field(value, tuple(classified_line(each, facts) for each in episodes))


def _peak_day(days: Sequence[Observation]) -> Markdown:
    rated = [(rate, -day.window.day) for day in days if (rate := overall_rate(day)) is not None]
    if not rated:
        return Markdown(text.UNKNOWN)
    rate, day = max(rated)
    return phrase("{} on day {}", text.percent(rate), -day)


def _peak(facts: Facts, days: Sequence[Observation]) -> Markdown:
    worst = worst_step(days)
    if worst is None:
        return Markdown(text.UNKNOWN)
    rate, failures, results, start, end = worst
    span = text.interval(from_ms(start), from_ms(end), facts.tz)
    return phrase("{} ({} of {}), {}", text.percent(rate), failures, text.counted(results, "result"), span)


def _latency(facts: Facts, days: Sequence[Observation], before: Sequence[Observation]) -> Field:
    """Of each provider its mean before and in the week; then what the last judgement says."""
    told = [_mean(each) for each in latencies((*before, *days), None)]
    judged = (
        next((each for each in facts.evaluation.criteria if each.id == "latency"), None)
        if facts.evaluation
        else None
    )
    if judged is not None:
        told.append(phrase("Judged: {}: {}", judged.verdict.value, judged.summary))
    return listed(told, phrase("{} (none is exported)", text.UNKNOWN))


def _mean(each: ProviderLatency) -> Markdown:
    known = [
        (day.mean_ms, day.count)
        for day in each.days
        if day.day >= 1 and day.mean_ms is not None and day.count
    ]
    results = sum(count for _, count in known)
    now = sum(mean * count for mean, count in known) / results if results else None
    base = each.baseline_ms
    change = text.UNKNOWN if base is None or now is None or not base else f"{(now / base - 1) * 100:+.1f} %"
    return phrase(
        "{} mean {}, before enabling {} (change {}; {})",
        each.provider,
        *(text.UNKNOWN if ms is None else f"{ms:.1f} ms" for ms in (now, base)),
        change,
        text.counted(results, "result"),
    )


def _row(day: Observation) -> DayRow:
    counts = totals((day,))
    rate = overall_rate(day)
    nothing = "no results" if counts.results == 0 else text.UNKNOWN
    return DayRow(
        day=phrase(
            "{} ({}{})",
            day.window.day,
            day.window.date.isoformat(),
            Markdown(", not over" if day.window.partial else ""),
        ),
        success=phrase("{}", text.number(counts.success)),
        failure=phrase("{}", text.number(counts.failure)),
        fail_fast=phrase("{}", text.number(counts.fail_fast)),
        error_rate=phrase("{}", nothing if rate is None else text.percent(rate)),
        opens=phrase("{}", text.number(counts.opens)),
        coverage=phrase("{}", text.share(day.scrape.coverage)),
    )


def _alerts(days: Sequence[Observation]) -> Field:
    blind = [str(day.window.day) for day in days if day.alerts is None]
    names = Counter(alert.name for day in days for alert in day.alerts or ())
    told = [phrase("{} fired {}", name, text.counted(count, "time")) for name, count in sorted(names.items())]
    if blind:
        told.append(phrase("{} on day {}: what fired could not be asked", text.UNKNOWN, joined(blind, ", ")))
    return listed(told, Markdown("none fired"))


def _tickets(facts: Facts, days: Sequence[Observation]) -> Field:
    """Those that were opened by the end of the week, by kind; of the last week, all: they are often opened after it."""
    end = max(day.window.end for day in days)
    latest = days[-1].window.day == max(facts.observations)
    mine = [ticket for ticket in facts.state.tickets if latest or ticket.opened_at <= end]
    if not mine:
        return Field(NONE)
    details: list[Markdown] = []
    for kind in TicketKind:
        of_kind = [ticket for ticket in mine if ticket.kind is kind]
        if of_kind:
            details.append(_of_kind(kind, of_kind))
            details += [ticket_line(ticket, facts.tz) for ticket in of_kind]
    left = sum(not ticket.state.over for ticket in mine)
    return Field(
        phrase("{}, {} of them not resolved", text.counted(len(mine), "ticket"), left), tuple(details)
    )


def _of_kind(kind: TicketKind, tickets: Sequence[Ticket]) -> Markdown:
    return phrase("**{}**: {}", kind.words.capitalize(), len(tickets))
