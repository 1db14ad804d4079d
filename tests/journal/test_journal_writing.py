"""Appending: durable, chained, and mending what a crash left."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from journal_samples import (
    START,
    TORN_BYTES,
    TickingClock,
    collected,
    enabled_events,
    head_bytes,
    lines_of,
    opened,
    people,
    write_rollout,
)

from cbops.errors import ConflictError, InputError, LockedError, RecordError, StorageError
from cbops.journal.folders import find_rollouts
from cbops.journal.reader import read
from cbops.journal.verification import verify
from cbops.journal.writer import Journal, Session, create
from cbops.model.events import Event, LessonAdded, NoteAdded, TornLineSetAside

NOTE = NoteAdded(day=1, kind="note", text="after the crash")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rollout(tmp_path / "tenant-a", [opened()])
    return tmp_path / "tenant-a"


def append(folder: Path, *events: Event) -> Session:
    with Journal(folder).session("cbops test", "maya", TickingClock()) as session:
        for event in events:
            session.append(event)
    return session


def kinds(folder: Path) -> list[str]:
    return [entry.event.type for entry in read(folder).entries]


def test_a_new_rollout_is_a_folder_with_a_journal_and_its_head(tmp_path: Path) -> None:
    with create(
        tmp_path / "rollouts", "tenant-a", command="x", actor="maya", clock=TickingClock()
    ) as session:
        entry = session.append(opened())
    folder = tmp_path / "rollouts" / "tenant-a"
    assert read(folder).entries == (entry,) == session.entries
    assert (entry.seq, entry.actor, entry.prev) == (1, "maya", "0" * 64)
    assert entry.at > START
    assert sorted(path.name for path in folder.iterdir()) == [".lock", "head.json", "journal.jsonl"]


def test_a_rollout_that_exists_is_not_created_again(folder: Path) -> None:
    before = (folder / "journal.jsonl").read_bytes()
    with (
        pytest.raises(ConflictError, match="'tenant-a' exists already"),
        create(folder.parent, "tenant-a", command="x", actor="maya", clock=TickingClock()),
    ):
        pass
    assert (folder / "journal.jsonl").read_bytes() == before


@pytest.mark.parametrize("rollout_id", ["..", "../x", "a/b", "", ".hidden", "A", "-x", "a\x00b"])
def test_a_rollout_never_lies_outside_the_rollouts_folder(tmp_path: Path, rollout_id: str) -> None:
    with (
        pytest.raises(InputError, match="is not the id of a rollout"),
        create(tmp_path / "rollouts", rollout_id, command="x", actor="maya", clock=TickingClock()),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_every_line_names_the_hash_of_the_line_before(folder: Path) -> None:
    append(folder, *enabled_events()[1:])
    lines = (folder / "journal.jsonl").read_bytes().splitlines()
    for line, after in pairwise(lines):
        assert json.loads(after)["prev"] == hashlib.sha256(line).hexdigest()
    head = json.loads((folder / "head.json").read_text())
    assert head == {"v": 1, "seq": len(lines), "hash": hashlib.sha256(lines[-1]).hexdigest()}


def test_the_answer_of_an_append_is_what_is_read_later(folder: Path) -> None:
    with Journal(folder).session("x", "maya", TickingClock()) as session:
        answered = [session.append(event) for event in people()]
    assert read(folder).entries[1:] == tuple(answered)


def test_a_session_sees_what_was_written_while_it_waited(folder: Path) -> None:
    append(folder, *people()[:-1])
    with Journal(folder).session("x", "maya", TickingClock()) as session:
        assert len(session.entries) == len(people())
        assert session.append(NOTE).seq == len(people()) + 1


def test_an_event_that_is_too_long_leaves_the_journal_as_it_was(folder: Path) -> None:
    before = (folder / "journal.jsonl").read_bytes()
    with pytest.raises(InputError, match="a line of the journal has 4096"):
        append(folder, NoteAdded(day=1, kind="note", text="ä" * 2100))
    assert (folder / "journal.jsonl").read_bytes() == before


def test_nothing_is_appended_after_the_session(folder: Path) -> None:
    session = append(folder)
    with pytest.raises(RuntimeError, match="the session is over"):
        session.append(NOTE)
    with pytest.raises(RuntimeError, match="the session is over"):
        session.put_evidence("x")


def test_a_damaged_journal_is_not_written_to(folder: Path) -> None:
    (folder / "journal.jsonl").write_bytes(b"rubbish\n")
    with pytest.raises(RecordError, match="line 1"):
        append(folder, NOTE)
    assert (folder / "journal.jsonl").read_bytes() == b"rubbish\n"


def test_where_there_is_no_folder_there_is_no_session(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no rollout in"):
        append(tmp_path / "nothing", NOTE)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="There is no rollout in"):
        append(tmp_path / "empty", NOTE)


def tear(folder: Path, half: bytes = TORN_BYTES) -> None:
    with (folder / "journal.jsonl").open("ab") as journal:
        journal.write(half)


def test_a_torn_line_is_set_aside_with_its_bytes_and_on_record_before_the_next_event(folder: Path) -> None:
    tear(folder)
    session = append(folder, NOTE)
    assert kinds(folder) == ["rollout_opened", "torn_line_set_aside", "note_added"]
    assert read(folder).entries[1].event == TornLineSetAside(
        file="torn-2-1.txt", length=len(TORN_BYTES), digest=hashlib.sha256(TORN_BYTES).hexdigest()
    )
    assert (folder / "torn-2-1.txt").read_bytes() == TORN_BYTES
    assert any("set aside in" in note for note in session.notes)
    assert verify(folder).ok


def test_a_line_that_was_cut_off_after_it_was_confirmed_is_set_aside_as_such(folder: Path) -> None:
    append(folder, NOTE)
    journal = folder / "journal.jsonl"
    lost = journal.read_bytes().splitlines()[-1]
    journal.write_bytes(journal.read_bytes()[:-10])

    append(folder, NOTE)

    aside = [entry.event for entry in read(folder).entries if isinstance(entry.event, TornLineSetAside)]
    assert [event.confirmed for event in aside] == [True]
    assert (folder / aside[0].file).read_bytes() == lost[:-9]
    assert verify(folder).ok


def test_a_session_that_writes_nothing_leaves_a_torn_line_where_it_is(folder: Path) -> None:
    tear(folder)
    session = append(folder)
    assert read(folder).torn is not None
    assert "cut off in mid-write" in session.notes[0]


def test_setting_aside_that_was_itself_interrupted_is_finished_without_loss(folder: Path) -> None:
    # Killed after the bytes were kept but before they were cut off: the same file serves.
    (folder / "torn-2-1.txt").write_bytes(TORN_BYTES)
    tear(folder)
    append(folder, NOTE)
    assert kinds(folder) == ["rollout_opened", "torn_line_set_aside", "note_added"]
    # Killed after they were cut off but before the event: the file is found and named.
    (folder / "torn-4-1.txt").write_bytes(b"{")
    # Killed while writing that very event.
    tear(folder, b'{"actor')
    append(folder, NOTE)
    assert kinds(folder)[3:] == ["torn_line_set_aside", "torn_line_set_aside", "note_added"]
    assert (folder / "torn-4-1.txt").read_bytes() == b"{"
    assert (folder / "torn-4-2.txt").read_bytes() == b'{"actor'
    assert verify(folder).ok


def test_a_torn_first_line_does_not_keep_the_rollout_from_being_created(tmp_path: Path) -> None:
    folder = tmp_path / "tenant-a"
    folder.mkdir()
    tear(folder)
    assert find_rollouts(tmp_path) == ()
    with create(tmp_path, "tenant-a", command="x", actor="maya", clock=TickingClock()) as session:
        session.append(opened())
        session.append(NOTE)
    assert kinds(folder) == ["rollout_opened", "torn_line_set_aside", "note_added"]
    assert verify(folder).ok


def test_a_head_one_event_behind_is_mended_and_told(folder: Path) -> None:
    lines = write_rollout(folder, enabled_events())
    (folder / "head.json").write_bytes(head_bytes(lines[:-1]))
    session = append(folder, NOTE)
    assert "was interrupted before it could say so" in session.notes[0]
    assert read(folder).head_status == "current"
    assert len(read(folder).entries) == len(lines) + 1


def test_a_missing_last_newline_is_added_with_the_next_event(folder: Path) -> None:
    line = lines_of([opened()])[0]
    (folder / "journal.jsonl").write_bytes(line)
    append(folder, NOTE)
    assert (folder / "journal.jsonl").read_bytes().startswith(line + b"\n{")
    assert kinds(folder) == ["rollout_opened", "note_added"]


def test_a_writer_without_the_lock_is_noticed(folder: Path) -> None:
    with Journal(folder).session("x", "maya", TickingClock()) as session:
        session.append(NOTE)
        lines = lines_of([opened(), NOTE])
        (folder / "journal.jsonl").write_bytes(b"".join(line + b"\n" for line in [*lines, b"{}"]))
        with pytest.raises(RecordError, match="line 3"):
            session.append(NOTE)


def test_an_event_appended_by_another_tool_that_fits_is_taken_in(folder: Path) -> None:
    with Journal(folder).session("x", "maya", TickingClock()) as session:
        lines = lines_of([opened(), LessonAdded(kind="well", text="by hand")])
        (folder / "journal.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        assert session.append(NOTE).seq == 3
    assert kinds(folder) == ["rollout_opened", "lesson_added", "note_added"]


def test_a_head_that_cannot_be_replaced_takes_the_line_back(folder: Path) -> None:
    before = (folder / "journal.jsonl").read_bytes()
    (folder / ".head.json.tmp").mkdir()
    with Journal(folder).session("x", "maya", TickingClock()) as session:
        with pytest.raises(StorageError, match=r"Cannot write .*head\.json: Is a directory"):
            session.append(NOTE)
        assert (folder / "journal.jsonl").read_bytes() == before
        (folder / ".head.json.tmp").rmdir()
        assert session.append(NOTE).seq == 2
    assert verify(folder).ok


def test_an_append_is_synced_in_order_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def seen(fd: int) -> None:
        synced.append(Path(f"/proc/self/fd/{fd}").readlink().name)
        fsync(fd)

    monkeypatch.setattr(os, "fsync", seen)
    folder = tmp_path / "rollouts" / "tenant-a"
    with create(folder.parent, "tenant-a", command="x", actor="maya", clock=TickingClock()) as session:
        assert synced == [tmp_path.name, "rollouts"]
        synced.clear()
        session.append(opened())
        assert synced == ["journal.jsonl", "tenant-a", ".head.json.tmp", "tenant-a"]
        synced.clear()
        session.append(NOTE)
        assert synced == ["journal.jsonl", ".head.json.tmp", "tenant-a"]
        synced.clear()
        named = session.put_evidence("x")
        assert synced == ["tenant-a", f".{named}.tmp", "evidence"]
        synced.clear()
        session.put_evidence("x")
        assert synced == ["evidence"]


def test_a_line_whose_head_was_replaced_stays_even_when_the_disk_then_fails(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def failing(fd: int) -> None:
        if Path(f"/proc/self/fd/{fd}").readlink() == folder:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        fsync(fd)

    with Journal(folder).session("x", "maya", TickingClock()) as session:
        monkeypatch.setattr(os, "fsync", failing)
        with pytest.raises(StorageError, match="Input/output error"):
            session.append(NOTE)
        monkeypatch.setattr(os, "fsync", fsync)
        assert len(read(folder).entries) == 2
        assert session.append(NOTE).seq == 3
    assert verify(folder).ok


def test_a_clock_that_steps_back_does_not_stop_the_record(folder: Path) -> None:
    clock = TickingClock()
    with Journal(folder).session("x", "maya", clock) as session:
        first = session.append(NOTE)
        clock.wait(-3600)
        assert session.append(NOTE).at < first.at
    assert verify(folder).ok


def test_two_threads_with_sessions_of_their_own_take_turns(folder: Path) -> None:
    threads = [threading.Thread(target=append, args=(folder, NOTE, collected(1))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read(folder).entries) == 13
    assert verify(folder).ok


def test_a_second_session_in_the_same_process_is_told_who_holds_it(folder: Path) -> None:
    journal = Journal(folder, wait_seconds=0.05)
    with (
        journal.session("cbops canary enable", "maya", TickingClock()),
        pytest.raises(LockedError, match="held by 'cbops canary enable'"),
        journal.session("cbops rollback", "maya", TickingClock()),
    ):
        pass
