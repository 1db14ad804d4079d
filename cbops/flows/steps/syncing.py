"""What follows here from how a ticket stands where it was sent: moves that its life allows."""

from __future__ import annotations

from cbops.flows.steps.texts import MAX_REASON, clipped
from cbops.model.events_tickets import TicketMoved
from cbops.model.sending import Remote, RemoteState, SendingRecord
from cbops.model.ticket import Ticket, TicketState


def moves_for(ticket: Ticket, known: SendingRecord, remote: Remote) -> tuple[TicketMoved, ...]:
    """Closed there: resolved here, with who closed it as what as its resolution; closing stays a person's word.
    Opened again there: investigated here. What is so already, and what is gone, moves nothing.
    """
    where = known.url or f"{known.target} {known.id}"
    if remote.state is RemoteState.CLOSED and not ticket.state.over:
        told = clipped(f"closed there ({remote.told or 'nobody says why'}): {where}", MAX_REASON)
        resolved = TicketMoved(ticket=ticket.number, to=TicketState.RESOLVED, resolution=told)
        if ticket.state is TicketState.CREATED:
            triaged = TicketMoved(ticket=ticket.number, to=TicketState.TRIAGED, note=told)
            return (triaged, resolved)
        return (resolved,)
    if remote.state is RemoteState.OPEN and ticket.state.over and known.remote is RemoteState.CLOSED:
        told = clipped(f"opened again there: {where}", MAX_REASON)
        return (TicketMoved(ticket=ticket.number, to=TicketState.INVESTIGATING, note=told),)
    return ()
