"""The execution log's daily monitoring sections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Literal

from cbops.model.calendar import day_date, zone
from cbops.model.observation import AlertInterval, DayWindow, Observation, ScrapeHealth
from cbops.model.state import ClassificationRecord, NoteRecord, RolloutState
from cbops.model.verdict import ClassifiedEpisode
from cbops.render import text
from cbops.render.log_counts import error_rate_field, events_field, transitions_field
from cbops.render.log_view import DayView, Field
from cbops.render.log_words import NONE, finished, listed, signed, unfilled
from cbops.render.markdown import Markdown, joined, phrase

NoteKind = Literal["issue", "action", "note"]

_FIRST_DAYS = range(1, 4)  # always there
_LATER_DAYS = range(4, 8)  # one section until one of them is collected


@dataclass(frozen=True, slots=True)
class Measured:
    """What the day sections are told from; `state` null: no rollout yet."""

    state: RolloutState | None
    tz: tzinfo
    observations: Mapping[int, Observation]
    classified: Mapping[str, ClassifiedEpisode]


def remarks(state: RolloutState | None, tz: tzinfo) -> tuple[Markdown, ...]:
    """What people noted about the rollout as a whole, and its pauses."""
    notes = state.notes if state else ()
    return (*(_note(note, tz) for note in notes if note.day is None), *_pauses(state, tz))


def _pauses(state: RolloutState | None, tz: tzinfo) -> tuple[Markdown, ...]:
    """When the rollout's clock stood, and why."""
    return tuple(
        phrase(
            "Paused from {} {}: {} ({}). Days of which a part is paused don't count.",
            text.instant(pause.since, tz),
            Markdown("on; not over yet")
            if pause.until is None
            else phrase("to {}", text.instant(pause.until, tz)),
            pause.reason,
            pause.actor,
        )
        for pause in (state.pauses if state else ())
    )


def day_views(measured: Measured) -> tuple[DayView, ...]:
    """Days 1 to 3; then `4-7` until one of the later days is collected, from when each has its own."""
    views = [day_view(measured, number) for number in _FIRST_DAYS]
    later = [number for number in measured.observations if number >= _LATER_DAYS.start]
    if not later:
        return (*views, _waiting_later_days(measured))
    last = max((*later, *(note.day for note in _notes(measured) if note.day is not None)))
    return (*views, *(day_view(measured, number) for number in range(_LATER_DAYS.start, last + 1)))


def _notes(measured: Measured) -> tuple[NoteRecord, ...]:
    return measured.state.notes if measured.state else ()


def day_view(measured: Measured, number: int) -> DayView:
    """One day's section."""
    seen = measured.observations.get(number)
    if seen is None:
        return _waiting(measured, f"{number} ({_date(measured, number)})", range(number, number + 1))
    before = measured.observations.get(number - 1)
    return DayView(
        title=_title(seen.window, measured.tz),
        transitions=transitions_field(seen, measured.classified, _words(measured), measured.tz),
        events=events_field(seen),
        error_rates=error_rate_field(seen, before),
        alerts=_alerts(seen.alerts, measured.tz),
        issues=listed(_issues(measured, seen), NONE),
        actions=listed(_actions(measured, range(number, number + 1), seen.window), NONE),
    )


def _waiting_later_days(measured: Measured) -> DayView:
    return _waiting(measured, "4-7 (YYYY-MM-DD)", _LATER_DAYS)


def _waiting(measured: Measured, title: str, numbers: range) -> DayView:
    """A section that nothing was measured for; what people noted stands in it all the same."""
    blank = unfilled(over=finished(measured.state), said=Markdown("Not observed"))
    issues = [_numbered(note, numbers, measured.tz) for note in _of_days(measured, numbers, "issue", "note")]
    return DayView(
        title=Markdown(title),
        transitions=Field(blank),
        events=Field(blank),
        error_rates=Field(blank),
        alerts=Field(blank),
        issues=listed(issues, blank),
        actions=listed(_actions(measured, numbers, None), blank),
    )


def _date(measured: Measured, number: int) -> str:
    state = measured.state
    if state is None or state.enabled_at is None:
        return "YYYY-MM-DD"
    return day_date(number, state.enabled_at, zone(state.timezone)).isoformat()


def _title(window: DayWindow, tz: tzinfo) -> Markdown:
    title = f"{window.day} ({window.date.isoformat()})"
    if not window.partial:
        return Markdown(title)
    return phrase("{} (partial, until {})", Markdown(title), text.instant(window.end, tz))


def _words(measured: Measured) -> dict[str, ClassificationRecord]:
    records = measured.state.classifications if measured.state else ()
    return {record.classified.episode: record for record in records}


def _of_days(measured: Measured, numbers: range, *kinds: NoteKind) -> list[NoteRecord]:
    return [
        note
        for note in _notes(measured)
        if note.day is not None and note.day in numbers and note.kind in kinds
    ]


def _note(note: NoteRecord, tz: tzinfo) -> Markdown:
    return phrase("{} ({})", note.text, signed(note.actor, note.at, tz))


def _numbered(note: NoteRecord, numbers: range, tz: tzinfo) -> Markdown:
    """With the number of its day where the section is about several."""
    return phrase("Day {}: {}", note.day or 0, _note(note, tz)) if len(numbers) > 1 else _note(note, tz)


def notes_of(measured: Measured, number: int, *kinds: NoteKind) -> list[Markdown]:
    """What people noted at that day, with who and when."""
    return [_note(note, measured.tz) for note in _of_days(measured, range(number, number + 1), *kinds)]


def _issues(measured: Measured, seen: Observation) -> list[Markdown]:
    return [*notes_of(measured, seen.window.day, "issue", "note"), *troubles(measured, seen)]


def troubles(measured: Measured, seen: Observation) -> list[Markdown]:
    """What the day has to know besides people's notes: declared incidents, findings, what wasn't scraped."""
    return [
        *_incidents(measured, seen.window),
        *(phrase("{}", finding.message) for finding in seen.findings),
        *_coverage(seen.scrape),
    ]


def _incidents(measured: Measured, window: DayWindow) -> list[Markdown]:
    found = []
    for record in measured.state.incidents if measured.state else ():
        incident = record.incident
        if incident.start < window.end and incident.end > window.start:
            span = text.interval(incident.start, incident.end, measured.tz)
            told = phrase("Declared incident of {}, {}", incident.provider, span)
            found.append(phrase("{}: {}", told, incident.note) if incident.note else told)
    return found


def _coverage(scrape: ScrapeHealth) -> list[Markdown]:
    if scrape.coverage >= 1:
        return []
    seen, expected = text.number(scrape.seen), text.number(scrape.expected)
    return [phrase("Coverage {}: {} of {} scrapes were seen", text.share(scrape.coverage), seen, expected)]


def _alerts(alerts: tuple[AlertInterval, ...] | None, tz: tzinfo) -> Field:
    if alerts is None:
        return Field(phrase("{} (what fired could not be asked)", text.UNKNOWN))
    return listed([alert_line(alert, tz) for alert in alerts], Markdown("none fired"))


def alert_line(alert: AlertInterval, tz: tzinfo) -> Markdown:
    """Name, severity and provider, from when to when."""
    about = [label for label in (alert.severity, alert.provider) if label is not None]
    named = phrase("{} ({})", alert.name, joined(about, ", ")) if about else phrase("{}", alert.name)
    return phrase("{} {}", named, text.interval(alert.start, alert.end, tz))


def _actions(measured: Measured, numbers: range, window: DayWindow | None) -> list[Markdown]:
    notes = _of_days(measured, numbers, "action")
    found = [_numbered(note, numbers, measured.tz) for note in notes]
    if measured.state is None or window is None:
        return found
    begun = [each for each in measured.state.rollbacks if window.start <= each.intended_at <= window.end]
    return found + [
        phrase("Rollback begun ({})", signed(each.actor, each.intended_at, measured.tz)) for each in begun
    ]
