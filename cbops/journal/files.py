"""The names in a rollout's folder, and writing that either happens or doesn't.

Every OSError becomes a StorageError here, and nowhere else.
"""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cbops.errors import StorageError

JOURNAL = "journal.jsonl"
HEAD = "head.json"
EVIDENCE = "evidence"
LOCK = ".lock"
HOLDER = ".lock.json"

_NO_SPACE = "Free some space there, then run the command again."
_READ_ONLY = "Make the file system writable, or move the rollouts folder to one that is."
_DENIED = "Give your user the right to it, or run the command as the user who owns the rollouts."
_HINTS = {
    errno.ENOSPC: _NO_SPACE,
    errno.EDQUOT: "Your quota there is used up: free some space, then run the command again.",
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.ENOENT: "Check that the folder is still there.",
    errno.EIO: "The disk itself fails: copy the rollouts folder to another one.",
    errno.ENAMETOOLONG: "Use a shorter rollout id or a shorter path.",
}


@contextmanager
def mapped(path: Path, doing: str) -> Iterator[None]:
    """Turn an OSError of the block into a StorageError that names path, reason and what to do."""
    try:
        yield
    except OSError as error:
        raise storage_error(path, doing, error) from error


def storage_error(path: Path, doing: str, error: OSError) -> StorageError:
    """`doing` is the verb: read, write, lock, create."""
    reason = error.strerror or str(error) or type(error).__name__
    hint = _HINTS.get(error.errno or 0, "Check the disk and the permissions there, then try again.")
    return StorageError(f"Cannot {doing} {path}: {reason}", hint=hint)


def read_bytes(path: Path) -> bytes | None:
    """The file's bytes; None when there is no such file."""
    with mapped(path, "read"):
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None


def sync_folder(folder: Path) -> None:
    """Make names that were created or replaced in it survive a power cut."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def make_folder(folder: Path) -> None:
    """Create it durably, its parents too; harmless when it is there."""
    with mapped(folder, "create"):
        if folder.is_dir():
            return
        if folder.parent != folder:
            make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)


def try_writing(folder: Path) -> None:
    """Write a block to a file without a name and forget it; StorageError says why that can't be done."""
    with mapped(folder, "write to"), tempfile.TemporaryFile(dir=folder) as file:
        file.write(b"\0" * 4096)
        file.flush()
        os.fsync(file.fileno())


def write_all(fd: int, data: bytes) -> None:
    """A short write is followed by the rest, so that the reason of a failure is seen."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def write_atomically(path: Path, data: bytes, *, shared: bool = False) -> None:
    """Replace the file by one with these bytes, durably; a crash leaves the old one or the new one.

    The temporary name is fixed: only the holder of the rollout's lock writes here. With `shared` several processes
    may write at once, each under a name of its own.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp" if shared else f".{path.name}.tmp")
    with mapped(path, "write"):
        try:
            _write_new(temporary, data)
            temporary.replace(path)
        except OSError:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        sync_folder(path.parent)


def _write_new(path: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(path, flags, 0o644)
    try:
        write_all(fd, data)
        os.fsync(fd)
    finally:
        os.close(fd)


def append_bytes(path: Path, data: bytes) -> None:
    """Append durably. When the disk refuses, the file is cut back to what it was."""
    with mapped(path, "append to"):
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644)
        try:
            before = os.fstat(fd).st_size
            try:
                write_all(fd, data)
                os.fsync(fd)
            except OSError:
                # If even this fails, the next reader finds a torn line.
                with suppress(OSError):
                    os.ftruncate(fd, before)
                    os.fsync(fd)
                raise
            if before == 0:
                sync_folder(path.parent)
        finally:
            os.close(fd)


def cut(path: Path, size: int) -> None:
    """Shorten the file to `size` bytes, durably."""
    with mapped(path, "shorten"):
        fd = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            os.ftruncate(fd, size)
            os.fsync(fd)
        finally:
            os.close(fd)
