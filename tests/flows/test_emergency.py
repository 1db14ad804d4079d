"""A rollback on a full or read-only disk, with a damaged or locked journal, or without configuration: it acts,
shows the record that it could not write, and a later run puts it on record."""

from __future__ import annotations

import errno
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from unittest import mock

import pytest
from crash_commands import survived_enabling
from flow_world import NAMED, POLICY, TENANT, Work, journal_bytes

from cbops.journal.verification import verify
from cbops.model.state import Stage

ROOT = Path(__file__).parents[2]
FIVE = ["rollback_intended", "policy_written", "policy_reloaded", "rollback_done", "rollback_proof"]


def acted(work: Work, result, events=FIVE):
    """It was done all the same, and the whole record is in the answer."""
    assert result.status == 7, result.answer
    assert not work.router.enabled()
    assert [event["type"] for event in result.data["unwritten"]] == list(events)
    assert all(event["at"] == "2025-01-24T00:00:00.000Z" for event in result.data["unwritten"])
    assert any("could not be written" in warning for warning in result.answer["warnings"])


def reconciled(work: Work, folder: Path):
    """A later run writes nothing to the router, and puts the rollback on record with its own instant."""
    disabled = work.router.now
    work.router.advance_to(work.router.now_ms + 3_600_000)
    puts = len(work.router.puts)
    work.rollback()
    assert len(work.router.puts) == puts
    state = work.state(folder)
    assert state.stage is Stage.ROLLED_BACK
    assert state.disabled_at == disabled
    assert verify(folder).ok
    assert work.ok("canary", "status")["stage"] == "rolled_back"


def mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(work: Work) -> Iterator[Path]:
    """The rollouts on a file system of their own, of 128 KiB."""
    folder = work.folder / "rollouts"
    folder.mkdir()
    if not mount("-t", "tmpfs", "-o", "size=128k", "tmpfs", str(folder)):
        if os.environ.get("CI") == "true" and os.geteuid() == 0:
            pytest.fail("mount: this system lets root mount nothing")
        pytest.skip("mount: needs root and a system that lets it")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    filler = disk / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 512)
    yield
    filler.unlink()


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    assert mount("-o", "remount,ro", str(disk))
    yield
    assert mount("-o", "remount,rw", str(disk))


@pytest.mark.needs("mount")
@pytest.mark.parametrize("state", [full, read_only])
def test_on_a_disk_that_refuses_it_acts_and_a_later_run_reconciles(work, disk, state):
    folder = work.enabled()
    before = journal_bytes(folder)
    with state(disk):
        acted(work, work("rollback", "--yes", "--reason", "opens"))
        assert journal_bytes(folder) == before
        assert work.ok("canary", "status")["stage"] == "monitoring"
    reconciled(work, folder)


@pytest.mark.needs("mount")
def test_the_unwritten_record_is_one_json_line_an_event_in_text(work, disk):
    work.enabled()
    with full(disk):
        result = work.text("rollback", "--yes")
    assert result.status == 7
    kept = [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]
    assert [event["type"] for event in kept] == FIVE
    assert kept[1]["new_version"] == "1.2"
    assert "keep the 5 lines of JSON" in result.stderr


@pytest.mark.needs("mount")
def test_on_a_full_disk_and_with_the_api_down_the_record_is_in_the_error(work, disk):
    work.enabled()
    work.wire.down()
    with full(disk):
        error = work.refused(4, "admin-unreachable", "rollback", "--yes")
    assert "could not be put on record" in error["hint"]
    assert "{" not in error["hint"].replace("{tenant}/{policy}", "").replace("<tenant>", "")
    assert [json.loads(line)["type"] for line in error["details"]] == ["rollback_intended", "rollback_failed"]
    assert "By hand" in error["hint"]


@pytest.mark.needs("mount")
def test_the_record_that_an_error_carries_is_one_line_an_event_in_text(work, disk):
    work.enabled()
    work.wire.down()
    with full(disk):
        result = work.text("rollback", "--yes")
    assert result.status == 4
    kept = [json.loads(line) for line in result.stderr.splitlines() if line.startswith("{")]
    assert [event["type"] for event in kept] == ["rollback_intended", "rollback_failed"]


def test_an_error_without_lines_to_keep_has_no_details(work):
    work.enabled()
    work.wire.down()
    assert set(work.refused(4, "admin-unreachable", "rollback", "--yes")) == {"code", "message", "hint"}


def test_a_disk_that_fills_up_in_the_middle_keeps_what_was_written(work):
    """Every sync in turn is the one that fails, and all after it."""
    folder = work.enabled()
    snapshot, already = work.snapshot(), len(work.types(folder))
    for number in itertools.count(1):
        snapshot.restore()
        with failing_sync(number) as failed:
            result = work("rollback", "--yes")
        assert result.status == 7
        assert not work.router.enabled()
        if not failed:
            break
        on_record = work.types(folder)[already:]
        # Where only the last sync failed, the line is there and its writer could not know.
        unwritten = [event["type"] for event in result.data["unwritten"]]
        assert on_record[: len(FIVE) - len(unwritten)] + unwritten == FIVE
        work.rollback()
        assert len(work.router.puts) == 1
        assert work.state(folder).stage is Stage.ROLLED_BACK
        assert verify(folder).ok
    assert number > 12


@contextmanager
def failing_sync(number: int) -> Iterator[list[int]]:
    """The number-th fsync and all after it say that the disk is full; the list is empty when none did."""
    failed: list[int] = []
    counter = itertools.count(1)
    real = os.fsync

    def fsync(fd: int) -> None:
        if next(counter) >= number:
            failed.append(fd)
            raise OSError(errno.ENOSPC, "No space left on device")
        real(fd)

    with mock.patch.object(os, "fsync", fsync):
        yield failed


def test_a_disk_that_fills_up_while_enabling_says_so_and_leaves_it_to_resume(work):
    folder = work.ready()
    snapshot = work.snapshot()
    told = set()
    for number in itertools.count(1):
        snapshot.restore()
        with failing_sync(number) as failed:
            result = work("canary", "enable", "--yes")
        if not failed:
            break
        assert (result.status, result.error["code"]) == (3, "storage")
        if work.router.enabled():
            assert "in flight" in result.error["message"]
            assert "cbops resume" in result.error["hint"]
            assert "cbops rollback" in result.error["hint"]
        told.add(work.router.enabled())
        survived_enabling(work, folder)
    assert number > 12
    assert told == {True, False}


@pytest.mark.parametrize("damage", ["middle", "head", "gone"])
def test_with_a_damaged_journal_it_acts_and_the_restored_journal_is_reconciled(work, damage):
    folder = work.enabled()
    kept = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    if damage == "middle":
        lines = journal_bytes(folder).splitlines(keepends=True)
        lines[1] = lines[1].replace(b"mail", b"fax!")
        (folder / "journal.jsonl").write_bytes(b"".join(lines))
    elif damage == "head":
        (folder / "head.json").write_text("{}")
    else:
        (folder / "journal.jsonl").unlink()
    words = NAMED if damage == "gone" else ()
    damaged = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    acted(work, work("rollback", "--yes", *words))
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == damaged
    for path, content in kept.items():
        path.write_bytes(content)
    reconciled(work, folder)


HOLD = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from cbops.journal.writer import Journal

class Clock:
    def now(self):
        return datetime.now(UTC)

with Journal(Path(sys.argv[1])).session("cbops canary enable", "maya", Clock()):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The rollout is held by another process, until its stdin is closed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONPATH": str(ROOT)},
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield holder
        assert holder.stdin is not None
        holder.stdin.close()


def test_with_a_journal_that_another_process_holds_it_acts_and_says_who(work):
    folder = work.enabled()
    with held(folder):
        result = work("rollback", "--yes")
        acted(work, result)
    assert any("'cbops canary enable' (process" in warning for warning in result.answer["warnings"])
    assert len(work.router.puts) == 1
    reconciled(work, folder)


def test_what_the_holder_enabled_meanwhile_is_taken_back_and_put_on_record(work):
    """The other process writes after our first look, and lets go then."""
    folder = work.ready()
    with held(folder) as holder:

        def meddle():
            work.router.enable()
            holder.stdin.close()

        work.wire.then("GET history", lambda: None)
        work.wire.change("GET history", lambda said: (meddle(), said)[1])  # the first read-back
        result = work("rollback", "--yes")
        assert result.status == 7, result.answer
        assert not work.router.enabled()
        assert result.data["unwritten"] == []
    assert work.state(folder).stage is Stage.ROLLED_BACK


def test_without_any_rollout_it_acts_on_what_is_named(work):
    work.router.enable()
    result = work("rollback", "--yes", *NAMED)
    acted(work, result)
    assert result.data["rollout"] is None
    assert not work("rollback", "--yes", *NAMED).data["policies"][0]["written"]
    assert len(work.router.puts) == 1


def test_without_any_rollout_and_any_name_it_says_what_to_name(work):
    error = work.refused(6, "wrong-stage", "rollback", "--yes")
    assert "--tenant T --policy P" in error["hint"]


@pytest.mark.parametrize("wrong", ["version: [", "routre: {}\n", None])
def test_with_a_broken_configuration_it_acts_given_the_router(work, wrong):
    folder = work.enabled()
    path = work.folder / "cbops.yaml"
    good = path.read_text()
    path.write_text(wrong) if wrong else path.unlink()
    error = work.refused(3, "config", "rollback", "--yes")
    assert "--admin-url URL --tenant T --policy P" in error["hint"]
    result = work("rollback", "--yes", "--admin-url", work.url, *NAMED)
    assert result.status == 7
    assert any("without cbops.yaml" in warning for warning in result.answer["warnings"])
    # The rollouts stand in their usual place beside it, so even the record is written.
    assert result.data["unwritten"] == []
    path.write_text(good)
    assert work.state(folder).stage is Stage.ROLLED_BACK
    assert not work.router.enabled()


def test_from_below_a_broken_configuration_the_record_beside_it_is_found(work):
    folder = work.enabled()
    (work.folder / "cbops.yaml").write_text("version: [")
    work.cli.folder = work.folder / "deep" / "down"
    work.cli.folder.mkdir(parents=True)
    assert work("rollback", "--yes", "--admin-url", work.url, *NAMED).data["unwritten"] == []
    assert work.state(folder).stage is Stage.ROLLED_BACK


@pytest.mark.parametrize(
    "words", [("--reason", "é" * 5000), ("--by", "b" * 5000), ("--reason", "bell\x07 \udcff")]
)
def test_words_that_no_record_could_hold_stand_in_no_way(work, words):
    folder = work.enabled()
    result = work("rollback", "--yes", *words)
    assert result.status == 7
    assert result.data["unwritten"] == []
    assert not work.router.enabled()
    assert work.state(folder).stage is Stage.ROLLED_BACK
    assert verify(folder).ok


def test_rollouts_that_cannot_be_listed_stand_in_no_way(work):
    work.router.enable()
    (work.folder / "rollouts").write_text("a file")
    result = work("rollback", "--yes", *NAMED)
    acted(work, result)
    assert any("the rollouts could not be read" in warning for warning in result.answer["warnings"])
    assert (result.data["policies"][0]["tenant"], result.data["policies"][0]["policy"]) == (TENANT, POLICY)


def test_enabling_never_goes_on_without_its_record(work):
    """What a rollback may do, an enabling may not: another process holds it, so nothing is written."""
    folder = work.ready()
    with held(folder):
        error = work.refused(6, "locked", "canary", "enable", "--yes")
    assert "'cbops canary enable' (process" in error["message"]
    assert work.router.puts == []
