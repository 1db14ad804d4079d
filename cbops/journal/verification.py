"""The proof that nobody changed a record: the chain, its head, and all evidence that it names."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from cbops.journal.chain import HeadStatus, compare_head, walk
from cbops.journal.codec import LineError, line_hash
from cbops.journal.evidence import evidence_damage, named_by
from cbops.journal.files import HEAD, JOURNAL, read_bytes
from cbops.journal.head import Head, parse_head
from cbops.journal.reader import load
from cbops.model.events import Entry, TornLineSetAside


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, in which file of the folder, at which line (null: the file as a whole)."""

    file: str
    line: int | None
    message: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What the proof found. `entries` counts the readable ones; a torn last line is no problem, but said."""

    ok: bool
    entries: int
    problems: tuple[Problem, ...]
    head_status: HeadStatus
    torn: bool
    evidence: int  # distinct files that events name
    evidence_missing: tuple[str, ...]
    evidence_damaged: tuple[str, ...]
    last_hash: str | None
    readable: tuple[Entry, ...] = field(default=(), compare=False, repr=False)
    hashes: tuple[str, ...] = field(default=(), compare=False, repr=False)  # of all lines but a torn one


def verify(folder: Path) -> Verification:
    """Prove the record; doesn't stop at the first problem. May raise InputError and StorageError."""
    raw = load(folder)
    head, head_problem = _parse(raw.head)
    lines = list(walk(raw.journal or b"", head))
    problems = [] if raw.journal is not None else [Problem(JOURNAL, None, "it is missing")]
    problems += [
        Problem(JOURNAL, line.number, line.problem) for line in lines if line.problem and not line.torn
    ]
    entries = tuple(line.entry for line in lines if line.entry)
    hashes = [line_hash(line.data) for line in lines if not line.torn]
    status, mismatch = compare_head(hashes, head)
    if head_problem:
        status, mismatch = "damaged", head_problem
    if mismatch:
        problems.append(Problem(HEAD, None, mismatch))
    missing, damaged, count = _check_evidence(folder, entries)
    problems += [Problem(f"evidence/{sha}", None, "it is missing") for sha in missing]
    problems += [Problem(f"evidence/{sha}", None, "its bytes have another hash") for sha in damaged]
    problems += _check_torn_files(folder, entries)
    return Verification(
        ok=not problems,
        entries=len(entries),
        problems=tuple(problems),
        head_status=status,
        torn=any(line.torn for line in lines),
        evidence=count,
        evidence_missing=missing,
        evidence_damaged=damaged,
        last_hash=entries[-1].hash if entries else None,
        readable=entries,
        hashes=tuple(hashes),
    )


def _parse(raw: bytes | None) -> tuple[Head | None, str | None]:
    if raw is None:
        return None, None
    try:
        return parse_head(raw), None
    except LineError as error:
        return None, str(error)


def _check_evidence(folder: Path, entries: tuple[Entry, ...]) -> tuple[tuple[str, ...], tuple[str, ...], int]:
    """(missing, damaged, how many there should be)."""
    named = dict.fromkeys(sha for entry in entries for sha in named_by(entry.event))
    found = {sha: evidence_damage(folder, sha) for sha in named}
    wrong = {sha: damage for sha, damage in found.items() if isinstance(damage, str)}
    missing = tuple(sha for sha, damage in wrong.items() if damage.startswith("missing"))
    return missing, tuple(sha for sha in wrong if sha not in missing), len(named)


def _check_torn_files(folder: Path, entries: tuple[Entry, ...]) -> list[Problem]:
    """What was set aside is part of the record too."""
    problems = []
    for entry in entries:
        if isinstance(entry.event, TornLineSetAside):
            kept = read_bytes(folder / Path(entry.event.file).name)
            if kept is None or not _is_set_aside(kept, entry.event):
                message = f"what event {entry.seq} set aside there is missing or was changed"
                problems.append(Problem(Path(entry.event.file).name, None, message))
    return problems


def _is_set_aside(kept: bytes, event: TornLineSetAside) -> bool:
    if event.digest is not None and hashlib.sha256(kept).hexdigest() != event.digest:
        return False
    return len(kept) == event.length
