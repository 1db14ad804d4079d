"""Rows on their way to being sorted: kept by the engine in a file, read again in order of arrival.

They are sorted span by span, each small enough for the engine's memory: rows that are nearly in order lie
together and are found without a look at the others, and a span never needs a merge of many parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from cbops.clients.traces.engine import Engine, column
from cbops.clients.traces.rows import Rows
from cbops.clients.traces.sql import quoted
from cbops.errors import StorageError

# Bytes that the engine needs to sort a row.
_BYTES = 80
_PARTS = 4096


class Spool:
    """Rows of equal arrival keep the order in which they came. `folder` belongs to the trace: the engine can't
    change the place of its temporary files once it has used it.
    """

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._most = engine.memory_bytes // _BYTES
        self._file = folder / "rows.duckdb"
        engine.run(f"SET temp_directory = {quoted(str(folder))}")
        engine.run(f"ATTACH {quoted(str(self._file))} AS spool")
        engine.run(
            "CREATE TABLE spool.rows (arrival BIGINT, latency BIGINT, outcome UTINYINT, circuit INTEGER)"
        )

    def add(self, rows: Rows) -> None:
        """Append rows."""
        self._engine.insert(
            "spool.rows",
            {"a": rows.arrival, "l": rows.latency, "o": rows.outcome, "c": rows.circuit},
        )

    def sorted(self) -> Iterator[Rows]:
        """All rows, in order of arrival."""
        ((first, last),) = self._engine.run("SELECT min(arrival), max(arrival) FROM spool.rows")
        if first is None:
            return
        for begin, end in self._spans(first, last + 1):
            query = (
                "SELECT arrival, latency, outcome, circuit FROM spool.rows "  # noqa: S608 - whole numbers
                f"WHERE arrival >= {begin} AND arrival < {end} ORDER BY arrival, rowid"
            )
            for batch in self._engine.stream(query):
                yield Rows(
                    column(batch, 0, np.int64),
                    column(batch, 1, np.int64),
                    column(batch, 2, np.uint8),
                    column(batch, 3, np.int32),
                )

    def _spans(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Spans of time, from `first` to before `end`, with as many rows as fit, or of one millisecond."""
        width = (end - first - 1) // _PARTS + 1
        parts = self._engine.run(
            f"SELECT (arrival - {first}) // {width} AS part, count(*) FROM spool.rows "  # noqa: S608 - whole numbers
            f"WHERE arrival >= {first} AND arrival < {end} GROUP BY part ORDER BY part"
        )
        begin, held = first, 0
        for part, count in parts:
            start = first + part * width
            if held and held + count > self._most:
                yield begin, start
                begin, held = start, 0
            if count > self._most and width > 1:
                yield from self._spans(start, min(end, start + width))
                begin, held = start + width, 0
            else:
                held += count
        if held:
            yield begin, end

    def close(self) -> None:
        """Remove the rows; safe to call again."""
        if self._engine.attached("spool"):
            self._engine.run("DETACH spool")
        self._file.unlink(missing_ok=True)


def spool_folder(parent: Path | None) -> TemporaryDirectory[str]:
    """A folder to sort in, in `parent` or where the system has its temporary files; StorageError without one."""
    try:
        return TemporaryDirectory(prefix="cbops-trace-", dir=parent)
    except OSError as error:
        raise StorageError(
            f"no temporary folder for sorting the trace: {error.strerror}",
            hint="Let TMPDIR name a folder that can be written to and has room.",
        ) from error
