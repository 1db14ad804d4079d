"""Reading: what a crash leaves is told, any other damage is an error that names the line."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_samples import (
    TickingClock,
    enabled_events,
    entries_of,
    head_bytes,
    lines_of,
    people,
    write_rollout,
)

from cbops.errors import InputError, RecordError, StorageError
from cbops.journal.reader import read, salvage
from cbops.journal.verification import verify
from cbops.journal.writer import Journal
from cbops.model.events import Event, LessonAdded
from cbops.rollout.fold import fold

EVENTS: list[Event] = enabled_events()
COUNT = len(EVENTS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rollout(tmp_path / "tenant-a", EVENTS)
    return tmp_path / "tenant-a"


def put(folder: Path, lines: list[bytes], *, head: int | None) -> None:
    (folder / "journal.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    (folder / "head.json").unlink(missing_ok=True)
    if head:
        (folder / "head.json").write_bytes(head_bytes(lines_of(EVENTS)[:head]))


def test_a_sound_journal_is_read_whole(folder: Path) -> None:
    reading = read(folder)
    assert reading.entries == entries_of(EVENTS)
    assert (reading.torn, reading.head_status, reading.notes) == (None, "current", ())


def test_where_there_is_no_journal_the_input_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no rollout in") as caught:
        read(tmp_path / "nothing")
    assert not isinstance(caught.value, RecordError)


def test_a_journal_one_event_ahead_of_its_head_is_a_crash_and_told(folder: Path) -> None:
    put(folder, lines_of(EVENTS), head=COUNT - 1)
    reading = read(folder)
    assert (len(reading.entries), reading.head_status) == (COUNT, "one_behind")
    assert f"Event {COUNT} is on record" in reading.notes[0]


def test_a_first_event_without_a_head_is_a_crash(folder: Path) -> None:
    put(folder, lines_of(EVENTS)[:1], head=None)
    assert read(folder).head_status == "one_behind"


def test_a_journal_behind_its_head_is_truncated(folder: Path) -> None:
    put(folder, lines_of(EVENTS)[:-3], head=COUNT)
    with pytest.raises(RecordError, match=rf"names event {COUNT}, .* ends with event {COUNT - 3}: 3 lost"):
        read(folder)


@pytest.mark.parametrize(
    ("head", "message"), [(None, "is missing, though"), (COUNT - 2, f"goes on to event {COUNT}")]
)
def test_a_head_that_is_gone_or_old_is_damage(folder: Path, head: int | None, message: str) -> None:
    put(folder, lines_of(EVENTS), head=head)
    with pytest.raises(RecordError, match=message):
        read(folder)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"v": 2, "seq": 1, "hash": "%s"}' % ("0" * 64),
        '{"v": 1, "seq": 0, "hash": "%s"}' % ("0" * 64),
        '{"v": 1, "seq": 1, "hash": "x"}',
    ],
)
def test_a_head_that_is_none_is_damage(folder: Path, text: str) -> None:
    (folder / "head.json").write_text(text)
    with pytest.raises(RecordError, match=r"head\.json is damaged"):
        read(folder)


def test_a_journal_that_is_gone_while_its_head_is_there_is_damage(folder: Path) -> None:
    (folder / "journal.jsonl").unlink()
    with pytest.raises(RecordError, match=f"names event {COUNT}"):
        read(folder)


def test_half_a_line_at_the_end_is_torn_and_told(folder: Path) -> None:
    put(folder, lines_of(EVENTS)[:-1], head=COUNT - 1)
    half = lines_of(EVENTS)[-1][:100]
    with (folder / "journal.jsonl").open("ab") as journal:
        journal.write(half)
    reading = read(folder)
    assert reading.torn is not None
    assert (reading.torn.seq, reading.torn.data, len(reading.entries)) == (COUNT, half, COUNT - 1)
    assert "cut off in mid-write (100 bytes)" in reading.notes[0]


def test_zeros_that_a_power_cut_left_are_torn_even_with_a_newline(folder: Path) -> None:
    put(folder, [*lines_of(EVENTS)[:-1], b"\x00" * 90], head=COUNT - 1)
    torn = read(folder).torn
    assert torn is not None
    assert torn.data == b"\x00" * 90


def test_a_confirmed_last_line_that_was_cut_off_later_is_told_and_not_fatal(folder: Path) -> None:
    journal = folder / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-10])

    reading = read(folder)

    assert reading.torn is not None
    assert reading.torn.confirmed
    assert len(reading.entries) == reading.torn.seq - 1
    assert "was cut off later" in reading.notes[0]
    assert not verify(folder).ok


def test_a_confirmed_last_line_that_is_no_json_but_has_its_newline_is_damage(folder: Path) -> None:
    journal = folder / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-10] + b"\n")

    with pytest.raises(RecordError, match="line"):
        read(folder)


@pytest.mark.parametrize("head", [COUNT, COUNT - 1])
def test_a_last_line_that_lacks_only_its_newline_counts(folder: Path, head: int) -> None:
    put(folder, lines_of(EVENTS), head=head)
    raw = (folder / "journal.jsonl").read_bytes()
    (folder / "journal.jsonl").write_bytes(raw[:-1])
    reading = read(folder)
    assert (len(reading.entries), reading.torn, reading.ended) == (COUNT, None, False)


def test_damage_in_the_middle_names_the_file_and_the_line(folder: Path) -> None:
    lines = lines_of(EVENTS)
    lines[4] = lines[4][:-5]
    put(folder, lines, head=COUNT)
    with pytest.raises(RecordError, match=r"journal\.jsonl, line 5 is damaged: it is not JSON") as caught:
        read(folder)
    assert "version control" in caught.value.hint


def test_a_changed_last_line_is_found_by_the_head(folder: Path) -> None:
    lines = lines_of([*EVENTS[:-1], LessonAdded(kind="well", text="something else")])
    put(folder, lines, head=COUNT)
    with pytest.raises(RecordError, match=f"another hash for event {COUNT}"):
        read(folder)


def test_a_line_of_another_number_is_damage(folder: Path) -> None:
    lines = lines_of(EVENTS)[:1]
    put(folder, [lines[0].replace(b'"seq":1,', b'"seq":2,')], head=None)
    with pytest.raises(RecordError, match="line 1 is damaged: it has number 2, not 1"):
        read(folder)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_changed_byte_is_found(data: st.DataObject) -> None:
    lines = lines_of(EVENTS[: data.draw(st.integers(1, 8))])
    raw = bytearray(b"".join(line + b"\n" for line in lines))
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] = data.draw(st.integers(0, 255).filter(lambda byte: byte != raw[place]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "head.json").write_bytes(head_bytes(lines))
        (folder / "journal.jsonl").write_bytes(raw)
        try:
            reading = read(folder)
        except RecordError:
            return
        # Only the very last newline: what is before it can't be told from a line that was cut off.
        assert place == len(raw) - 1
        assert reading.torn is not None
        assert reading.torn.confirmed
        assert not verify(folder).ok
        assert salvage(folder) == entries_of(EVENTS)[: len(salvage(folder))]
        assert len(salvage(folder)) < len(lines)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_journal_cut_anywhere_beyond_its_head_is_never_fatal_and_its_state_folds(
    data: st.DataObject,
) -> None:
    lines = lines_of(EVENTS)
    confirmed = data.draw(st.integers(0, COUNT - 1))
    raw = b"".join(line + b"\n" for line in lines[:confirmed])
    cut = data.draw(st.integers(0, len(lines[confirmed]) + 1))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if confirmed:
            (folder / "head.json").write_bytes(head_bytes(lines[:confirmed]))
        (folder / "journal.jsonl").write_bytes(raw + (lines[confirmed] + b"\n")[:cut])
        reading = read(folder)
    assert len(reading.entries) == confirmed + (cut >= len(lines[confirmed]))
    assert (reading.torn is not None) == (0 < cut < len(lines[confirmed]))
    if reading.entries:
        assert fold(reading.entries).last_seq == len(reading.entries)


@pytest.mark.parametrize(
    ("spoil", "intact"),
    [
        (lambda lines: [*lines[:4], b"rubbish", *lines[5:]], 4),
        (lambda lines: [*lines[:4], lines[4].replace(b"maya", b"eve!"), *lines[5:]], 4),
        (lambda lines: [*lines[:4], *lines[5:]], 3),  # line 4 is in doubt too
        (lambda lines: [*lines[:-1], lines[-1].replace(b"maya", b"eve!")], COUNT - 1),
        (lambda lines: lines[:-2], COUNT - 2),
        (lambda _lines: [b"rubbish"], 0),
    ],
)
def test_salvage_gives_the_proven_beginning(folder: Path, spoil, intact: int) -> None:  # type: ignore[no-untyped-def]
    put(folder, spoil(lines_of(EVENTS)), head=COUNT)
    assert salvage(folder) == entries_of(EVENTS)[:intact]


def test_salvage_needs_no_head_and_not_even_a_journal(folder: Path, tmp_path: Path) -> None:
    (folder / "head.json").write_bytes(b"\xff")
    assert salvage(folder) == entries_of(EVENTS)
    assert salvage(tmp_path / "nothing") == ()
    (folder / "journal.jsonl").unlink()
    (folder / "journal.jsonl").mkdir()
    assert salvage(folder) == ()


def test_a_journal_that_cannot_be_read_is_a_matter_of_the_disk(folder: Path) -> None:
    (folder / "journal.jsonl").unlink()
    (folder / "journal.jsonl").mkdir()
    with pytest.raises(StorageError, match=r"Cannot read .*journal\.jsonl: Is a directory"):
        read(folder)


@pytest.fixture
def busy(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """So many times, another command appends two events right after the journal's bytes were read."""
    plain = Path.read_bytes
    state = {"left": 0}

    def read_bytes(path: Path) -> bytes:
        data = plain(path)
        if path.name == "journal.jsonl" and state["left"]:
            left, state["left"] = state["left"], 0  # what the other command reads is not disturbed
            with Journal(folder).session("another", "eve", TickingClock()) as session:
                session.append(people()[3])
                session.append(people()[3])
            state["left"] = left - 1
        return data

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    return partial(state.__setitem__, "left")


def test_a_journal_that_grows_while_it_is_read_is_read_again(
    folder: Path, busy: Callable[[int], None]
) -> None:
    busy(3)
    assert len(read(folder).entries) == COUNT + 6


def test_a_journal_that_never_rests_is_said(folder: Path, busy: Callable[[int], None]) -> None:
    busy(50)
    with pytest.raises(StorageError, match="changes faster than it can be read"):
        read(folder)


def test_reading_imports_neither_the_lock_nor_the_writer() -> None:
    code = (
        "import sys, cbops.journal.reader\n"
        "print([name for name in ('filelock', 'cbops.journal.writer') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
