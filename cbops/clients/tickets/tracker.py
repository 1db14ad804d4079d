"""The one small interface of everything that tickets can be sent to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from cbops.model.sending import Delivered, PreparedRequest, Remote, RemoteState, sending_key
from cbops.model.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Letter:
    """A ticket to be sent. `text` is its document as Markdown, `changes` each of its steps as one line of Markdown.

    What is on record of it there: its id `there` (null: it isn't known to be there), how many steps were `sent`, and
    how it stood (`known`), and its `url`.
    """

    rollout: str
    ticket: Ticket
    text: str
    changes: tuple[str, ...]
    there: str | None = None
    sent: int = 0
    known: RemoteState | None = None
    url: str | None = None

    @property
    def key(self) -> str:
        """What it is found again by."""
        return sending_key(self.rollout, self.ticket.fingerprint)

    @property
    def wanted(self) -> RemoteState:
        """As it should stand there."""
        return RemoteState.CLOSED if self.ticket.state.over else RemoteState.OPEN

    @property
    def news(self) -> bool:
        """Whether something is to be sent."""
        return self.there is None or self.sent < len(self.changes) or self.known is not self.wanted


class Tracker(Protocol):
    """Something that takes tickets, each once, whatever gets lost on the way.

    All raise SendingError, with the secret in no message. `notes` are for the person: what didn't go as it should.
    """

    notes: list[str]

    def send(self, letter: Letter) -> Delivered:
        """Look it up, make it where it isn't there, bring it up to date.

        SendingUnclearError: it may be there; the next `send` finds out. SendingHeldError: it was closed or opened
        there since it was looked at last.
        """
        ...

    def look(self, letter: Letter) -> Remote:
        """How it stands there; `gone` where it isn't there any more."""
        ...

    def preview(self, letter: Letter) -> tuple[PreparedRequest, ...]:
        """The requests of `send`, as far as they are known without asking; nothing is sent."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...
