"""Locks that say yes and hold nobody back: told apart from those that do."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from unittest import mock

import pytest
from journal_samples import TickingClock, opened, write_rollout

from cbops.errors import StorageError
from cbops.journal.exclusion import local_option
from cbops.journal.reader import read
from cbops.journal.writer import Journal
from cbops.model.events import NoteAdded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rollout(tmp_path / "tenant-a", [opened()])
    return tmp_path / "tenant-a"


def note(folder: Path) -> None:
    with Journal(folder).session("cbops monitor note", "maya", TickingClock()) as session:
        session.append(NoteAdded(day=1, kind="note", text="seen"))


def test_a_file_system_that_grants_a_lock_twice_is_refused_with_a_hint(folder: Path) -> None:
    """The file system is played at the system call."""
    with (
        mock.patch.object(fcntl, "flock", return_value=None),
        pytest.raises(StorageError, match="grants a lock twice") as caught,
    ):
        note(folder)
    assert "local disk" in (caught.value.hint or "")
    assert len(read(folder).entries) == 1
    note(folder)
    assert len(read(folder).entries) == 2


def test_a_lock_that_was_refused_is_given_back(folder: Path) -> None:
    with (
        mock.patch("cbops.journal.exclusion.local_option", return_value="nolock"),
        pytest.raises(StorageError, match=r"locks end at this machine \(nolock\)") as caught,
    ):
        note(folder)
    assert caught.value.exit_status == 3
    assert "Mount it without 'nolock'" in (caught.value.hint or "")
    note(folder)


def mounts(tmp_path: Path, *lines: str) -> Path:
    device = tmp_path.stat().st_dev
    own = f"{os.major(device)}:{os.minor(device)}"
    path = tmp_path / "mountinfo"
    path.write_text("\n".join(["rubbish", *lines]).replace("OWN", own) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("36 35 OWN / /mnt rw,relatime shared:1 - nfs server:/x rw,vers=3,nolock,proto=tcp", "nolock"),
        ("36 35 OWN / /mnt rw - nfs4 server:/x rw,local_lock=all", "local_lock=all"),
        ("36 35 OWN / /mnt rw - nfs server:/x rw,local_lock=flock", "local_lock=flock"),
        ("36 35 OWN / /mnt rw - cifs //server/x rw,nobrl", "nobrl"),
        ("36 35 OWN / /mnt rw - nfs4 server:/x rw,local_lock=none", None),
        ("36 35 OWN / /mnt rw - ext4 /dev/sda1 rw,nolock", None),
        ("36 35 0:0 / /mnt rw - nfs server:/x rw,nolock", None),
        ("36 35 OWN / /mnt rw", None),
    ],
)
def test_a_mount_whose_locks_end_at_this_machine_is_told_by_its_options(
    tmp_path: Path, line: str, said: str | None
) -> None:
    assert local_option(tmp_path, mounts(tmp_path, line)) == said


def test_where_no_mounts_are_listed_nothing_is_told(tmp_path: Path) -> None:
    assert local_option(tmp_path, tmp_path / "none") is None
