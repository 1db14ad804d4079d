"""The events of tickets; what a ticket says at length is evidence."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen, Instant, Sha
from cbops.model.ticket import TicketKind, TicketPriority, TicketState


class TicketOpened(Frozen):
    """A ticket, numbered from 1 in its rollout; `body` names its TicketBody in the evidence."""

    type: Literal["ticket_opened"] = "ticket_opened"
    ticket: int
    fingerprint: str
    kind: TicketKind
    title: str
    priority: TicketPriority
    signal: str
    body: Sha
    last_seen: Instant


class TicketUpdated(Frozen):
    """Its signal was seen again, and says something new."""

    type: Literal["ticket_updated"] = "ticket_updated"
    ticket: int
    title: str
    priority: TicketPriority
    signal: str
    body: Sha
    last_seen: Instant


class TicketMoved(Frozen):
    """One step of its life. To resolved it takes a `resolution`, back to investigating a `note` that says why."""

    type: Literal["ticket_moved"] = "ticket_moved"
    ticket: int
    to: TicketState
    note: str | None = None
    resolution: str | None = None


class TicketNoted(Frozen):
    """A person's words, another priority, or an item of its checklist that is done."""

    type: Literal["ticket_noted"] = "ticket_noted"
    ticket: int
    note: str | None = None
    priority: TicketPriority | None = None
    done: str | None = None
