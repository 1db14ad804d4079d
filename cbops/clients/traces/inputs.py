"""Which files a trace consists of, and what each of them is."""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cbops.clients.traces.zstandard_frames import is_whole
from cbops.errors import InputError

Format = Literal["jsonl", "csv", "parquet"]
Packing = Literal["none", "gzip", "zstd"]

_BY_NAME: dict[str, Format] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}
_PACKED_NAMES: dict[str, Packing] = {".gz": "gzip", ".zst": "zstd", ".zstd": "zstd"}
_PACKED: dict[bytes, Packing] = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
_PARQUET = b"PAR1"
KINDS = "JSONL, CSV or Parquet; JSONL and CSV may be packed with gzip or Zstandard (.gz, .zst)"


@dataclass(frozen=True, slots=True)
class TraceFile:
    """A readable file that isn't empty; `format` null: its name doesn't tell, its text must."""

    path: Path
    format: Format | None
    packing: Packing

    def __str__(self) -> str:
        return str(self.path)


def trace_files(patterns: Sequence[str]) -> tuple[TraceFile, ...]:
    """The files that the paths and globs name, each once, in order of their names.

    Raises InputError for a pattern without a file, a folder, a pipe, and a file that is unreadable, empty or cut.
    """
    if not patterns:
        raise InputError("no trace file was named", hint=f"Give at least one file: {KINDS}.")
    # However a file is spelt, its requests happened once.
    found = {path.resolve(): path for pattern in reversed(patterns) for path in _matches(pattern)}
    paths = sorted(found.values(), key=str)
    return tuple(_inspected(path) for path in paths)


def matches(pattern: str) -> list[Path]:
    """What a path or a glob names, folders only where it is a path; nothing where there is nothing."""
    path = Path(pattern)
    return [path] if path.exists() else [each for each in _globbed(pattern) if not each.is_dir()]


def _globbed(pattern: str) -> list[Path]:
    # Path.glob takes no absolute patterns.
    return [Path(name) for name in glob.glob(pattern, recursive=True)]  # noqa: PTH207


def _matches(pattern: str) -> list[Path]:
    found = matches(pattern)
    if not found:
        what = "matches only folders" if _globbed(pattern) else "no such file"
        raise InputError(
            f"trace '{pattern}': {what}", hint="Check the path; quote a glob so that it arrives whole."
        )
    return found


def _inspected(path: Path) -> TraceFile:
    if path.is_dir():
        raise InputError(
            f"trace '{path}' is a folder", hint=f"Name its files, for example --trace '{path}/*.jsonl.gz'."
        )
    if not path.is_file():
        raise InputError(
            f"trace '{path}' is a pipe or a device, which can be read only once",
            hint="Write it into a file first: a trace is looked at before it is read, and again when it is sorted.",
        )
    try:
        with path.open("rb") as file:
            start = file.read(4)
            packing = _packing(start)
            whole = packing != "zstd" or is_whole(file)
    except OSError as error:
        raise InputError(
            f"trace '{path}' can't be read: {error.strerror}", hint="Check the path and its permissions."
        ) from error
    if not start:
        raise InputError(
            f"trace '{path}' is empty: it has no bytes", hint="Record the trace again, or leave it out."
        )
    if not whole:
        raise cut_short(path)
    return _typed(path, start, packing)


def _packing(start: bytes) -> Packing:
    for magic, kind in _PACKED.items():
        if start.startswith(magic):
            return kind
    return "none"


def _typed(path: Path, start: bytes, packing: Packing) -> TraceFile:
    name = path.name.lower()
    suffix = next((end for end in _PACKED_NAMES if name.endswith(end)), "")
    if suffix and _PACKED_NAMES[suffix] != packing:
        raise InputError(
            f"trace '{path}' is called {suffix} but isn't packed so", hint="Rename it, or record it again."
        )
    kind = _BY_NAME.get(Path(name.removesuffix(suffix)).suffix)
    if start == _PARQUET:
        kind = "parquet"
    elif kind == "parquet":
        raise InputError(
            f"trace '{path}' is called Parquet but doesn't begin as a Parquet file",
            hint="Record it again; Parquet packs its columns itself, so unpack a packed file.",
        )
    return TraceFile(path, kind, packing)


def cut_short(path: Path) -> InputError:
    """The error of a packed file that ends too early."""
    return InputError(
        f"trace '{path}' is cut short: its packed data ends in the middle",
        hint="Copy or record the file again; what it still holds is not the whole trace.",
    )
