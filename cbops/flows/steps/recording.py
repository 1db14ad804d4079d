"""Writing to a rollout's journal: the lock, the state under it, and the events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cbops.errors import RecordError, WrongStageError
from cbops.flows.ports import Clock, NotifierPort
from cbops.flows.steps.loading import load
from cbops.flows.steps.texts import MAX_NAME, said
from cbops.journal.writer import Journal, Session
from cbops.model.anchor import Anchor, anchored
from cbops.model.events import Entry, Event, Sha
from cbops.model.state import RolloutState, Stage
from cbops.model.system import SystemUser
from cbops.rollout.fold import apply


@dataclass(frozen=True, slots=True)
class Who:
    """Who acts, with which command, by which clock, and under which account (null: not known).

    `notes` collects what was found of the record on the way (torn lines), for the person to be told. `templates`: the
    folder of the user's own templates, for the documents that follow the record. `notifier` null: nobody is told.
    """

    actor: str
    command: str
    clock: Clock
    notes: list[str] = field(default_factory=list)
    system: SystemUser | None = None
    templates: Path | None = None
    notifier: NotifierPort | None = None


class Record:
    """A rollout's journal under its lock. What makes no sense at its stage is refused before it is written,
    for a journal with such an event could not be folded any more.
    """

    def __init__(self, session: Session, state: RolloutState) -> None:
        self._session = session
        self.state = state

    def append(self, event: Event) -> Entry:
        """Write the event, durably. WrongStageError when it doesn't fit; InputError when it can't be written."""
        self._try(event)
        entry = self._session.append(event)
        self.state = apply(self.state, entry)
        return entry

    @property
    def folder(self) -> Path:
        """The rollout's folder."""
        return self._session.folder

    def anchored(self, comment: str) -> str:
        """The comment of a write, with the journal's last event and its hash: an anchor that the router keeps."""
        last = self._session.entries[-1]
        return anchored(comment, Anchor(self.state.id, last.seq, last.hash))

    def put_evidence(self, text: str) -> Sha:
        """Keep a text under its hash; call it before appending the event that names it."""
        return self._session.put_evidence(text)

    def _try(self, event: Event) -> None:
        draft = Entry.model_construct(
            seq=self.state.last_seq + 1,
            at=self.state.last_at,
            actor=self.state.opened_by,
            event=event,
            prev="",
            hash="",
        )
        try:
            apply(self.state, draft)
        except RecordError as error:
            raise WrongStageError(
                f"rollout {self.state.id} is {self.state.stage.words}, so "
                f"'{event.type}' can't be put on record",
                hint="See where it stands: cbops canary status",
            ) from error


@contextmanager
def recording(folder: Path, who: Who) -> Iterator[tuple[Record, RolloutState]]:
    """The lock of the rollout, with the state as it is under the lock; LockedError when it is held."""
    said(who.actor, "the name in --by", MAX_NAME)
    with Journal(folder).session(who.command, who.actor, who.clock, who.system) as session:
        state = load(folder)
        try:
            yield Record(session, state), state
        finally:
            who.notes.extend(session.notes)


def canonical(document: Mapping[str, Any]) -> str:
    """A document as it is kept in the evidence: the same bytes for the same content."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def require_enabled(state: RolloutState, command: str) -> None:
    """WrongStageError unless the breaker was enabled (or adopted) in this rollout."""
    if state.enabled_at is not None:
        return
    hints = {
        Stage.ENABLING: "An enabling is in flight: cbops resume",
        Stage.SELECTED: "Enable it first: cbops canary enable",
    }
    raise WrongStageError(
        f"{command} needs an enabled breaker; rollout {state.id} is {state.stage.words}",
        hint=hints.get(state.stage, "See where it stands: cbops canary status"),
    )
