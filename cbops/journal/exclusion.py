"""Whether a lock that was just taken keeps anybody out: some file systems only say yes.

A second open file is not granted a lock that the first one holds, on any file system whose locks hold. That
leaves mounts whose locks end at this machine; the operating system's list of mounts tells those.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from cbops.errors import StorageError

MOUNTS = Path("/proc/self/mountinfo")
# File systems of other machines, and the options by which their locks are kept from those.
NETWORK = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs")
LOCAL = ("nolock", "local_lock=all", "local_lock=flock", "nobrl")
_HINT = "Move the rollouts folder to a local disk; two commands at once could not be kept apart here."


def require_exclusive(lock: Path) -> None:
    """StorageError when the lock on this file, which the caller holds, keeps nobody out."""
    if _granted_twice(lock):
        raise StorageError(
            f"Cannot lock {lock}: this file system grants a lock twice, so its locks hold nobody back",
            hint=_HINT,
        )
    option = local_option(lock)
    if option is not None:
        raise StorageError(
            f"Cannot lock {lock}: it is on a network file system whose locks end at this machine ({option})",
            hint=f"Mount it without '{option}'. {_HINT}",
        )


def _granted_twice(lock: Path) -> bool:
    fd = os.open(lock, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    else:
        return True
    finally:
        os.close(fd)


def local_option(path: Path, mounts: Path = MOUNTS) -> str | None:
    """The option of the path's mount that keeps its locks on this machine; null also where nothing tells."""
    with suppress(OSError):
        device = path.stat().st_dev
        wanted = f"{os.major(device)}:{os.minor(device)}"
        for line in mounts.read_text(encoding="utf-8", errors="replace").splitlines():
            here, _, there = line.partition(" - ")
            fields, more = here.split(), there.split()
            if len(fields) > 5 and fields[2] == wanted and len(more) > 2 and more[0] in NETWORK:
                options = (*fields[5].split(","), *more[-1].split(","))
                return next((each for each in options if each in LOCAL), None)
    return None
