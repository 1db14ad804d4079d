"""Seals held against the journal that they are about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cbops.journal.signing import is_signed
from cbops.model.events import Entry
from cbops.model.events_safeguards import JournalSealed
from cbops.model.seal import Seal


def seals_of(rollout: str, entries: Iterable[Entry]) -> tuple[tuple[Entry, Seal], ...]:
    """Every seal in the journal, with the event that holds it."""
    return tuple(
        (entry, Seal(rollout=rollout, **entry.event.model_dump(exclude={"type"})))
        for entry in entries
        if isinstance(entry.event, JournalSealed)
    )


def seal_problem(seal: Seal, rollout: str, hashes: Sequence[str]) -> str | None:
    """What is wrong with a seal, held against the hashes of the journal's lines; null: it fits."""
    if not is_signed(seal.statement, key=seal.key, signature=seal.signature):
        return "its signature is not that of its key: the seal was changed"
    if seal.rollout != rollout:
        return f"it is a seal of the rollout {seal.rollout[:80]!r}"
    if seal.covers > len(hashes):
        lost = seal.covers - len(hashes)
        return f"it covers event {seal.covers}, but the journal ends with event {len(hashes)}: {lost} lost"
    if hashes[seal.covers - 1] != seal.hash:
        return (
            f"event {seal.covers} had another hash when it was sealed: the journal was rewritten up to there"
        )
    return None
