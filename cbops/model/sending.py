"""A ticket where a team works: what is there, what became of sending it, and the signed document of a webhook."""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum
from typing import Literal

from pydantic import Field

from cbops.model.base import Frozen, Instant
from cbops.model.ticket import TicketKind, TicketPriority, TicketState


class RemoteState(StrEnum):
    """As it stands there; `gone`: deleted, moved away, or out of sight."""

    OPEN = "open"
    CLOSED = "closed"
    GONE = "gone"


class Remote(Frozen):
    """A ticket there: its id and address, and who closed it as what, where that is told."""

    id: str
    url: str | None = None
    state: RemoteState
    told: str | None = None


How = Literal["created", "found", "updated", "unchanged"]


class Delivered(Frozen):
    """What became of one sending. `steps`: how many of the ticket's steps are there now."""

    how: How
    remote: Remote
    steps: int


class PreparedRequest(Frozen):
    """A request as it is sent; secrets stand as their names in brackets. `why`: what it is for."""

    why: str
    method: str
    url: str
    headers: dict[str, str]
    body: str | None


class SendingRecord(Frozen):
    """Where a ticket was sent: one for each ticket and target. `id` null: it isn't known to be there.

    `pending`: it was begun and nothing is known of its end; `failed`: why the last attempt didn't work.
    """

    ticket: int
    target: str
    at: Instant
    id: str | None = None
    url: str | None = None
    steps: int = 0
    remote: RemoteState | None = None
    pending: bool = False
    failed: str | None = None


def sending_key(rollout: str, fingerprint: str) -> str:
    """What a ticket is found again by, wherever it was sent: 32 hex digits, the same from every machine."""
    spelt = json.dumps([rollout, fingerprint], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(spelt.encode()).hexdigest()[:32]


class WebhookStep(Frozen):
    """One thing that happened to the ticket."""

    at: Instant
    by: str
    what: str
    note: str | None


class WebhookDocument(Frozen):
    """The body of a webhook's request. `event` ticket: take it up, or bring it up to date, by `key`; lookup: say how it
    stands, and change nothing. `external_id`: the id that was answered before. `changes`: what happened since then.
    """

    version: Literal[1] = Field(default=1, alias="schema")
    event: Literal["ticket", "lookup"]
    key: str
    external_id: str | None
    rollout: str
    ticket: str
    fingerprint: str
    title: str
    kind: TicketKind
    labels: tuple[str, ...]
    priority: TicketPriority
    state: TicketState
    open: bool
    signal: str
    opened_at: Instant
    last_seen: Instant
    resolution: str | None
    steps: int
    changes: tuple[WebhookStep, ...]
    body: str


class WebhookAnswer(Frozen):
    """What the receiver answers; `state` null: it doesn't say how the ticket stands there."""

    id: str | int | None = None
    url: str | None = None
    state: Literal["open", "closed"] | None = None
