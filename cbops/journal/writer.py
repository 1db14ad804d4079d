"""Writing a journal: one session at a time, every event durable before `append` returns.

with Journal(folder).session("cbops canary enable", "maya", clock) as session:
    sha = session.put_evidence(document)
    session.append(EnableIntended(…))
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from cbops.errors import ConflictError, InputError, StorageError
from cbops.journal.codec import decode, encode
from cbops.journal.evidence import put_evidence
from cbops.journal.files import (
    HEAD,
    JOURNAL,
    append_bytes,
    cut,
    make_folder,
    mapped,
    read_bytes,
    write_atomically,
)
from cbops.journal.folders import folder_of
from cbops.journal.head import Head, write_head
from cbops.journal.locking import hold
from cbops.journal.reader import Reading, TornLine, read
from cbops.model.base import iso
from cbops.model.events import Entry, Event, Sha, TornLineSetAside
from cbops.model.system import SystemUser

WAIT_SECONDS = 3.0
_EMPTY = Reading((), None, None, "current", end=0, length=0, ended=True)


class Clock(Protocol):
    """Where the times of events come from."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        ...


class Session:
    """The rollout held by one command, from reading to the last event. Made by `Journal.session`."""

    def __init__(
        self, folder: Path, actor: str, clock: Clock, reading: Reading, system: SystemUser | None = None
    ) -> None:
        self.folder = folder
        self._path = folder / JOURNAL
        self._actor = actor
        self._system = system
        self._clock = clock
        self._reading = reading
        self._notes = list(reading.notes)
        self._cut_later: set[str] = set()  # files with what the head had confirmed
        self._over = False

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Everything on record by now, what this session appended included."""
        return self._reading.entries

    @property
    def notes(self) -> tuple[str, ...]:
        """What a person must be told of the record: torn lines, interrupted commands."""
        return tuple(self._notes)

    def append(self, event: Event) -> Entry:
        """Write the event; when this returns, it survives a power cut.

        InputError: too long, or no JSON. StorageError: the disk refused, and the journal is as it was.
        RecordError: someone wrote there without the lock, and not what fits.
        """
        self._prepare()
        entry = self._write(event)
        # In a journal without any event, the set-aside line comes after the opening.
        self._record_torn_files()
        return entry

    def put_evidence(self, text: str) -> Sha:
        """Keep a text under its hash; call it before appending the event that names it."""
        self._must_be_held()
        return put_evidence(self.folder, text)

    def end(self) -> None:
        """The lock is about to be given back."""
        self._over = True

    def _must_be_held(self) -> None:
        if self._over:
            raise RuntimeError("the session is over: its lock is given back")

    def _prepare(self) -> None:
        """Bring the record to where a line can be added: mend what a crash left."""
        self._must_be_held()
        if self._length_on_disk() != self._reading.length:
            self._reading = read(self.folder)
            self._notes += [note for note in self._reading.notes if note not in self._notes]
        if self._reading.head_status == "one_behind":
            self._confirm(self._reading.entries[-1])
        if self._reading.torn:
            self._set_aside(self._reading.torn)
        if self._reading.entries:
            self._record_torn_files()

    def _length_on_disk(self) -> int:
        with mapped(self._path, "read"):
            try:
                return self._path.stat().st_size
            except FileNotFoundError:
                return 0

    def _confirm(self, entry: Entry) -> None:
        head = Head(entry.seq, entry.hash)
        write_head(self.folder, head)
        self._reading = replace(self._reading, head=head, head_status="current")

    def _write(self, event: Event) -> Entry:
        before = self._reading
        line = encode(
            seq=len(before.entries) + 1,
            at=self._clock.now(),
            actor=self._actor,
            system=self._system,
            event=event,
            prev=before.last_hash,
        )
        entry = decode(line)
        data = (b"" if before.ended else b"\n") + line + b"\n"
        append_bytes(self._path, data)
        head = Head(entry.seq, entry.hash)
        try:
            write_head(self.folder, head)
        except StorageError:
            self._take_back(before, head)
            raise
        length = before.length + len(data)
        entries = (*before.entries, entry)
        self._reading = Reading(entries, None, head, "current", end=length, length=length, ended=True)
        return entry

    def _take_back(self, before: Reading, head: Head) -> None:
        """The head could not be replaced: the line goes too, unless the head names it already."""
        current = read_bytes(self.folder / HEAD)
        if current is None or head.hash.encode() not in current:
            cut(self._path, before.length)

    def _set_aside(self, torn: TornLine) -> None:
        """Keep the bytes in a file of their own, then cut them off. A crash in between repeats it."""
        number = 1
        while (kept := read_bytes(self._torn_path(torn.seq, number))) not in (None, torn.data):
            number += 1
        path = self._torn_path(torn.seq, number)
        if kept is None:
            write_atomically(path, torn.data)
        if torn.confirmed:
            self._cut_later.add(path.name)
        cut(self._path, self._reading.end)
        end = self._reading.end
        self._reading = replace(self._reading, torn=None, length=end)

    def _torn_path(self, seq: int, number: int) -> Path:
        return self.folder / f"torn-{seq}-{number}.txt"

    def _record_torn_files(self) -> None:
        """An event for each file that no event names yet, also one of a session that died right after."""
        with mapped(self.folder, "read"):
            torn = {path.name: path.read_bytes() for path in sorted(self.folder.glob("torn-*.txt"))}
        if not torn:
            return
        named = {entry.event.file for entry in self.entries if isinstance(entry.event, TornLineSetAside)}
        for name in sorted(torn.keys() - named):
            length, digest = len(torn[name]), hashlib.sha256(torn[name]).hexdigest()
            confirmed = name in self._cut_later
            self._write(TornLineSetAside(file=name, length=length, confirmed=confirmed, digest=digest))
            self._notes.append(
                f"{length} bytes of an interrupted write were set aside in {self.folder / name}."
            )


class Journal:
    """The journal in one rollout's folder; `wait_seconds` is how long to wait for another holder."""

    def __init__(self, folder: Path, *, wait_seconds: float = WAIT_SECONDS) -> None:
        self.folder = folder
        self._wait_seconds = wait_seconds

    @contextmanager
    def session(
        self, command: str, actor: str, clock: Clock, system: SystemUser | None = None
    ) -> Iterator[Session]:
        """Hold the rollout for a whole command. `command` is told to whoever has to wait.

        May raise InputError (no rollout there), LockedError, RecordError (damaged) and StorageError.
        """
        with mapped(self.folder, "read"):
            there = self.folder.is_dir()
        if not there:
            raise InputError(
                f"There is no rollout in {self.folder}",
                hint="`cbops canary status` shows the rollouts that exist.",
            )
        since = iso(clock.now())
        with hold(self.folder, command=command, since=since, wait_seconds=self._wait_seconds):
            session = Session(self.folder, actor, clock, read(self.folder), system)
            try:
                yield session
            finally:
                session.end()


@contextmanager
def create(
    rollouts: Path,
    rollout_id: str,
    *,
    command: str,
    actor: str,
    clock: Clock,
    system: SystemUser | None = None,
    wait_seconds: float = WAIT_SECONDS,
) -> Iterator[Session]:
    """A session on a new rollout's empty journal; its first event must be RolloutOpened.

    ConflictError when the rollout exists. A folder in which a crash left no whole event is taken over.
    `rollout_id` is a safe name (`slug`), else InputError.
    """
    folder = folder_of(rollouts, rollout_id)
    make_folder(folder)
    with hold(folder, command=command, since=iso(clock.now()), wait_seconds=wait_seconds):
        session = Session(folder, actor, clock, _nothing_yet(folder), system)
        try:
            yield session
        finally:
            session.end()


def _nothing_yet(folder: Path) -> Reading:
    if read_bytes(folder / JOURNAL) is None and read_bytes(folder / HEAD) is None:
        return _EMPTY
    reading = read(folder)
    if reading.entries:
        raise ConflictError(
            f"The rollout '{folder.name}' exists already",
            hint="Go on with it, or select under another id.",
        )
    return reading
