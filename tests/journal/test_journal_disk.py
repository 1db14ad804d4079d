"""The disk refuses: really full, really read-only, really forbidden."""

from __future__ import annotations

import errno
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from journal_samples import TickingClock, opened, write_rollout

from cbops.errors import StorageError
from cbops.journal.evidence import load_evidence
from cbops.journal.files import mapped
from cbops.journal.folders import find_rollouts
from cbops.journal.reader import read, salvage
from cbops.journal.verification import verify
from cbops.journal.writer import Journal, Session, create
from cbops.model.events import NoteAdded

NOTE = NoteAdded(day=1, kind="note", text="x" * 600)
NOBODY = 65534


def mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 96 KiB with a rollout on it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if not mount("-t", "tmpfs", "-o", "size=96k", "tmpfs", str(disk)):
        if os.environ.get("CI") == "true" and os.geteuid() == 0:
            pytest.fail("mount: this system lets root mount nothing")
        pytest.skip("mount: needs root and a system that lets it")
    try:
        write_rollout(disk / "tenant-a", [opened()])
        yield disk
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 512)
    return filler


def append_until_refused(session: Session) -> None:
    """The first lines may still fit into the block that the journal has."""
    while True:
        session.append(NOTE)


@pytest.mark.needs("mount")
def test_on_a_full_disk_an_append_fails_clearly_and_nothing_is_lost(small_disk: Path) -> None:
    folder = small_disk / "tenant-a"
    with Journal(folder).session("cbops test", "maya", TickingClock()) as session:
        filler = fill(small_disk)
        with pytest.raises(StorageError, match="No space left on device") as caught:
            append_until_refused(session)
        acknowledged = len(session.entries)
        assert "Free some space" in caught.value.hint
        assert caught.value.exit_status == 3
        assert len(read(folder).entries) == acknowledged
        assert read(folder).notes == ()
        filler.unlink()
        assert session.append(NOTE).seq == acknowledged + 1
    assert verify(folder).ok


@pytest.mark.needs("mount")
def test_on_a_full_disk_evidence_is_whole_or_absent(small_disk: Path) -> None:
    folder = small_disk / "tenant-a"
    text = "0123456789" * 3000
    with Journal(folder).session("cbops test", "maya", TickingClock()) as session:
        filler = fill(small_disk)
        names = sorted(path.name for path in (folder / "evidence").iterdir())
        with pytest.raises(StorageError, match="No space left on device"):
            session.put_evidence(text)
        assert sorted(path.name for path in (folder / "evidence").iterdir()) == names
        filler.unlink()
        assert load_evidence(folder, session.put_evidence(text)) == text


@pytest.mark.needs("mount")
def test_a_session_begun_on_a_full_disk_fails_at_the_append_or_before_with_the_reason(
    small_disk: Path,
) -> None:
    folder = small_disk / "tenant-a"
    fill(small_disk)
    before = (folder / "journal.jsonl").read_bytes()
    with (
        pytest.raises(StorageError, match="No space left on device"),
        Journal(folder).session("cbops test", "maya", TickingClock()) as session,
    ):
        append_until_refused(session)
    assert (folder / "journal.jsonl").read_bytes().startswith(before)
    assert read(folder).notes == ()


@pytest.mark.needs("mount")
def test_a_read_only_disk_is_read_but_not_written(small_disk: Path) -> None:
    folder = small_disk / "tenant-a"
    assert mount("-o", "remount,ro", str(small_disk))
    assert len(read(folder).entries) == 1
    assert verify(folder).ok
    with (
        pytest.raises(StorageError, match="Read-only file system") as caught,
        Journal(folder).session("cbops test", "maya", TickingClock()),
    ):
        pass
    assert "writable" in caught.value.hint
    with (
        pytest.raises(StorageError, match=r"Cannot create .*Read-only file system"),
        create(small_disk, "tenant-b", command="x", actor="maya", clock=TickingClock()),
    ):
        pass


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Without root's right to everything; a plain user takes their own rights away instead."""
    root = os.geteuid() == 0
    folder.chmod(0o700 if root else 0o500)
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(0o700)


def test_without_the_right_to_write_the_reason_and_the_hint_are_said(tmp_path: Path) -> None:
    folder = tmp_path / "tenant-a"
    write_rollout(folder, [opened()])
    with as_nobody(folder), pytest.raises(StorageError, match="Permission denied") as caught:  # noqa: SIM117
        with Journal(folder).session("cbops test", "maya", TickingClock()):
            pass
    assert "right" in caught.value.hint
    assert len(read(folder).entries) == 1


def test_a_rollouts_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "rollouts").write_text("a file")
    with pytest.raises(StorageError, match=r"Cannot read .*Not a directory"):
        find_rollouts(tmp_path / "rollouts")
    with (
        pytest.raises(StorageError, match="Cannot create"),
        create(tmp_path / "rollouts", "tenant-b", command="x", actor="maya", clock=TickingClock()),
    ):
        pass


def test_a_journal_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    folder = tmp_path / "tenant-a"
    write_rollout(folder, [opened()])
    (folder / "journal.jsonl").rename(tmp_path / "elsewhere")
    (folder / "journal.jsonl").symlink_to(tmp_path / "elsewhere")
    before = (tmp_path / "elsewhere").read_bytes()
    with (
        pytest.raises(StorageError, match="Cannot append to"),
        Journal(folder).session("cbops test", "maya", TickingClock()) as session,
    ):
        session.append(NOTE)
    assert (tmp_path / "elsewhere").read_bytes() == before


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "Free some space"),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "writable"),
        (errno.EACCES, "right"),
        (errno.EPERM, "right"),
        (errno.EIO, "disk itself"),
        (errno.ENOENT, "still there"),
        (errno.EMFILE, "try again"),
    ],
)
def test_every_refusal_of_the_disk_names_path_reason_and_what_to_do(number: int, hint: str) -> None:
    with pytest.raises(StorageError) as caught, mapped(Path("/somewhere"), "write"):
        raise OSError(number, os.strerror(number))
    assert caught.value.message == f"Cannot write /somewhere: {os.strerror(number)}"
    assert hint in caught.value.hint


def test_salvage_never_fails_for_the_disk(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert salvage(tmp_path / "file") == ()
