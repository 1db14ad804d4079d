"""Writing to a rollout's journal: the lock, the state under it, and the events."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cbops.errors import WrongStageError
from cbops.flows.steps.loading import load
from cbops.flows.ports import Clock
from cbops.journal.writer import Journal, Session
from cbops.model.state import RolloutState, Stage


@dataclass(frozen=True, slots=True)
class Who:
    """Who acts, with which command, and by which clock."""

    actor: str
    command: str
    clock: Clock


@contextmanager
def recording(folder: Path, who: Who) -> Iterator[tuple[Session, RolloutState]]:
    """The lock of the rollout, with the state as it is under the lock; LockedError when it is held."""
    with Journal(folder).session(who.command, who.actor, who.clock) as session:
        yield session, load(folder)


def canonical(document: Mapping[str, Any]) -> str:
    """A document as it is kept in the evidence: the same bytes for the same content."""
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def require_enabled(state: RolloutState, command: str) -> None:
    """WrongStageError unless the breaker was enabled (or adopted) in this rollout."""
    if state.enabled_at is None:
        flying = state.stage is Stage.ENABLING
        raise WrongStageError(
            f"{command} needs an enabled breaker; rollout {state.id} is {state.stage.value}",
            hint="An enabling is in flight: cbops resume" if flying else "Enable it first: cbops canary enable",
        )
