"""Real processes: killed in mid-write, contending for the lock, dying with it."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from journal_samples import TickingClock, opened, write_rollout

from cbops.errors import LockedError, StorageError
from cbops.journal.reader import read
from cbops.journal.verification import verify
from cbops.journal.writer import Journal
from cbops.model.events import NoteAdded, TornLineSetAside

TESTS = str(Path(__file__).parent.parent)

PROLOGUE = f"""
import os, resource, signal, sys
sys.path.insert(0, {TESTS!r})
from pathlib import Path
from journal_samples import TickingClock
from cbops.journal.writer import Journal
from cbops.model.events import NoteAdded
folder = Path(sys.argv[1])
def note(text):
    return NoteAdded(day=1, kind="note", text=text)
"""

# Says each number only after append has returned.
APPEND_FOR_EVER = """
with Journal(folder).session("cbops endless", "child", TickingClock()) as session:
    while True:
        print(session.append(note("x" * 3000)).seq, flush=True)
"""

# The kernel lets only some bytes of the next line through, then kills.
TEAR = """
size = (folder / "journal.jsonl").stat().st_size
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
with Journal(folder).session("cbops torn", "child", TickingClock()) as session:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + int(sys.argv[2]), size + int(sys.argv[2])))
    session.append(note("x" * 1000))
"""

HOLD = """
with Journal(folder).session("cbops monitor daily", "child", TickingClock()):
    print("held", flush=True)
    sys.stdin.read()
"""

COUNT_UP = """
for _ in range(int(sys.argv[2])):
    with Journal(folder, wait_seconds=30).session("cbops count", "child", TickingClock()) as session:
        session.append(note(f"{os.getpid()} {len(session.entries)}"))
"""


def start(code: str, folder: Path, *arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROLOGUE + code, str(folder), *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_rollout(tmp_path / "tenant-a", [opened()])
    return tmp_path / "tenant-a"


def append_after(folder: Path) -> tuple[str, ...]:
    with Journal(folder).session("cbops after", "maya", TickingClock()) as session:
        session.append(NoteAdded(day=1, kind="note", text="after"))
    return session.notes


def test_reading_while_another_process_writes_is_never_an_error(folder: Path) -> None:
    counts = []
    with start(COUNT_UP, folder, 60) as child:
        while child.poll() is None:
            counts.append(len(read(folder).entries))
    assert child.returncode == 0
    assert counts == sorted(counts)
    assert len(read(folder).entries) == 61


@pytest.mark.parametrize("acknowledged", [1, 2, 5, 9])
def test_a_killed_writer_loses_nothing_that_it_said_was_done(folder: Path, acknowledged: int) -> None:
    with start(APPEND_FOR_EVER, folder) as child:
        assert child.stdout is not None
        said = [int(child.stdout.readline()) for _ in range(acknowledged)]
        child.send_signal(signal.SIGKILL)
        said += [int(line) for line in child.stdout if line.endswith("\n")]
    assert child.returncode == -signal.SIGKILL
    reading = read(folder)
    assert len(reading.entries) - said[-1] in (0, 1)  # at most one more than it could say
    append_after(folder)
    assert verify(folder).ok
    assert [entry.seq for entry in read(folder).entries][: said[-1]] == list(range(1, said[-1] + 1))


@pytest.mark.parametrize("through", [1, 100, 900])
def test_a_process_killed_in_mid_write_leaves_a_torn_line_that_is_set_aside(
    folder: Path, through: int
) -> None:
    with start(TEAR, folder, through) as child:
        child.communicate()
    assert child.returncode == -signal.SIGXFSZ
    torn = read(folder).torn
    assert torn is not None
    assert len(torn.data) == through
    append_after(folder)
    assert read(folder).entries[1].event == TornLineSetAside(
        file="torn-2-1.txt", length=through, digest=hashlib.sha256(torn.data).hexdigest()
    )
    assert (folder / "torn-2-1.txt").read_bytes() == torn.data
    assert verify(folder).ok


def test_a_write_that_the_system_stops_half_way_is_taken_back(folder: Path) -> None:
    before = (folder / "journal.jsonl").read_bytes()
    code = TEAR.replace("signal.SIG_DFL", "signal.SIG_IGN").replace(
        "    session.append", "    from cbops.errors import StorageError\n    try: session.append"
    )
    code += "    except StorageError as error: print(error.message)\n"
    with start(code, folder, 100) as child:
        said, _ = child.communicate()
    assert "Cannot append to" in said
    assert "File too large" in said
    assert (folder / "journal.jsonl").read_bytes() == before


def test_another_process_is_told_who_holds_the_rollout(folder: Path) -> None:
    with start(HOLD, folder) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        with (
            pytest.raises(LockedError) as caught,
            Journal(folder, wait_seconds=0.1).session("cbops rollback", "maya", TickingClock()),
        ):
            pass
        child.communicate()
    assert (
        f"held by 'cbops monitor daily' (process {child.pid} on {os.uname().nodename}" in caught.value.message
    )
    assert "since 2025-01-27T09:00:01.000Z" in caught.value.message
    assert caught.value.exit_status == 6
    assert append_after(folder) == ()


def test_the_lock_of_a_killed_process_holds_nobody_up(folder: Path) -> None:
    with start(HOLD, folder) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        child.kill()
        child.communicate()
    assert json.loads((folder / ".lock.json").read_text())["pid"] == child.pid
    append_after(folder)
    assert not (folder / ".lock.json").exists()


@pytest.mark.parametrize(
    ("note", "said"),
    [
        (None, "which left no note"),
        ("rubbish", "which left no note"),
        ("[]", "which left no note"),
        ('{"pid": 99999999, "host": "%s", "command": "x", "since": "y"}', "process 99999999 is gone"),
        ('{"pid": 1, "host": "%s", "command": "x", "since": "y"}', "'x' (process 1 on"),
        (
            '{"pid": 99999999, "host": "elsewhere", "command": "x", "since": "y"}',
            "process 99999999 on elsewhere",
        ),
        ('{"pid": 99999999999999999999, "host": "%s", "command": "x", "since": "y"}', "on "),
    ],
)
def test_a_note_that_is_not_the_holders_is_not_believed(folder: Path, note: str | None, said: str) -> None:
    with start(HOLD, folder) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "held\n"
        (folder / ".lock.json").unlink()
        if note:
            (folder / ".lock.json").write_text(note.replace("%s", os.uname().nodename))
        with (
            pytest.raises(LockedError) as caught,
            Journal(folder, wait_seconds=0).session("cbops rollback", "maya", TickingClock()),
        ):
            pass
        child.communicate()
    assert said in caught.value.message


def test_two_processes_at_once_both_get_all_their_events_on_record(folder: Path) -> None:
    with start(COUNT_UP, folder, 12) as one, start(COUNT_UP, folder, 12) as two:
        one.communicate()
        two.communicate()
    assert (one.returncode, two.returncode) == (0, 0)
    entries = read(folder).entries
    texts = [entry.event.text for entry in entries if isinstance(entry.event, NoteAdded)]
    assert len(texts) == 24
    # Each saw all that was there before it.
    assert [int(text.split()[1]) for text in texts] == list(range(1, 25))
    assert verify(folder).ok


@pytest.mark.parametrize("error", ["ENOSYS", "ENOLCK", "EOPNOTSUPP"])
def test_a_file_system_without_locks_is_refused_with_a_hint(folder: Path, error: str) -> None:
    # The file system is played at the system call, in a process of its own.
    code = f"""
import errno, fcntl
def flock(fd, operation):
    raise OSError(errno.{error}, os.strerror(errno.{error}))
fcntl.flock = flock
"""
    code += PROLOGUE + "from cbops.errors import StorageError\ntry:\n"
    code += "    Journal(folder).session('x', 'child', TickingClock()).__enter__()\n"
    code += "except StorageError as error: print(error.message, '|', error.hint)\n"
    command = [sys.executable, "-c", f"import os, sys\n{code}", str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Cannot lock" in answer.stdout
    assert not (folder / "journal.jsonl").read_bytes().count(b"\n") > 1
    assert StorageError.exit_status == 3
