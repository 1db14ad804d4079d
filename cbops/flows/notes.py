"""What people add to a rollout: notifications, notes, incidents, lessons."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal

from cbops.errors import InputError
from cbops.flows.outcome import Outcome
from cbops.flows.steps.loading import load
from cbops.flows.steps.recording import Who, recording
from cbops.flows.steps.texts import MAX_NAME, said
from cbops.model.answers.canary import NotifyAnswer
from cbops.model.answers.monitor import (
    IncidentAnswer,
    IncidentsAnswer,
    LessonAnswer,
    NoteAnswer,
)
from cbops.model.base import iso
from cbops.model.events import IncidentAdded, LessonAdded, NoteAdded, OwnerNotified
from cbops.rollout.days import days_of

NoteKind = Literal["issue", "action", "note"]
LessonKind = Literal["well", "improve", "tuning"]


def notify(
    folder: Path, who: Who, *, how: str, answer: str | None, at: datetime | None
) -> Outcome[NotifyAnswer]:
    """Record that the owner was told, how, and what the answer was."""
    how = said(how, "--how")
    answer = said(answer, "--answer") if answer is not None else None
    with recording(folder, who) as (session, state):
        now = who.clock.now()
        when = at or now
        if when > now:
            raise InputError(f"the notification lies in the future ({iso(when)})", hint="Correct --at.")
        session.append(OwnerNotified(how=how, answer=answer, notified_at=when))
    name = state.owner.name if state.owner else "the owner"
    return Outcome(
        data=NotifyAnswer(rollout=state.id, owner=state.owner, how=how, answer=answer, notified_at=when),
        headline=f"Recorded: {name} of {state.target.tenant} was told by {how}.",
        next_step="See what else is open: cbops checklist show, then: cbops canary enable",
    )


def add_note(folder: Path, who: Who, *, day: int | None, kind: NoteKind, text: str) -> Outcome[NoteAnswer]:
    """Add a note to a day; without a day, to today's (or to the rollout before enabling)."""
    text = said(text, "the note")
    with recording(folder, who) as (session, state):
        begun = [window.day for window in days_of(state, who.clock.now())]
        number = begun[-1] if day is None and begun else day
        if number is not None and number not in begun:
            span = f"days 1 to {begun[-1]}" if begun else "no day yet"
            yet = " yet" if state.disabled_at is None else ""
            raise InputError(f"there is no day {number}{yet}; the rollout has {span}", hint="Correct --day.")
        session.append(NoteAdded(day=number, kind=kind, text=text))
    where = f"day {number}" if number is not None else "the rollout"
    return Outcome(
        data=NoteAnswer(rollout=state.id, day=number, kind=kind, text=text),
        headline=f"Added to {where} of {state.id} as {_article(kind)}.",
        next_step="See it in the log: cbops report log --stdout",
    )


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def add_incidents(folder: Path, who: Who, incidents: tuple[IncidentAdded, ...]) -> Outcome[IncidentsAnswer]:
    """Declare provider incidents; one that is on record already is not added again.

    InputError for one that ends before it starts or lies in the future; then none is added.
    """
    for incident in incidents:
        _check_incident(incident, who.clock.now())
    with recording(folder, who) as (session, state):
        known = {(i.incident.provider, i.incident.start, i.incident.end) for i in state.incidents}
        named = {(i.provider, i.start, i.end): i for i in reversed(incidents)}
        fresh = [
            i for i in incidents if named.get(key := (i.provider, i.start, i.end)) is i and key not in known
        ]
        for incident in fresh:
            session.append(incident)
    again = f" ({len(incidents) - len(fresh)} already on record)" if len(fresh) < len(incidents) else ""
    return Outcome(
        data=IncidentsAnswer(rollout=state.id, incidents=tuple(_incident(i) for i in fresh)),
        headline=f"{len(fresh)} incident{'' if len(fresh) == 1 else 's'} added to {state.id}{again}.",
        body=tuple(_incident_line(_incident(i)) for i in fresh),
        next_step="Opens in that time now count as expected: cbops evaluate",
    )


def _check_incident(incident: IncidentAdded, now: datetime) -> None:
    said(incident.provider, "the provider of an incident", MAX_NAME)
    if incident.note is not None:
        said(incident.note, f"the note of the incident of {incident.provider}")
    if incident.end <= incident.start:
        raise InputError(
            f"the incident of {incident.provider} ends at {iso(incident.end)}, not after it starts",
            hint="Correct --from and --to.",
        )
    if incident.end > now:
        raise InputError(
            f"the incident of {incident.provider} ends at {iso(incident.end)}, which is in the future",
            hint="Declare what is known of it until now, and the rest when it is over.",
        )


def list_incidents(folder: Path) -> Outcome[IncidentsAnswer]:
    """All declared incidents, oldest first."""
    state = load(folder)
    listed = tuple(_incident(r.incident) for r in sorted(state.incidents, key=lambda r: r.incident.start))
    return Outcome(
        data=IncidentsAnswer(rollout=state.id, incidents=listed),
        headline=f"{len(listed)} declared incident{'' if len(listed) == 1 else 's'} in {state.id}.",
        body=tuple(_incident_line(i) for i in listed),
        next_step="Add one: cbops incident add --provider P --from T --to T",
    )


def _incident(event: IncidentAdded) -> IncidentAnswer:
    return IncidentAnswer(provider=event.provider, start=event.start, end=event.end, note=event.note)


def _incident_line(incident: IncidentAnswer) -> str:
    note = f"  {incident.note}" if incident.note else ""
    return f"  {incident.provider}  {incident.start:%Y-%m-%d %H:%M} – {incident.end:%Y-%m-%d %H:%M} UTC{note}"


def add_lesson(folder: Path, who: Who, *, kind: LessonKind, text: str) -> Outcome[LessonAnswer]:
    """Add a lesson to the end of the log."""
    text = said(text, "the lesson")
    with recording(folder, who) as (session, state):
        session.append(LessonAdded(kind=kind, text=text))
    return Outcome(
        data=LessonAnswer(rollout=state.id, kind=kind, text=text),
        headline=f"Lesson added to {state.id}.",
        next_step="See it in the log: cbops report log --stdout",
    )
