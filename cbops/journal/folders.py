"""Rollouts as folders: names that are safe, and which there are."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from pathlib import Path

from cbops.errors import InputError
from cbops.journal.files import HEAD, JOURNAL, mapped

_MAX_NAME = 80


def slug(text: str) -> str:
    """A folder's name for this text: a–z, 0–9 and . _ - only, never empty, never hidden, at most 80 long.

    Letters that have no such form are told apart by eight digits of the text's hash.
    """
    plain = unicodedata.normalize("NFKD", text)
    folded = "".join(char for char in plain if not unicodedata.combining(char)).lower()
    name = re.sub(r"[^a-z0-9._-]+", "-", folded).strip("-._")
    lossy = any(char.isalnum() and not char.isascii() for char in folded)
    if lossy or not name or len(name) > _MAX_NAME:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
        name = f"{name[: _MAX_NAME - 9].rstrip('-._')}-{digest}".lstrip("-")
    return name


def folder_of(rollouts: Path, rollout_id: str) -> Path:
    """The rollout's folder, always directly in `rollouts`. InputError when the id isn't a safe name."""
    if slug(rollout_id) != rollout_id:
        raise InputError(
            f"{rollout_id[:80]!r} is not the id of a rollout",
            hint="An id has the letters a-z, digits, dots, dashes and underscores only.",
        )
    return rollouts / rollout_id


def find_rollouts(rollouts: Path) -> tuple[Path, ...]:
    """The folders of all rollouts, by name; none when `rollouts` doesn't exist.

    A folder in which a crash left no whole event is not a rollout yet: creating it again takes it over.
    """
    with mapped(rollouts, "read"):
        try:
            folders = sorted(rollouts.iterdir())
        except FileNotFoundError:
            return ()
        return tuple(folder for folder in folders if not folder.is_symlink() and _is_rollout(folder))


def _is_rollout(folder: Path) -> bool:
    if (folder / HEAD).is_file():  # even when its journal is gone: that must be found, not hidden
        return True
    try:
        with (folder / JOURNAL).open("rb") as journal:
            return journal.readline().endswith((b"\n", b"}"))
    except (FileNotFoundError, NotADirectoryError):
        return False
