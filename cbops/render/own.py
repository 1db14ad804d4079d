"""Users' own templates: files of a folder, each standing in for the shipped template of its name."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

from cbops.errors import InputError
from cbops.render.locate import SUFFIX

MAX_BYTES = 256 * 1024  # of one template
MAX_FILES = 1_000  # looked at in the folder
# Without leading dots there is no way up; without backslashes and colons no other system's path.
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class OwnSource:
    """A template's text, and what tells whether its file has changed since."""

    path: Path
    text: str
    stamp: tuple[int, int]


def own_source(folder: Path, name: str) -> OwnSource | None:
    """The user's template of that name, None where the folder has none.

    InputError for a name that could lead elsewhere, a link out of the folder, and a file that is too large, no
    ordinary file or no UTF-8.
    """
    if _NAME.fullmatch(name) is None:
        raise InputError(
            f"the template's name {name[:120]!r} is not one of a file inside the folder of templates",
            hint="Names have letters, digits, '_', '-' and '.', with '/' between folders; never '..'.",
        )
    path = folder / name
    if not os.path.lexists(path):
        return None
    data, stamp = _read(_inside(folder, path), path)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"the template {path} is not UTF-8: {error}", hint="Save it as UTF-8.") from error
    return OwnSource(path, text, stamp)


def unchanged(source: OwnSource) -> bool:
    """Whether the file is the one that was read."""
    try:
        found = source.path.stat()
    except OSError:
        return False
    return (found.st_mtime_ns, found.st_size) == source.stamp


def own_names(folder: Path) -> tuple[str, ...]:
    """Every template (`*.j2`) in the folder, sorted; InputError where it is no folder or holds too many files."""
    if not folder.is_dir():
        raise InputError(
            f"the folder of templates {folder} is not there",
            hint="Create it, or name another one in cbops.yaml (templates).",
        )
    found: list[str] = []
    seen = 0
    for here, _, files in os.walk(folder):  # links to folders are not followed
        seen += len(files)
        if seen > MAX_FILES:
            raise InputError(
                f"the folder of templates {folder} holds more than {MAX_FILES:,} files",
                hint="Name a folder that holds templates only (templates in cbops.yaml).",
            )
        found += [Path(here, name).relative_to(folder).as_posix() for name in files if name.endswith(SUFFIX)]
    return tuple(sorted(found))


def _inside(folder: Path, path: Path) -> Path:
    """Where the path really leads. InputError outside the folder."""
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"the template {path} can't be read: it leads nowhere", hint="Mend the link, or remove it."
        ) from error
    if not real.is_relative_to(folder.resolve()):
        raise InputError(
            f"the template {path} leads out of the folder of templates",
            hint=f"Put the file itself into {folder}.",
        )
    return real


def _read(real: Path, path: Path) -> tuple[bytes, tuple[int, int]]:
    # Not blocking: a named pipe would wait for its writer.
    try:
        handle = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                raise InputError(
                    f"the template {path} is no ordinary file", hint="Put a text file in its place."
                )
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(
            f"the template {path} can't be read: {error.strerror}",
            hint="Let yourself read it, or remove it.",
        ) from error
    if len(data) > MAX_BYTES:
        raise InputError(
            f"the template {path} has more than {MAX_BYTES // 1024} KiB",
            hint="Write it shorter, or in parts that it includes.",
        )
    return data, (found.st_mtime_ns, found.st_size)
