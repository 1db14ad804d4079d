"""One guard at a time: a second one is refused, and two rollouts may share a textfile."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from cbops.flows.steps.heartbeat import only_guard
from cbops.journal.files import write_atomically
from cbops.journal.reader import read

NOW = datetime(2025, 1, 27, 12, tzinfo=UTC)


@pytest.fixture
def folder(work):
    """An enabled canary."""
    return work.enabled()


def test_a_second_guard_is_refused_with_who_guards_already_and_nothing_on_record(work, folder):
    before = len(read(folder).entries)
    with only_guard(folder, "cbops monitor watch --auto-rollback", NOW):
        refused = work.refused(6, "locked", "monitor", "watch", "--for", "1m")
        work.ok(
            "lesson", "add", "another command goes on", "--kind", "well"
        )  # only guards keep each other out
    told = refused["message"]
    assert f"The guard of rollout '{folder.name}' is held by 'cbops monitor watch --auto-rollback'" in told
    assert f"process {os.getpid()}" in told
    assert [each.event.type for each in read(folder).entries[before:]] == ["lesson_added"]
    assert not (folder / "guard" / "heartbeat.json").exists()


def test_the_next_guard_may_watch_once_the_first_has_ended(work, folder):
    work.configure(guard={"interval_seconds": 10, "jitter": 0})
    work.play(minutes=2)
    with only_guard(folder, "cbops monitor watch", NOW):
        pass
    assert work("monitor", "watch", "--for", "10s").status == 0
    assert work("monitor", "watch", "--for", "10s").status == 0
    work.verified()


def test_a_shared_file_is_written_under_a_temporary_name_of_the_process_own(tmp_path):
    theirs = tmp_path / ".cbops.prom.tmp"
    theirs.mkdir()  # another writer's temporary name, which can't be opened for writing
    write_atomically(tmp_path / "cbops.prom", b"1\n", shared=True)
    assert (tmp_path / "cbops.prom").read_bytes() == b"1\n"
    assert sorted(each.name for each in tmp_path.iterdir()) == [".cbops.prom.tmp", "cbops.prom"]
