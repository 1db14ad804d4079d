"""`checklist show` and `mark`: how the items before the rollout stand, and what people say of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Literal

from cbops.errors import InputError, UsageError
from cbops.flows.outcome import Outcome
from cbops.flows.steps.checklist import ItemStanding, standing
from cbops.flows.steps.checklist_words import complete, headline, item_lines, next_step
from cbops.flows.steps.loading import load
from cbops.flows.steps.recording import Who, recording
from cbops.flows.steps.texts import MAX_NAME, said
from cbops.model.answers.checklist import ChecklistAnswer
from cbops.model.checklist import ItemId
from cbops.model.config_checklist import AgesConfig
from cbops.model.events_checklist import ChecklistMarked
from cbops.model.standing import ATTESTED_ONLY, BOTH
from cbops.model.state import RolloutState

PERSONAL = (*ATTESTED_ONLY, *BOTH)  # what is true of people, not of machines
MAX_READ = 10
MAX_DOCUMENT = 80  # bytes of its name: all of them share a line of the journal with the note
AGES = AgesConfig()


@dataclass(frozen=True, slots=True)
class Mark:
    """A person's word on items. `people`: whom it is about, where that isn't the one who marks; `read`: what they
    read; `on`: the day of it (null: today).
    """

    items: tuple[ItemId, ...]
    state: Literal["attested", "failed"]
    note: str | None
    people: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    on: date | None = None


def show(folder: Path, now: datetime) -> Outcome[ChecklistAnswer]:
    """The checklist as it stands."""
    return _shown(load(folder), now)


def mark(folder: Path, who: Who, wanted: Mark, ages: AgesConfig = AGES) -> Outcome[ChecklistAnswer]:
    """Record a person's word. What a machine found counts before it, and the answer says so.

    Errors: UsageError for people where an item isn't about people; InputError for a day that is to come, and for
    words that the record can't hold.
    """
    wanted = _plain(wanted, who.clock.now())
    warnings: list[str] = []
    with recording(folder, who) as (session, state):
        now = who.clock.now()
        before = {one.item: one for one in standing(state, now)}
        for item in wanted.items:
            for person in _people(wanted, item, who.actor):
                session.append(_word(item, person, wanted, ages, now))
        after = {one.item: one for one in standing(session.state, now)}
        for item in wanted.items:
            warnings += _overridden(wanted, before[item], after[item])
        outcome = _shown(session.state, now)
    count = len(wanted.items)
    return Outcome(
        data=outcome.data,
        headline=f"{count} item{'' if count == 1 else 's'} marked as {wanted.state}. {outcome.headline}",
        body=outcome.body,
        warnings=tuple(warnings),
        next_step=outcome.next_step,
    )


def _plain(wanted: Mark, now: datetime) -> Mark:
    about = [item for item in wanted.items if item in PERSONAL]
    if (wanted.people or wanted.read) and not about:
        raise UsageError(
            f"'{wanted.items[0]}' is about no person",
            hint=f"--person and --read are for {' and '.join(PERSONAL)}.",
        )
    if wanted.on is not None and wanted.on > now.date():
        raise InputError(f"{wanted.on} lies in the future", hint="Correct --on.")
    if len(wanted.read) > MAX_READ:
        raise InputError(
            f"--read names more than {MAX_READ} documents", hint="Name the list that holds them."
        )
    return Mark(
        items=wanted.items,
        state=wanted.state,
        note=said(wanted.note, "the note") if wanted.note is not None else None,
        people=tuple(dict.fromkeys(said(one, "the name in --person", MAX_NAME) for one in wanted.people)),
        read=tuple(dict.fromkeys(said(one, "the document in --read", MAX_DOCUMENT) for one in wanted.read)),
        on=wanted.on,
    )


def _people(wanted: Mark, item: ItemId, actor: str) -> tuple[str | None, ...]:
    """Whom the word is about: those who are named, else the one who marks; nobody where it isn't about people."""
    if item not in PERSONAL or wanted.state == "failed":
        return (None,)
    return wanted.people or (actor,)


def _word(item: ItemId, person: str | None, wanted: Mark, ages: AgesConfig, now: datetime) -> ChecklistMarked:
    since = now
    if wanted.on is not None and wanted.on < now.date():
        since = datetime.combine(wanted.on, time(), UTC)
    return ChecklistMarked(
        item=item,
        state=wanted.state,
        note=wanted.note,
        person=person,
        read=wanted.read if person is not None else (),
        on=wanted.on or now.date(),
        expires_at=since + ages.attested(item) if wanted.state == "attested" else None,
    )


def _overridden(wanted: Mark, before: ItemStanding, after: ItemStanding) -> list[str]:
    """What a word on a verified item does, and doesn't."""
    name = before.item
    if wanted.state == "failed" and before.state == "verified":
        return [f"{name} was verified ({before.evidence}), and counts as failed from now on"]
    if wanted.state == "attested" and after.state == "verified":
        return [f"{name} is verified; what was found counts, and your word is kept beside it"]
    if wanted.state == "attested" and not after.done and after.stale:
        return [f"{name} still counts as unknown: {after.reason}"]
    if wanted.state == "attested" and not after.done:
        aside = f"or set it aside when enabling: --override {name}=REASON"
        return [
            f"{name} still counts as {after.state}: {after.reason}. Resolve it ({after.command}), {aside}"
        ]
    return []


def _shown(state: RolloutState, now: datetime) -> Outcome[ChecklistAnswer]:
    items = standing(state, now)
    return Outcome(
        data=ChecklistAnswer(rollout=state.id, items=items, complete=complete(items)),
        headline=headline(items),
        body=item_lines(items),
        next_step=next_step(items),
    )
