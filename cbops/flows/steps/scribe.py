"""Writing a rollback's record where it can be written, and keeping what couldn't."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cbops.errors import ConflictError, InputError, LockedError
from cbops.flows.ports import Clock
from cbops.flows.steps.loading import load
from cbops.flows.steps.recording import Record, Who
from cbops.flows.steps.texts import MAX_NAME, clipped
from cbops.journal.writer import WAIT_SECONDS, Journal
from cbops.model.base import JsonObject, iso
from cbops.model.events import Event
from cbops.model.state import RolloutState
from cbops.model.system import SystemUser


@dataclass(frozen=True, slots=True)
class Kept:
    """Events that could not be written, and why."""

    unwritten: tuple[JsonObject, ...] = ()
    reason: str | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """One JSON object a line."""
        return tuple(json.dumps(event, sort_keys=True) for event in self.unwritten)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a person must be told of them."""
        if not self.unwritten:
            return ()
        told = (
            f"the record could not be written ({self.reason}); keep the {len(self.unwritten)} lines of JSON. "
            "Running this again when it can be written puts it on record"
        )
        return (told,)


@dataclass(slots=True)
class Scribe:
    """Appends to the journal as long as that works; what doesn't is kept in `unwritten`, with `reason`.

    A rollback must not wait for its own record: a full disk, a damaged or locked journal, or none at all.
    `locked`: another process holds the rollout, so its record can be written a little later.
    """

    record: Record | None
    actor: str
    clock: Clock
    system: SystemUser | None = None
    reason: str | None = None
    locked: bool = False
    unwritten: list[JsonObject] = field(default_factory=list)

    @property
    def state(self) -> RolloutState | None:
        """The rollout as it is on record by now; None where the record can't be used."""
        return self.record.state if self.record else None

    def note(self, event: Event) -> None:
        """Append, or keep."""
        if self.record is not None:
            try:
                self.record.append(event)
            except (InputError, ConflictError) as error:
                self.record, self.reason = None, error.message
            else:
                return
        self.unwritten.append(
            {
                "at": iso(self.clock.now()),
                "actor": self.actor,
                "system": self.system.words if self.system else None,
                **event.model_dump(mode="json", by_alias=True),
            }
        )

    def anchored(self, comment: str) -> str:
        """The comment of a write with the journal's head; as it is, where the record can't be used."""
        return self.record.anchored(comment) if self.record else comment

    def kept(self) -> Kept:
        """What could not be written so far."""
        return Kept(tuple(self.unwritten), self.reason)


@contextmanager
def scribe(folder: Path | None, who: Who, *, wait_seconds: float = WAIT_SECONDS) -> Iterator[Scribe]:
    """The lock and the journal where they can be had; otherwise a scribe that only keeps.

    The journal must also fold: an event behind damage would not be found again. `wait_seconds` is how long
    to wait for another process that holds it.
    """
    actor = clipped(who.actor, MAX_NAME)
    if folder is None:
        yield Scribe(None, actor, who.clock, who.system, reason="no rollout was named or found")
        return
    with ExitStack() as held:
        try:
            journal = Journal(folder, wait_seconds=wait_seconds)
            session = held.enter_context(journal.session(who.command, actor, who.clock, who.system))
            record = Record(session, load(folder))
        except (InputError, ConflictError) as error:
            locked = isinstance(error, LockedError)
            kept = Scribe(None, actor, who.clock, who.system, reason=error.message, locked=locked)
        else:
            kept = Scribe(record, actor, who.clock, who.system)
        yield kept
