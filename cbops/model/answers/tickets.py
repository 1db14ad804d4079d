"""Answers of `ticket …`."""

from __future__ import annotations

from cbops.model.base import Frozen, Instant
from cbops.model.sending import RemoteState
from cbops.model.ticket import TicketBody, TicketKind, TicketPriority, TicketState, TicketStep


class SentTo(Frozen):
    """Where a ticket is: its id and address there (null: not known), and how it stood when it was looked at last.

    `behind`: something happened here that isn't there yet; `failed`: why the last attempt didn't work.
    """

    target: str
    id: str | None
    url: str | None
    state: RemoteState | None
    behind: bool
    failed: str | None


class TicketAnswer(Frozen):
    """A ticket in short; `file` is its document's place under the rollout."""

    id: str
    title: str
    kind: TicketKind
    priority: TicketPriority
    state: TicketState
    labels: tuple[str, ...]
    signal: str
    fingerprint: str
    opened_at: Instant
    opened_by: str
    last_seen: Instant
    resolution: str | None
    file: str
    sent: tuple[SentTo, ...]


class TicketCreateAnswer(Frozen):
    """What became of what was asked for: each ticket stands in one of the three."""

    rollout: str
    opened: tuple[TicketAnswer, ...]
    updated: tuple[TicketAnswer, ...]
    unchanged: tuple[TicketAnswer, ...]


class TicketListAnswer(Frozen):
    """`open` counts those that are neither resolved nor closed."""

    rollout: str
    tickets: tuple[TicketAnswer, ...]
    open: int


class TicketShowAnswer(Frozen):
    """One ticket at length; `text` is its document."""

    rollout: str
    ticket: TicketAnswer
    body: TicketBody
    done: tuple[str, ...]
    steps: tuple[TicketStep, ...]
    text: str


class TicketUpdateAnswer(Frozen):
    """The ticket after the change; `still_open` are items of its checklist that nobody said are done."""

    rollout: str
    ticket: TicketAnswer
    still_open: tuple[str, ...]


class SignalAnswer(Frozen):
    """Something that a ticket should be about; `ticket` null: it has none yet."""

    id: str
    kind: TicketKind
    priority: TicketPriority
    title: str
    signal: str
    last_seen: Instant
    evidence: tuple[str, ...]
    proposal: tuple[str, ...]
    replay: tuple[str, ...]
    ticket: str | None
    ticket_state: TicketState | None


class NotLookedAt(Frozen):
    """A kind of signal, or a part of one, that the record doesn't tell of."""

    kind: TicketKind
    why: str


class TicketSignalsAnswer(Frozen):
    """The signals of what is on record, the most urgent first."""

    rollout: str
    signals: tuple[SignalAnswer, ...]
    not_looked_at: tuple[NotLookedAt, ...]
