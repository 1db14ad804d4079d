"""The events of telling others: a ticket sent to where a team works, a channel that was told."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen, Instant
from cbops.model.config_notifications import NotificationKind
from cbops.model.sending import How, RemoteState


class TicketSendIntended(Frozen):
    """A ticket is about to be sent, as it is after so many of its steps. Without an end: look there before sending again."""

    type: Literal["ticket_send_intended"] = "ticket_send_intended"
    ticket: int
    target: str
    steps: int


class TicketSent(Frozen):
    """It is there. `how` found: it was there already, from a sending whose end nobody saw."""

    type: Literal["ticket_sent"] = "ticket_sent"
    ticket: int
    target: str
    how: How
    id: str
    url: str | None = None
    steps: int
    remote: RemoteState


class TicketSendFailed(Frozen):
    """It couldn't be sent, or nobody knows whether it was."""

    type: Literal["ticket_send_failed"] = "ticket_send_failed"
    ticket: int
    target: str
    code: str
    why: str


class TicketSeenThere(Frozen):
    """It stands differently there from what was known. `steps`: how many of its steps are there."""

    type: Literal["ticket_seen_there"] = "ticket_seen_there"
    ticket: int
    target: str
    remote: RemoteState
    steps: int
    told: str | None = None


class ChannelTold(Frozen):
    """A channel was told of something; `why` null: it took the message."""

    type: Literal["channel_told"] = "channel_told"
    kind: NotificationKind
    channel: str
    about: Instant
    why: str | None = None
