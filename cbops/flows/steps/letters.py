"""Tickets as they are sent, with what is on record of where they were sent before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cbops.clients.tickets.tracker import Letter
from cbops.errors import CbopsError
from cbops.flows.steps.loading import ticket_body
from cbops.flows.steps.recording import Who, recording
from cbops.flows.steps.texts import MAX_REASON, clipped
from cbops.flows.steps.ticket_files import FOLDER
from cbops.journal.files import make_folder
from cbops.journal.locking import hold
from cbops.model.answers.sending import Problem
from cbops.model.base import iso
from cbops.model.events import Event
from cbops.model.sending import RemoteState, SendingRecord
from cbops.model.state import RolloutState
from cbops.model.ticket import Ticket
from cbops.render.ticket import change_lines, ticket_text

_FENCE = "---\n"


@contextmanager
def only_sender(folder: Path, who: Who) -> Iterator[None]:
    """Send alone, for the block: two at once could make the same issue twice. LockedError names who sends already.

    The lock is not the rollout's own: others go on writing while a tracker is waited for.
    """
    make_folder(folder / FOLDER)
    with hold(
        folder / FOLDER,
        command=who.command,
        since=iso(who.clock.now()),
        wait_seconds=0,
        what="The sending of tickets of rollout",
        named=folder.name,
        hint="Wait until it has ended, and run this again.",
    ):
        yield


def record_of(state: RolloutState, ticket: Ticket, target: str) -> SendingRecord | None:
    """What is on record of this ticket at this target."""
    place = (ticket.number, target)
    return next((each for each in state.sendings if (each.ticket, each.target) == place), None)


def letter_of(folder: Path, state: RolloutState, ticket: Ticket, target: str, own: Path | None) -> Letter:
    """The ticket as it is sent to that target. `own`: the user's templates, by which its document is made."""
    known = record_of(state, ticket, target)
    if known is not None and known.remote is RemoteState.GONE:
        known = None  # it is made anew
    text = ticket_text(state.id, state.timezone, ticket, ticket_body(folder, ticket), own)
    return Letter(
        rollout=state.id,
        ticket=ticket,
        text=without_front(text),
        changes=change_lines(state.timezone, ticket.steps),
        there=known.id if known else None,
        sent=known.steps if known else 0,
        known=known.remote if known else None,
        url=known.url if known else None,
    )


def without_front(text: str) -> str:
    """A document without the YAML before it, where there is any."""
    if text.startswith(_FENCE):
        _, fence, rest = text.removeprefix(_FENCE).partition(f"\n{_FENCE}")
        if fence:
            return rest.strip()
    return text.strip()


def put(folder: Path, who: Who, *events: Event) -> RolloutState:
    """Append them; the state after that."""
    with recording(folder, who) as (record, _):
        for event in events:
            record.append(event)
        return record.state


def problem_of(error: CbopsError) -> Problem:
    """An error as answers have it."""
    return Problem(code=error.code, message=error.message, hint=error.hint)


def why_of(error: CbopsError) -> str:
    """Its words, short enough for the record."""
    return clipped(error.message, MAX_REASON)
