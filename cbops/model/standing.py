"""How each item of the checklist stands: a machine's finding and a person's word, weighed by one rule."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from cbops.model.base import Frozen, Instant, Sha
from cbops.model.checklist import DONE, ITEMS, ItemId, ItemState
from cbops.model.state import ChecklistRecord, RolloutState, VerificationRecord

# What no machine can find out; the second is rehearsed by machine, and understood by a person.
ATTESTED_ONLY: tuple[ItemId, ...] = ("team_trained",)
BOTH: tuple[ItemId, ...] = ("rollback_understood",)


class Person(Frozen):
    """Somebody who was named for an item: who was trained, who understood; `read` what, `by` whoever said so."""

    name: str
    on: str
    read: tuple[str, ...]
    note: str | None
    by: str


class ItemStanding(Frozen):
    """One item of the checklist.

    `evidence` is one sentence; `at` and `by` of whoever vouches for it, `expires_at` when it must be done again.
    `stale`: it held, and is too old (the state is then unknown). `reason` and `command`: why it blocks, and what resolves
    that; null where it doesn't. `found`: what a machine found when it looked last, `finding` the figures of it, as evidence.
    """

    item: ItemId
    title: str
    state: ItemState
    evidence: str
    at: Instant | None = None
    by: str | None = None
    note: str | None = None
    expires_at: Instant | None = None
    stale: bool = False
    reason: str | None = None
    command: str | None = None
    found: Literal["verified", "failed", "unknown"] | None = None
    finding: Sha | None = None
    people: tuple[Person, ...] = ()

    @property
    def done(self) -> bool:
        """Whether it blocks nothing."""
        return self.state in DONE


def standing(state: RolloutState, now: datetime) -> tuple[ItemStanding, ...]:
    """All items, in the order of the checklist. Once the enabling was intended they stand as of then: what gets
    too old later held nothing up.
    """
    at = now
    if state.enable is not None and state.enable.abandoned is None:
        at = min(now, state.enable.intended_at)
    return tuple(_Weighed(state, item, at).standing() for item in ITEMS)


def verify_command(item: ItemId) -> str:
    """What verifies an item, or has it attested where no machine can."""
    if item in ATTESTED_ONLY:
        return f"cbops checklist mark {item} --person NAME --read DOCUMENT"
    return f"cbops checklist verify {item}"


class _Weighed:
    """One item's finding and word, as of an instant."""

    def __init__(self, state: RolloutState, item: ItemId, at: datetime) -> None:
        self.item = item
        self.at = at
        self.word: ChecklistRecord | None = state.checklist.get(item)
        self.found: VerificationRecord | None = state.verifications.get(item)
        self.people = tuple(_person(one) for one in state.people if one.item == item)

    def standing(self) -> ItemStanding:
        """A failure counts before a success, a finding before a word, and what is too old for nothing."""
        found, word = self.found, self.word
        if word is not None and word.state == "failed" and (found is None or found.seq <= word.seq):
            said = f"{word.actor} marked it as failed{_noted(word)}"
            return self._blocked("failed", said, verify_command(self.item), word)
        if found is not None and found.verified.state == "failed":
            return self._failed(found)
        if found is not None and found.verified.state == "verified" and self._fresh(found):
            return self._verified(found)
        if word is not None and word.state in DONE and self._fresh(word):
            return self._worded(word)
        return self._open()

    def _failed(self, found: VerificationRecord) -> ItemStanding:
        said = found.verified.sentence
        if self.word is not None and self.word.state in DONE:
            said += f" ({self.word.actor} attested it; what was found counts)"
        return self._blocked("failed", said, found.verified.command, found)

    def _verified(self, found: VerificationRecord) -> ItemStanding:
        word = self.word
        if self.item not in BOTH:
            return self._made("verified", found.verified.sentence, found)
        if word is not None and word.state in DONE and self._fresh(word):
            told = f"{found.verified.sentence}; {_attested(word)}"
            sooner = min(filter(None, (found.verified.expires_at, word.expires_at)), default=None)
            return self._made("attested", told, word).model_copy(update={"expires_at": sooner})
        stale = word is not None and word.state in DONE
        lacks = "was attested too long ago" if stale else "is attested by nobody yet"
        return self._blocked(
            "unknown",
            f"{found.verified.sentence}; that people understand the procedures {lacks}",
            f"cbops checklist mark {self.item} --person NAME --read DOCUMENT",
            found,
        ).model_copy(update={"stale": stale})

    def _worded(self, word: ChecklistRecord) -> ItemStanding:
        told, found = _attested(word), self.found
        if found is not None and found.verified.state == "unknown":
            told += f"; not verified: {found.verified.sentence}"
        elif found is not None:
            told += f"; verified too long ago, on {found.at:%Y-%m-%d}"
        return self._made(word.state, told, word)

    def _open(self) -> ItemStanding:
        """Nobody vouches for it (any more)."""
        found, word, command = self.found, self.word, verify_command(self.item)
        if found is not None and found.verified.state == "verified":
            return self._too_old("verified", found, found.verified.expires_at)
        if word is not None and word.state in DONE:
            return self._too_old(word.state, word, word.expires_at)
        if found is not None:
            told = found.verified.sentence
            return self._blocked("unknown", told, found.verified.command or command, found)
        told = (
            "nobody is on record as trained" if self.item in ATTESTED_ONLY else "nobody has looked at it yet"
        )
        return self._blocked("unknown", told, command, word)

    def _too_old(
        self, was: str, record: ChecklistRecord | VerificationRecord, until: datetime | None
    ) -> ItemStanding:
        told = f"{was} by {record.actor} on {record.at:%Y-%m-%d}, good until {until:%Y-%m-%d}: must be done again"
        blocked = self._blocked("unknown", told, verify_command(self.item), record)
        return blocked.model_copy(update={"stale": True, "expires_at": until})

    def _fresh(self, record: ChecklistRecord | VerificationRecord) -> bool:
        until = _until(record)
        return until is None or self.at < until

    def _blocked(
        self,
        state: ItemState,
        reason: str,
        command: str | None,
        record: ChecklistRecord | VerificationRecord | None,
    ) -> ItemStanding:
        made = self._made(state, reason, record)
        resolve = command or verify_command(self.item)
        return made.model_copy(update={"reason": reason, "command": resolve, "expires_at": None})

    def _made(
        self, state: ItemState, evidence: str, record: ChecklistRecord | VerificationRecord | None
    ) -> ItemStanding:
        return ItemStanding(
            item=self.item,
            title=ITEMS[self.item],
            state=state,
            evidence=evidence,
            at=record.at if record else None,
            by=record.actor if record else None,
            note=self.word.note if self.word else None,
            expires_at=_until(record) if record else None,
            found=self.found.verified.state if self.found else None,
            finding=self.found.verified.evidence if self.found else None,
            people=self.people,
        )


def _until(record: ChecklistRecord | VerificationRecord) -> datetime | None:
    return record.expires_at if isinstance(record, ChecklistRecord) else record.verified.expires_at


def _attested(word: ChecklistRecord) -> str:
    day = word.on or word.at.date()
    return f"{word.state} by {word.actor} on {day}{_noted(word)}"


def _noted(word: ChecklistRecord) -> str:
    return f": {word.note}" if word.note else ""


def _person(record: ChecklistRecord) -> Person:
    return Person(
        name=record.person or record.actor,
        on=str(record.on or record.at.date()),
        read=record.read,
        note=record.note,
        by=record.actor,
    )
