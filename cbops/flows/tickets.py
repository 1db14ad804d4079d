"""`ticket create`, `list`, `show` and `update`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cbops.errors import InputError, UsageError, WrongStageError
from cbops.flows.outcome import Outcome
from cbops.flows.steps.loading import ticket_body
from cbops.flows.steps.recording import Record, Who, recording
from cbops.flows.steps.signalling import chosen, signals_of
from cbops.flows.steps.texts import said
from cbops.flows.steps.ticket_files import mend, write_behind
from cbops.flows.steps.ticket_words import answer_of, draft_of, line_of, ticket_of
from cbops.flows.steps.ticketing import draft
from cbops.flows.steps.wording import plural
from cbops.model.answers.tickets import (
    TicketAnswer,
    TicketCreateAnswer,
    TicketListAnswer,
    TicketShowAnswer,
    TicketUpdateAnswer,
)
from cbops.model.config import CriteriaConfig
from cbops.model.events_tickets import TicketMoved, TicketNoted
from cbops.model.ticket import MOVES, Ticket, TicketDraft, TicketPriority, TicketState
from cbops.render.ticket import ticket_text
from cbops.rollout.fold_tickets import noted_already

MAX_RESOLUTION = 1000


@dataclass(frozen=True, slots=True)
class Change:
    """What is to become of a ticket; null: left as it is. `done`: an item of its checklist, by number from 1."""

    to: TicketState | None = None
    resolution: str | None = None
    note: str | None = None
    priority: TicketPriority | None = None
    done: int | None = None


def create_from_signals(
    folder: Path, who: Who, criteria: CriteriaConfig, wanted: str
) -> Outcome[TicketCreateAnswer]:
    """A ticket for this signal, or for `all`; one that has a ticket brings it up to date.

    InputError when there is no such signal.
    """
    with recording(folder, who) as (record, state):
        found = signals_of(folder, state, criteria)
        return _created(record, who, chosen(found, wanted))


def create_written(folder: Path, who: Who, written: TicketDraft) -> Outcome[TicketCreateAnswer]:
    """A ticket in a person's words. InputError for words that the record can't hold."""
    with recording(folder, who) as (record, state):
        return _created(record, who, (draft_of(state, written),))


def _created(record: Record, who: Who, drafts: tuple[TicketDraft, ...]) -> Outcome[TicketCreateAnswer]:
    opened: list[TicketAnswer] = []
    updated: list[TicketAnswer] = []
    unchanged: list[TicketAnswer] = []
    for each in drafts:
        before = {ticket.fingerprint: ticket for ticket in record.state.tickets}.get(each.fingerprint)
        after = draft(record, who, each)
        place = opened if before is None else unchanged if before == after else updated
        place.append(answer_of(record.state, after))
    whole = TicketCreateAnswer(
        rollout=record.state.id, opened=tuple(opened), updated=tuple(updated), unchanged=tuple(unchanged)
    )
    told = [plural(len(opened), "ticket") + " opened"]
    told += [f"{len(updated)} brought up to date"] if updated else []
    told += [f"{len(unchanged)} as before"] if unchanged else []
    return Outcome(
        data=whole,
        headline=f"{', '.join(told)} in {record.state.id}."
        if drafts
        else f"No signal in what is on record of {record.state.id}: no ticket to open.",
        body=tuple(line_of(each) for each in (*opened, *updated, *unchanged)),
        next_step="Read one: cbops ticket show ID, then: cbops ticket update ID --to triaged"
        if drafts
        else "See what was looked at: cbops ticket signals",
    )


def list_tickets(folder: Path, who: Who) -> Outcome[TicketListAnswer]:
    """Every ticket, oldest first."""
    state = mend(folder, who)
    tickets = tuple(answer_of(state, ticket) for ticket in state.tickets)
    waiting = [ticket for ticket in state.tickets if not ticket.state.over]
    return Outcome(
        data=TicketListAnswer(rollout=state.id, tickets=tickets, open=len(waiting)),
        headline=f"{plural(len(tickets), 'ticket')} in {state.id}, {len(waiting)} open.",
        body=tuple(line_of(ticket) for ticket in tickets),
        next_step=f"Read one: cbops ticket show {(waiting or state.tickets)[0].id}"
        if tickets
        else "Find what there is to do: cbops ticket signals",
    )


def show_ticket(folder: Path, who: Who, wanted: str) -> Outcome[TicketShowAnswer]:
    """One ticket as its document has it. InputError when there is none of that id."""
    state = mend(folder, who)
    ticket = ticket_of(state, wanted)
    body = ticket_body(folder, ticket)
    text = ticket_text(state.id, state.timezone, ticket, body, who.templates, sendings=state.sendings)
    return Outcome(
        data=TicketShowAnswer(
            rollout=state.id,
            ticket=answer_of(state, ticket),
            body=body,
            done=ticket.done,
            steps=ticket.steps,
            text=text,
        ),
        headline=f"{ticket.id}: {ticket.heading}",
        body=tuple(f"  {line}".rstrip() for line in text.split("---\n", 2)[2].strip().splitlines()),
        next_step=_next(ticket),
    )


def _next(ticket: Ticket) -> str:
    to = MOVES[ticket.state][0]
    more = " --resolution TEXT" if to is TicketState.RESOLVED else ""
    if ticket.state is TicketState.CLOSED:
        return f"It is closed. Open it again: cbops ticket update {ticket.id} --to {to.value} --note WHY"
    if ticket.state is TicketState.INVESTIGATING:
        to, more = TicketState.RESOLVED, " --resolution TEXT"
    return f"Move it on: cbops ticket update {ticket.id} --to {to.value}{more}"


def update_ticket(folder: Path, who: Who, wanted: str, change: Change) -> Outcome[TicketUpdateAnswer]:
    """Move a ticket, add a note, set its priority, tick an item; each on record.

    WrongStageError for a move that its state doesn't allow; UsageError for a resolution or a reason that lacks.
    """
    with recording(folder, who) as (record, state):
        ticket = ticket_of(state, wanted)
        # Both are checked before either goes on record.
        noted, moved = _note(record.folder, ticket, change), _move(ticket, change)
        if noted is not None and not noted_already(ticket, who.actor, noted):
            record.append(noted)
        if moved is not None:
            record.append(moved)
        write_behind(record, who)
        ticket = record.state.tickets[ticket.number - 1]
    left = tuple(item for item in ticket_body(folder, ticket).checklist if item not in ticket.done)
    open_items = plural(len(left), "item") + " of its checklist " + ("is" if len(left) == 1 else "are")
    return Outcome(
        data=TicketUpdateAnswer(rollout=state.id, ticket=answer_of(state, ticket), still_open=left),
        headline=f"{ticket.id} is {ticket.state.words}, priority {ticket.priority.value}.",
        warnings=(f"{open_items} not ticked",) if left and ticket.state is TicketState.CLOSED else (),
        next_step=_next(ticket),
    )


def _note(folder: Path, ticket: Ticket, change: Change) -> TicketNoted | None:
    """What is no move; a note that goes with a move is told with it."""
    note = None if change.note is None else said(change.note, "--note", MAX_RESOLUTION)
    if all(each is None for each in (change.to, change.note, change.priority, change.done)):
        raise UsageError(
            "nothing is to be changed",
            hint="Give --to, --note, --priority or --done; --resolution goes with --to.",
        )
    alone = note if change.to is None or change.to is TicketState.RESOLVED else None
    done = None
    if change.done is not None:
        items = ticket_body(folder, ticket).checklist
        if not 1 <= change.done <= len(items):
            raise InputError(
                f"{ticket.id} has no item {change.done}", hint=f"Its checklist has {len(items)} items."
            )
        done = items[change.done - 1]
    if alone is None and change.priority is None and done is None:
        return None
    return TicketNoted(ticket=ticket.number, note=alone, priority=change.priority, done=done)


def _move(ticket: Ticket, change: Change) -> TicketMoved | None:
    """The move that is asked for, checked against where the ticket stands."""
    to = change.to
    if change.resolution is not None and to is not TicketState.RESOLVED:
        raise UsageError("--resolution goes with --to resolved", hint="Resolve it first, then close it.")
    if to is None:
        return None
    if to not in MOVES[ticket.state]:
        steps = " or ".join(state.value for state in MOVES[ticket.state])
        raise WrongStageError(
            f"{ticket.id} is {ticket.state.value}; from there it becomes {steps}, not {to.value}",
            hint=f"Its life: cbops ticket show {ticket.id}",
        )
    if to is TicketState.RESOLVED:
        if change.resolution is None:
            raise UsageError(f"{ticket.id} is resolved with a resolution", hint="Give --resolution TEXT.")
        resolution = said(change.resolution, "--resolution", MAX_RESOLUTION)
        return TicketMoved(ticket=ticket.number, to=to, resolution=resolution)
    if ticket.state.over and to is TicketState.INVESTIGATING and change.note is None:
        raise UsageError(f"{ticket.id} is opened again with a reason", hint="Give --note WHY.")
    return TicketMoved(ticket=ticket.number, to=to, note=None if change.note is None else change.note.strip())
