"""The one walk over a journal's lines; reading, salvage and proof differ in what they do with problems.

A line counts when it is whole JSON and fits the chain. A last line that isn't JSON (half an object never
is) is torn: beyond the head by a crash in mid-write; where the head names it, only when its newline is gone
too, and then it is told as lost, since it was confirmed. Neither stops a command: a rollout must go on.
A last line that lacks nothing but its newline counts; the newline is added with the next append.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from cbops.journal.codec import GENESIS, LineError, NotJsonError, decode, line_hash
from cbops.journal.head import Head
from cbops.model.events import Entry

HeadStatus = Literal["current", "one_behind", "missing", "damaged", "behind", "ahead", "differs"]


def _unlinked(number: int) -> str:
    if number == 1:
        return "its 'prev' is not that of a first line: lines before it were removed"
    before = f"line {number - 1}"
    return (
        f"its 'prev' is not the hash of {before}: {before} was changed, or lines were removed, added or put "
        "in another order"
    )


@dataclass(frozen=True, slots=True)
class Checked:
    """A line and what is wrong with it; `offset` is where it starts in the file.

    `unlinked`: the chain is broken here, so the line before is in doubt too.
    """

    number: int
    data: bytes
    offset: int
    ended: bool  # has its newline
    entry: Entry | None = None
    problem: str | None = None
    torn: bool = False
    unlinked: bool = False


def walk(raw: bytes, head: Head | None) -> Iterator[Checked]:
    """Every line of the file, each judged against the one before as it stands there."""
    confirmed = head.seq if head else 0
    lines = raw.split(b"\n")
    tail = lines.pop()
    whole = len(lines)
    if tail:
        lines.append(tail)
    prev, seq, offset = GENESIS, 0, 0
    for number, data in enumerate(lines, start=1):
        may_tear = number == len(lines) and (number > confirmed or number == confirmed > whole)
        checked = _check(
            number, data, offset, ended=number <= whole, prev=prev, seq=seq + 1, may_tear=may_tear
        )
        yield checked
        # Go on from what stands there, so that one change is one problem.
        seq = checked.entry.seq if checked.entry else seq + 1
        prev = line_hash(data)
        offset += len(data) + 1


def _check(
    number: int, data: bytes, offset: int, *, ended: bool, prev: str, seq: int, may_tear: bool
) -> Checked:
    try:
        entry = decode(data)
    except NotJsonError as error:
        return Checked(number, data, offset, ended, problem=str(error), torn=may_tear)
    except LineError as error:
        return Checked(number, data, offset, ended, problem=str(error))
    if entry.prev != prev:
        return Checked(number, data, offset, ended, entry, _unlinked(number), unlinked=True)
    if entry.seq != seq:
        return Checked(number, data, offset, ended, entry, f"it has number {entry.seq}, not {seq}")
    return Checked(number, data, offset, ended, entry)


def compare_head(hashes: Sequence[str], head: Head | None) -> tuple[HeadStatus, str | None]:
    """How the head fits to the hashes of the lines: (status, what is wrong or None)."""
    count = len(hashes)
    if head is None:
        if count <= 1:  # killed before the first head was written
            return ("one_behind" if count else "current"), None
        return "missing", f"it is missing, though the journal has {count} events"
    if head.seq > count:
        lost = head.seq - count
        return "ahead", f"it names event {head.seq}, but the journal ends with event {count}: {lost} lost"
    if head.seq < count - 1:
        return "behind", f"it names event {head.seq}, but the journal goes on to event {count}"
    if hashes[head.seq - 1] != head.hash:
        return (
            "differs",
            f"it has another hash for event {head.seq}: line {head.seq} of the journal was changed",
        )
    return ("current" if head.seq == count else "one_behind"), None
