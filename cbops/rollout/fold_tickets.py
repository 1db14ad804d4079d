"""Steps of the fold that are about tickets: opened, brought up to date, moved, noted."""

from __future__ import annotations

from typing import Any

from cbops.model.events import Entry
from cbops.model.events_tickets import TicketMoved, TicketNoted, TicketOpened, TicketUpdated
from cbops.model.state import RolloutState
from cbops.model.ticket import MOVES, Ticket, TicketState, TicketStep
from cbops.rollout.fold_base import Changes, refuse


def ticket_opened(state: RolloutState, entry: Entry, event: TicketOpened) -> Changes:
    """Numbers have no gap, and a fingerprint has one ticket."""
    if event.ticket != len(state.tickets) + 1:
        raise refuse(entry, f"there are {len(state.tickets)} tickets, so it isn't number {event.ticket}")
    if any(ticket.fingerprint == event.fingerprint for ticket in state.tickets):
        raise refuse(entry, f"'{event.fingerprint}' has a ticket already")
    ticket = Ticket(
        number=event.ticket,
        fingerprint=event.fingerprint,
        kind=event.kind,
        title=event.title,
        priority=event.priority,
        signal=event.signal,
        body=event.body,
        opened_at=entry.at,
        opened_by=entry.actor,
        last_seen=event.last_seen,
        steps=(TicketStep(at=entry.at, actor=entry.actor, what="opened", state=TicketState.CREATED),),
    )
    return {"tickets": (*state.tickets, ticket)}


def ticket_updated(state: RolloutState, entry: Entry, event: TicketUpdated) -> Changes:
    """What the signal says now; a priority that a person set stays."""
    ticket = _ticket(state, entry, event.ticket)
    changes: dict[str, Any] = {
        "title": event.title,
        "signal": event.signal,
        "body": event.body,
        "last_seen": event.last_seen,
    }
    if ticket.priority_by is None:
        changes["priority"] = event.priority
    return _with(state, ticket, entry, "seen again", note=event.signal, changes=changes)


def ticket_moved(state: RolloutState, entry: Entry, event: TicketMoved) -> Changes:
    """One of the moves that its state allows; resolved with a resolution, reopened with a reason."""
    ticket = _ticket(state, entry, event.ticket)
    if event.to not in MOVES[ticket.state]:
        raise refuse(
            entry, f"{ticket.id} is {ticket.state.words}, and doesn't become {event.to.words} from there"
        )
    changes: dict[str, Any] = {"state": event.to}
    if event.to is TicketState.RESOLVED:
        if not event.resolution:
            raise refuse(entry, f"{ticket.id} has no resolution")
        changes |= {"resolution": event.resolution, "resolved_at": entry.at}
    elif ticket.state.over and event.to is TicketState.INVESTIGATING:
        if not event.note:
            raise refuse(entry, f"nothing says why {ticket.id} is open again")
        changes |= {"resolution": None, "resolved_at": None}
    note = event.resolution or event.note
    return _with(state, ticket, entry, event.to.words, note=note, changes=changes)


def ticket_noted(state: RolloutState, entry: Entry, event: TicketNoted) -> Changes:
    ticket = _ticket(state, entry, event.ticket)
    changes: dict[str, Any] = {}
    if event.priority is not None:
        changes |= {"priority": event.priority, "priority_by": entry.actor}
    if event.done is not None:
        changes["done"] = tuple(dict.fromkeys((*ticket.done, event.done)))
    return _with(state, ticket, entry, _noted(event), note=event.note, changes=changes)


def noted_already(ticket: Ticket, actor: str, event: TicketNoted) -> bool:
    """Whether this very thing was the last that happened to the ticket; whoever was interrupted may say it again."""
    last = ticket.steps[-1]
    same = (last.actor, last.what, last.note, last.state) == (actor, _noted(event), event.note, None)
    return (
        same
        and event.priority in (None, ticket.priority)
        and (event.done is None or event.done in ticket.done)
    )


def _noted(event: TicketNoted) -> str:
    if event.done is not None:
        return f"done: {event.done}"
    return "noted" if event.priority is None else f"priority {event.priority.value}"


def _ticket(state: RolloutState, entry: Entry, number: int) -> Ticket:
    if not 1 <= number <= len(state.tickets):
        raise refuse(entry, f"there is no ticket {number}")
    return state.tickets[number - 1]


def _with(
    state: RolloutState,
    ticket: Ticket,
    entry: Entry,
    what: str,
    *,
    note: str | None,
    changes: dict[str, Any],
) -> Changes:
    """The state with this ticket changed, and what happened added to its steps."""
    step = TicketStep(at=entry.at, actor=entry.actor, what=what, state=changes.get("state"), note=note)
    changed = ticket.model_copy(update={**changes, "steps": (*ticket.steps, step)})
    place = ticket.number - 1
    return {"tickets": (*state.tickets[:place], changed, *state.tickets[place + 1 :])}
