"""Writing a rollback's record where it can be written, and keeping what couldn't."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cbops.errors import ConflictError, InputError
from cbops.flows.steps.loading import load
from cbops.flows.ports import Clock
from cbops.flows.steps.recording import Who
from cbops.journal.writer import Journal, Session
from cbops.model.base import JsonObject, iso
from cbops.model.events import Event
from cbops.model.state import RolloutState


@dataclass(slots=True)
class Scribe:
    """Appends to the journal as long as that works; what doesn't is kept in `unwritten`, with `reason`.

    A rollback must not wait for its own record: a full disk, a damaged or locked journal, or none at all.
    """

    session: Session | None
    actor: str
    clock: Clock
    state: RolloutState | None = None
    reason: str | None = None
    unwritten: list[JsonObject] = field(default_factory=list)

    def note(self, event: Event) -> None:
        """Append, or keep."""
        if self.session is not None:
            try:
                self.session.append(event)
            except (InputError, ConflictError) as error:
                self.session, self.reason = None, error.message
            else:
                return
        self.unwritten.append(
            {"at": iso(self.clock.now()), "actor": self.actor, **event.model_dump(mode="json", by_alias=True)}
        )


@contextmanager
def scribe(folder: Path | None, who: Who) -> Iterator[Scribe]:
    """The lock and the journal where they can be had; otherwise a scribe that only keeps.

    The journal must also fold: an event behind damage would not be found again.
    """
    if folder is None:
        yield Scribe(None, who.actor, who.clock, reason="no rollout was named or found")
        return
    with ExitStack() as held:
        try:
            session = held.enter_context(Journal(folder).session(who.command, who.actor, who.clock))
            state = load(folder)
        except (InputError, ConflictError) as error:
            kept = Scribe(None, who.actor, who.clock, reason=error.message)
        else:
            kept = Scribe(session, who.actor, who.clock, state)
        yield kept
