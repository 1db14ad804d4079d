"""Two copies of a journal, event by event: how far they are the same, and what each goes on with."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cbops.journal.chain import walk
from cbops.journal.codec import line_hash
from cbops.journal.reader import load
from cbops.model.events import Entry

Relation = Literal["same", "ahead", "behind", "forked", "unrelated"]


@dataclass(frozen=True, slots=True)
class Fork:
    """`ahead`: this one goes on where the other ends; `behind`: the reverse. `common`: events that both have.

    `here`, `there`: the first event that only this one and only the other has.
    """

    relation: Relation
    common: int
    here_count: int
    there_count: int
    here: Entry | None
    there: Entry | None


def compare(folder: Path, other: Path) -> Fork:
    """Compare the journals of two folders, as they stand. InputError where there is none."""
    mine, theirs = _lines(folder), _lines(other)
    common = 0
    while common < min(len(mine), len(theirs)) and mine[common][0] == theirs[common][0]:
        common += 1
    here = mine[common][1] if common < len(mine) else None
    there = theirs[common][1] if common < len(theirs) else None
    return Fork(
        _relation(common, len(mine), len(theirs)),
        common,
        len(mine),
        len(theirs),
        here,
        there,
    )


def _relation(common: int, mine: int, theirs: int) -> Relation:
    if common == mine == theirs:
        return "same"
    if common == theirs:
        return "ahead"
    if common == mine:
        return "behind"
    return "forked" if common else "unrelated"


def _lines(folder: Path) -> list[tuple[str, Entry | None]]:
    raw = load(folder)
    return [(line_hash(line.data), line.entry) for line in walk(raw.journal or b"", None) if not line.torn]
