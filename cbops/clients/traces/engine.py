"""DuckDB: one connection, bounded, offline; its streams as columns, its errors as ours."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import nanoarrow  # type: ignore[import-untyped]
import numpy as np
import numpy.typing as npt

from cbops.clients.traces.inputs import cut_short
from cbops.errors import CbopsError, InputError, StorageError

Numbers = npt.NDArray[Any]

_LINE = re.compile(r"CSV Error on Line: (\d+)")
_TEXT = {
    "Invalid unicode": "it isn't UTF-8 text",
    "Maximum line size": "the line is longer than 1 MB",
    "quote": "a quoted value has no end",
    "state machine": "it isn't regular CSV: a quoted value has no end, or line endings are mixed",
}
_FULL = ("No space left", "max_temp_directory_size", "temp_directory", "could not write", "Could not write")


class Engine:
    """A connection of its own in memory: nothing of another program is seen or changed."""

    def __init__(self, *, memory_bytes: int, threads: int) -> None:
        self.memory_bytes = memory_bytes
        with errors(None):
            self._connection = duckdb.connect(
                config={
                    "memory_limit": f"{memory_bytes // 1024}KiB",
                    "threads": threads,
                    "temp_directory": "",
                    "autoinstall_known_extensions": False,
                    "autoload_known_extensions": False,
                    "enable_external_file_cache": False,
                }
            )
            self._connection.execute("SET GLOBAL TimeZone = 'UTC'")
            # Only cbops itself writes to the terminal.
            self._connection.execute("SET enable_progress_bar = false")

    def run(self, statement: str, path: Path | None = None) -> list[tuple[Any, ...]]:
        """The rows of a small answer."""
        with errors(path):
            return self._connection.execute(statement).fetchall()

    def stream(self, query: str, path: Path | None = None) -> Iterator[Any]:
        """The answer in batches of columns, as Arrow arrays; only a batch at a time is in memory."""
        with errors(path):
            # A cursor of its own: another query on the same one would end the stream.
            cursor = self._connection.cursor()
            try:
                cursor.execute("SET streaming_buffer_size = '1MB'")
                cursor.execute("SET enable_progress_bar = false")
                yield from nanoarrow.ArrayStream(cursor.sql(query))
            finally:
                cursor.close()

    def insert(self, table: str, columns: dict[str, Numbers]) -> None:
        """Append columns to a table; they are in the table's order."""
        with errors(None):
            self._connection.register("arriving", columns)
            self._connection.execute(f"INSERT INTO {table} SELECT * FROM arriving")  # noqa: S608 - own names
            self._connection.unregister("arriving")

    def attached(self, name: str) -> bool:
        """Whether a database of that name is attached."""
        return bool(self.run(f"SELECT 1 FROM duckdb_databases() WHERE database_name = '{name}'"))  # noqa: S608

    def close(self) -> None:
        """Safe to call again."""
        self._connection.close()


def column(batch: Any, place: int, kind: type[np.generic]) -> Numbers:  # noqa: ANN401 - nanoarrow has no types
    """A column of a batch that holds no nulls, as numbers: a view, valid as long as the batch is."""
    child = batch.child(place)
    values = np.asarray(memoryview(child.buffers[1])).view(kind)
    return values[child.offset : child.offset + len(child)]


def texts(batch: Any, place: int, rows: Numbers) -> list[str | None]:  # noqa: ANN401 - nanoarrow has no types
    """Some rows' values of a column of text."""
    child = batch.child(place)
    present, ends, letters = child.buffers[:3]
    offsets, held = np.asarray(memoryview(ends)), memoryview(letters)
    valid = (
        np.unpackbits(np.asarray(memoryview(present)).view(np.uint8), bitorder="little")
        if len(present)
        else None
    )
    found: list[str | None] = []
    for row in (rows + child.offset).tolist():
        known = valid is None or valid[row]
        found.append(bytes(held[offsets[row] : offsets[row + 1]]).decode() if known else None)
    return found


@contextmanager
def errors(path: Path | None) -> Iterator[None]:
    """DuckDB's errors as ours, naming the file that was read."""
    try:
        yield
    except CbopsError:
        raise
    except duckdb.Error as error:
        raise _translated(str(error), path) from error
    except RuntimeError as error:
        # How the engine reports Ctrl-C during a long query, and errors within a stream.
        if "interrupt" in str(error).lower():
            raise KeyboardInterrupt from error
        raise _translated(str(error), path) from error


def _translated(message: str, path: Path | None) -> InputError:
    where = f"trace '{path}'" if path else "sorting the trace"
    first = message.splitlines()[0] if message else "no message"
    if "Out of Memory" in message and "temp_directory" not in first:
        return InputError(
            f"{where}: {first}", hint="Give more memory (--memory), or split the trace into smaller files."
        )
    if any(part in message for part in _FULL) and path is None:
        return StorageError(
            f"{where}: {first}", hint="Free space where temporary files go, or name another folder."
        )
    if path and ("Unexpected end of GZIP" in message or "Input is not a GZIP" in message):
        return cut_short(path)
    if found := _LINE.search(message):
        told = next((text for part, text in _TEXT.items() if part in message), first)
        return InputError(f"{path}, line {found.group(1)}: {told}", hint="Repair or remove that line.")
    return InputError(f"{where} can't be read: {first}", hint="Check that the file is whole and of its kind.")
