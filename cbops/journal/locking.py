"""One writer at a time: a lock that the operating system frees when its holder dies, and a note who that is.

The note is only for people. A note that was left behind by a killed process holds nobody up.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import BaseFileLock, SoftFileLock, Timeout, UnixFileLock

from cbops.errors import LockedError, StorageError
from cbops.journal.exclusion import require_exclusive
from cbops.journal.files import HOLDER, LOCK, mapped, storage_error

_HINT = "Wait until that command is done, then run this one again. Nothing was changed."


@contextmanager
def hold(
    folder: Path,
    *,
    command: str,
    since: str,
    wait_seconds: float,
    what: str = "The rollout",
    leave: bool = True,
    named: str | None = None,
    hint: str = _HINT,
) -> Iterator[None]:
    """Hold the rollout for the block. LockedError names the holder when it isn't free in time.

    `what` is the folder in words: also the folder of all rollouts is held, while one is opened there; `named`: what
    it is called, where that isn't the folder's name. `hint`: what who is kept out can do. Without
    `leave` no lock file stays behind; who waited for it finds that it has no name any more, and tries the next.

    Where the file system has no locks, or such as keep nobody out, StorageError: two writers could not be kept
    apart.
    """
    lock = _acquire(folder, wait_seconds, f"{what} '{named or folder.name}'", hint)
    try:
        _leave_note(folder, command, since)
        yield
    finally:
        with suppress(OSError):
            (folder / HOLDER).unlink(missing_ok=True)
            if not leave:
                (folder / LOCK).unlink(missing_ok=True)
        lock.release()


def _acquire(folder: Path, wait_seconds: float, what: str, hint: str) -> BaseFileLock:
    lock: BaseFileLock = UnixFileLock(folder / LOCK)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of falling back to a lock that outlives its holder
            lock.acquire(timeout=wait_seconds, poll_interval=0.02)
    except Timeout:
        raise LockedError(f"{what} is held by {_holder(folder)}", hint=hint) from None
    except OSError as error:
        raise storage_error(folder / LOCK, "lock", error) from error
    except NotImplementedError as error:
        raise _no_locks(folder) from error
    if isinstance(lock, SoftFileLock):
        lock.release()
        raise _no_locks(folder)
    try:
        with mapped(folder / LOCK, "lock"):
            require_exclusive(folder / LOCK)
    except StorageError:
        lock.release()
        raise
    return lock


def _no_locks(folder: Path) -> StorageError:
    return StorageError(
        f"Cannot lock {folder / LOCK}: this file system has no locks",
        hint="Move the rollouts folder to a local disk; two commands at once could not be kept apart here.",
    )


def _leave_note(folder: Path, command: str, since: str) -> None:
    note = {"pid": os.getpid(), "host": os.uname().nodename, "command": command, "since": since}
    # On a full disk the append itself says so; the note is not worth failing for.
    with suppress(OSError):
        (folder / HOLDER).write_text(json.dumps(note) + "\n", encoding="utf-8")


def _holder(folder: Path) -> str:
    """Who holds it, in words; what the note says may be a dead process' word."""
    try:
        note = json.loads((folder / HOLDER).read_bytes())
        pid, host = int(note["pid"]), str(note["host"])
        command, since = str(note["command"]), str(note["since"])
    except (OSError, ValueError, KeyError, TypeError):
        return "another process (which left no note)"
    if host == os.uname().nodename and not _runs(pid):
        return f"another process (not the one of its last note: process {pid} is gone)"
    return f"'{command[:200]}' (process {pid} on {host}, since {since})"


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
