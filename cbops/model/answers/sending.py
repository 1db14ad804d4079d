"""Answers of `ticket send`, `ticket sync` and `notify test`."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen
from cbops.model.sending import PreparedRequest, RemoteState
from cbops.model.ticket import TicketState


class Problem(Frozen):
    """Why it didn't work, and what to do."""

    code: str
    message: str
    hint: str


Outcomes = Literal["created", "found", "updated", "unchanged", "failed", "prepared"]


class SentAnswer(Frozen):
    """One ticket and one target. `prepared`: only shown; `id` and `url`: there, null where that isn't known."""

    ticket: str
    target: str
    outcome: Outcomes
    id: str | None
    url: str | None
    state: RemoteState | None
    problem: Problem | None
    requests: tuple[PreparedRequest, ...]


class TicketSendAnswer(Frozen):
    """What became of each ticket at each target."""

    rollout: str
    dry_run: bool
    results: tuple[SentAnswer, ...]


class SyncedAnswer(Frozen):
    """How a ticket stands there now (null: not known) and stood when it was looked at last; `moved`: what that led to here."""

    ticket: str
    target: str
    url: str | None
    state: RemoteState | None
    before: RemoteState | None
    moved: tuple[TicketState, ...]
    told: str | None
    problem: Problem | None


class TicketSyncAnswer(Frozen):
    """What was seen of each ticket that was sent."""

    rollout: str
    results: tuple[SyncedAnswer, ...]


class ChannelAnswer(Frozen):
    """One channel; `why` null: it took the message."""

    channel: str
    why: str | None


class NotifyTestAnswer(Frozen):
    """What became of the test message."""

    channels: tuple[ChannelAnswer, ...]
