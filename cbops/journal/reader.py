"""Reading a journal: strictly (any damage is an error that names the line) or what is intact of it.

Reading takes no lock and imports nothing that writes, for `canary status` starts with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cbops.errors import InputError, RecordError, StorageError
from cbops.journal.chain import HeadStatus, compare_head, walk
from cbops.journal.codec import GENESIS, LineError
from cbops.journal.files import HEAD, JOURNAL, read_bytes
from cbops.journal.head import Head, parse_head
from cbops.model.events import Entry

_RESTORE = (
    "Restore the rollout's folder from version control or a backup; `cbops journal verify` lists all "
    "that is wrong. A rollback works without the journal."
)


@dataclass(frozen=True, slots=True)
class TornLine:
    """What a crash in mid-write left at the end; `seq` is the number that it would have had.

    `confirmed`: the head names it, so it was whole once and was cut off later.
    """

    seq: int
    data: bytes
    confirmed: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A journal as it was read.

    `length` is the file's size in bytes, `end` that of its whole lines. `head_status` is `current`, or
    `one_behind` when the last event was written but not confirmed: its command was interrupted there,
    or is just writing. `ended` false: the last line counts but lacks its newline.
    """

    entries: tuple[Entry, ...]
    torn: TornLine | None
    head: Head | None
    head_status: HeadStatus
    end: int
    length: int
    ended: bool

    @property
    def last_hash(self) -> str:
        """The `prev` of the next line."""
        return self.entries[-1].hash if self.entries else GENESIS

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person must be told; empty when all is as it should be."""
        notes = []
        if self.torn:
            how = "was whole once, was cut off later" if self.torn.confirmed else "was cut off in mid-write"
            notes.append(
                f"Event {self.torn.seq} {how} ({len(self.torn.data)} bytes) and does not "
                "count; the next command that writes sets it aside."
            )
        if self.head_status == "one_behind":
            notes.append(
                f"Event {len(self.entries)} is on record, but the command that wrote it was interrupted "
                "before it could say so (or is still running)."
            )
        return tuple(notes)


@dataclass(frozen=True, slots=True)
class Raw:
    """The bytes of journal and head, from the same moment; None: no such file."""

    journal: bytes | None
    head: bytes | None


def load(folder: Path) -> Raw:
    """Both files. A writer may be at work: the head is read before and after, until nothing moved."""
    for _ in range(20):
        before = read_bytes(folder / HEAD)
        journal = read_bytes(folder / JOURNAL)
        after = read_bytes(folder / HEAD)
        if before == after:
            break
    else:
        raise StorageError(
            f"Cannot read {folder}: it changes faster than it can be read",
            hint="Wait until the command that writes there is done.",
        )
    if journal is None and after is None:
        raise InputError(
            f"There is no rollout in {folder}", hint="`cbops canary status` shows the rollouts that exist."
        )
    return Raw(journal, after)


def read(folder: Path) -> Reading:
    """The journal in that folder.

    A torn last line is told, not an error. RecordError names file and line of any other damage;
    InputError: there is no journal; StorageError: the disk refused.
    """
    raw = load(folder)
    head = _head(folder, raw)
    return _strict(folder, raw.journal, head)


def _head(folder: Path, raw: Raw) -> Head | None:
    if raw.head is None:
        return None
    try:
        return parse_head(raw.head)
    except LineError as error:
        raise RecordError(f"{folder / HEAD} is damaged: {error}", hint=_RESTORE) from error


def _strict(folder: Path, journal: bytes | None, head: Head | None) -> Reading:
    entries: list[Entry] = []
    torn, ended = None, True
    raw = journal or b""
    end = len(raw)
    for line in walk(raw, head):
        if line.torn:
            confirmed = head is not None and head.seq == line.number
            torn, end = TornLine(line.number, line.data, confirmed), line.offset
        elif line.problem or line.entry is None:
            where = f"{folder / JOURNAL}, line {line.number}"
            raise RecordError(f"{where} is damaged: {line.problem}", hint=_RESTORE)
        else:
            entries.append(line.entry)
            ended = line.ended
    kept = tuple(entries)
    status, problem = compare_head([entry.hash for entry in kept], head)
    if torn and torn.confirmed:
        status, problem = "current", None
    if problem:
        where = f"{folder / JOURNAL}, line {len(kept)}: {folder / HEAD}"
        raise RecordError(f"{where} does not fit: {problem}", hint=_RESTORE)
    return Reading(kept, torn, head, status, end=end, length=len(raw), ended=ended)


def salvage(folder: Path) -> tuple[Entry, ...]:
    """The intact beginning of a journal, whatever is wrong with the rest; never fails.

    A line that the next line's `prev` or the head speaks against is left out. Empty when nothing can
    be read. For emergencies (a rollback must not depend on an intact record) and nothing else.
    """
    try:
        raw = load(folder)
    except (InputError, StorageError):
        return ()
    try:
        head = parse_head(raw.head) if raw.head else None
    except LineError:
        head = None
    entries: list[Entry] = []
    for line in walk(raw.journal or b"", head):
        if line.unlinked:
            del entries[-1:]
        if line.problem or line.entry is None:
            break
        entries.append(line.entry)
    if head and len(entries) >= head.seq and entries[head.seq - 1].hash != head.hash:
        del entries[head.seq - 1 :]
    return tuple(entries)
