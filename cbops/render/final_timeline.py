"""What happened in a rollout, in order of time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from cbops.render import text
from cbops.render.log_words import DECISIONS
from cbops.render.markdown import EMPTY, Markdown, joined, phrase
from cbops.render.report_facts import Facts

Dated = tuple[datetime, Markdown]


def timeline(facts: Facts) -> tuple[Markdown, ...]:
    """One line each, with its time; what happened at one instant stays in the order below."""
    parts = (_begun(facts), _enabled(facts), _seen(facts), _people(facts), _judged(facts), _ended(facts))
    dated = sorted((each for part in parts for each in part), key=lambda each: each[0])
    return tuple(phrase("{}: {}", text.instant(at, facts.tz), told) for at, told in dated)


def _begun(facts: Facts) -> Iterator[Dated]:
    state = facts.state
    how = Markdown(" (adopted)") if state.adopted else EMPTY
    yield state.opened_at, phrase("{} selected by {}{}", state.target.tenant, state.opened_by, how)
    for record in state.notifications:
        told = phrase("owner told ({})", record.notified.how)
        answer = phrase(", answer: {}", record.notified.answer) if record.notified.answer else EMPTY
        yield record.notified.notified_at, phrase("{}{}", told, answer)
    for forecast in state.forecasts:
        yield forecast.at, phrase("forecast: {}", forecast.forecasted.summary)


def _enabled(facts: Facts) -> Iterator[Dated]:
    state = facts.state
    if state.enable and state.enable.abandoned is not None:
        yield state.enable.intended_at, phrase("an enabling was given up: {}", state.enable.abandoned)
    if state.enabled_at is not None:
        version = phrase(" (version {})", state.enabled_version) if state.enabled_version else EMPTY
        by = phrase(" by {}", state.enable.actor) if state.enable else EMPTY
        yield state.enabled_at, phrase("**breaker enabled**{}{}", by, version)


def _seen(facts: Facts) -> Iterator[Dated]:
    """Incidents, opens and alerts; what lasts, at its beginning."""
    for record in facts.state.incidents:
        incident = record.incident
        length = text.duration((incident.end - incident.start).total_seconds())
        note = phrase(": {}", incident.note) if incident.note else EMPTY
        yield incident.start, phrase("incident of {} for {}{}", incident.provider, length, note)
    for each in sorted(facts.classified.values(), key=lambda each: each.id):
        until = "not closed so far"
        if each.closed is not None:
            until = f"closed after {text.duration((each.closed - each.opened).total_seconds())}"
        if each.reopened:
            until = f"{until}, reopened {text.counted(each.reopened, 'time')}"
        yield each.opened, phrase("circuit to {} opened, {} ({})", each.provider, until, each.classification)
    for day in facts.observations.values():
        for alert in day.alerts or ():
            yield alert.start, phrase("alert {} fired", alert.name)


def _people(facts: Facts) -> Iterator[Dated]:
    """What people noted as issues and actions, tickets, and times in which the clock stood."""
    for note in facts.state.notes:
        if note.kind != "note":
            what = note.kind if note.day is None else f"{note.kind} of day {note.day}"
            yield note.at, phrase("{} ({}): {}", what, note.actor, note.text)
    for ticket in facts.state.tickets:
        yield ticket.opened_at, phrase("ticket {} opened: {}", ticket.id, ticket.title)
    for pause in facts.state.pauses:
        until = f"until {text.instant(pause.until, facts.tz)}" if pause.until else "and not resumed so far"
        yield pause.since, phrase("clock paused {} ({}): {}", until, pause.actor, pause.reason)


def _judged(facts: Facts) -> Iterator[Dated]:
    for record in facts.state.evaluations:
        judged = record.evaluated
        counts: dict[str, int] = {}
        for criterion in judged.criteria:
            counts[criterion.verdict.value] = counts.get(criterion.verdict.value, 0) + 1
        told = joined([f"{count} {verdict}" for verdict, count in counts.items()], ", ")
        yield record.at, phrase("judged: {}; recommended: {}", told, DECISIONS[judged.recommendation])


def _ended(facts: Facts) -> Iterator[Dated]:
    for record in facts.state.decisions:
        yield (
            record.at,
            phrase("**decided: {}** by {}", DECISIONS[record.decided.decision], record.decided.by),
        )
    for rollback in facts.state.rollbacks:
        yield rollback.intended_at, phrase("rollback begun by {}: {}", rollback.actor, rollback.reason)
        if rollback.done_at is not None:
            yield rollback.done_at, Markdown("**breaker disabled**")
