"""Steps of the fold for what was sent elsewhere: tickets, and messages to channels."""

from __future__ import annotations

from typing import Any

from cbops.model.events import Entry
from cbops.model.events_sending import (
    ChannelTold,
    TicketSeenThere,
    TicketSendFailed,
    TicketSendIntended,
    TicketSent,
)
from cbops.model.sending import SendingRecord
from cbops.model.state import ChannelRecord, RolloutState
from cbops.rollout.fold_base import Changes, refuse


def ticket_send_intended(state: RolloutState, entry: Entry, event: TicketSendIntended) -> Changes:
    """Only what happened can be told."""
    known = _known(state, entry, event.ticket, event.target)
    if event.steps > len(state.tickets[event.ticket - 1].steps):
        raise refuse(entry, "the ticket has fewer steps than it was to be sent with")
    return _with(state, entry, known, {"pending": True, "failed": None})


def ticket_sent(state: RolloutState, entry: Entry, event: TicketSent) -> Changes:
    known = _known(state, entry, event.ticket, event.target)
    changes = {"id": event.id, "url": event.url, "steps": event.steps, "remote": event.remote}
    return _with(state, entry, known, {**changes, "pending": False, "failed": None})


def ticket_send_failed(state: RolloutState, entry: Entry, event: TicketSendFailed) -> Changes:
    """Whether it is there stays as little known as it was."""
    known = _known(state, entry, event.ticket, event.target)
    return _with(state, entry, known, {"pending": False, "failed": event.why})


def ticket_seen_there(state: RolloutState, entry: Entry, event: TicketSeenThere) -> Changes:
    known = _known(state, entry, event.ticket, event.target)
    if known.id is None:
        raise refuse(entry, f"ticket {event.ticket} was never sent to '{event.target}'")
    return _with(state, entry, known, {"remote": event.remote, "steps": event.steps})


def channel_told(state: RolloutState, entry: Entry, event: ChannelTold) -> Changes:
    return {"told": (*state.told, ChannelRecord(at=entry.at, actor=entry.actor, told=event))}


def _known(state: RolloutState, entry: Entry, ticket: int, target: str) -> SendingRecord:
    if not 1 <= ticket <= len(state.tickets):
        raise refuse(entry, f"there is no ticket {ticket}")
    found = (each for each in state.sendings if (each.ticket, each.target) == (ticket, target))
    return next(found, SendingRecord(ticket=ticket, target=target, at=entry.at))


def _with(state: RolloutState, entry: Entry, known: SendingRecord, changes: dict[str, Any]) -> Changes:
    """The state with this sending changed, in the order in which they were first begun."""
    changed = known.model_copy(update={**changes, "at": entry.at})
    place = (known.ticket, known.target)
    if any((each.ticket, each.target) == place for each in state.sendings):
        kept = tuple(changed if (each.ticket, each.target) == place else each for each in state.sendings)
        return {"sendings": kept}
    return {"sendings": (*state.sendings, changed)}
