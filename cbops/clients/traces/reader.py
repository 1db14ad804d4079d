"""Recorded requests from trace files, in order of arrival, within a bound of memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self, cast

from cbops.clients.traces.codes import Codes
from cbops.clients.traces.engine import Engine
from cbops.clients.traces.faults import Faults
from cbops.clients.traces.inputs import trace_files
from cbops.clients.traces.judging import Circuits, Judge
from cbops.clients.traces.layout import Readable
from cbops.clients.traces.mapping import Mapping
from cbops.clients.traces.opening import Opener
from cbops.clients.traces.order import Disordered, DisorderError, Ordered
from cbops.clients.traces.rows import Gathering, Rows
from cbops.clients.traces.scan import Counts, FileScan, Watch
from cbops.clients.traces.spool import Spool, spool_folder
from cbops.clients.traces.sql import FEW
from cbops.errors import InputError
from cbops.model.base import from_ms
from cbops.model.traffic import LEAST_MEMORY, Circuit, TrafficChunk, TrafficSummary

MIB = 1 << 20
LARGEST_CHUNK = 2_000_000
# What a request of a chunk costs: 21 bytes in the chunk that is used, 21 in the next, the rest for the user
# (benchmarks/replaying.py holds the sum).
_BYTES = 140
# What the engine takes beside the share that it is given: its code, and the batches on their way.
_ENGINE_BESIDES = 72 * MIB
# Below this share a second thread's buffers would not fit.
_SHARE_FOR_THREADS = 48 * MIB


class TraceFiles:
    """Requests from JSONL, CSV and Parquet files; see `units`, `outcomes` and `layout` for how they are read.

    The files that `patterns` name are read in order of their names. `memory_bytes` bounds what reading takes,
    together with a consumer that needs about 100 bytes for a request of a chunk. Up to `skip_bad` bad rows are
    left out and told in the summary; `only` leaves out other circuits, its nulls stand for any. Where rows are
    not in order of arrival, the chunks begin again, sorted, by way of a temporary folder in `spill`.

    `chunks` may be called again; `summary` is of the last reading. Raises InputError for files, columns and
    rows that make no sense, StorageError where the disk refuses.
    """

    def __init__(
        self,
        patterns: Sequence[str],
        mapping: Mapping,
        *,
        memory_bytes: int,
        skip_bad: int = 0,
        only: Circuit | None = None,
        threads: int = 2,
        spill: Path | None = None,
    ) -> None:
        if memory_bytes < LEAST_MEMORY:
            raise InputError(
                f"{memory_bytes / MIB:.0f} MiB of memory are too few to read a trace",
                hint=f"Give at least {LEAST_MEMORY // MIB} MiB.",
            )
        self._files = trace_files(patterns)
        self._mapping = mapping
        self._skip_bad = skip_bad
        self._only = only
        self._spill = spill
        share, self._chunk = _shares(memory_bytes)
        self._engine = Engine(memory_bytes=share, threads=threads if share >= _SHARE_FOR_THREADS else 1)
        self._opener = Opener(self._engine, mapping, only)
        self._readables: list[Readable] = []
        self._folder: TemporaryDirectory[str] | None = None
        self._forget()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the engine and the temporary folder back; safe to call again."""
        self._engine.close()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    @property
    def summary(self) -> TrafficSummary:
        """What was read; complete after the last chunk."""
        return TrafficSummary(
            origin="files",
            note=self._opener.note,
            files=tuple(str(file) for file in self._files),
            clock=self._opener.clock or "wall",
            begins=None if self._begins is None else from_ms(self._begins),
            ends=None if self._ends is None else from_ms(self._ends),
            requests=self._requests,
            denied_in_production=self._counts.denied,
            out_of_order=self._disordered.count,
            skipped=self._faults.count,
            skipped_rows=tuple(self._faults.rows),
        )

    def chunks(self) -> Iterator[TrafficChunk]:
        """All requests in order of arrival; they begin again, sorted, where their order is found wrong."""
        if not self._readables:
            self._readables = [self._opener.readable(file) for file in self._files]
        self._forget()
        ordered = True
        try:
            yield from self._chunks(self._scanned(Ordered()))
        except DisorderError:
            ordered = False
        if not ordered:
            self._forget()
            yield from self._chunks(self._sorted())

    def _forget(self) -> None:
        self._faults = Faults(self._skip_bad)
        self._counts = Counts()
        self._disordered = Disordered()
        self._places = Circuits({}, {})
        self._codes: dict[object, Codes] = {}
        self._begins: int | None = None
        self._ends: int | None = None
        self._requests = 0

    def _chunks(self, batches: Iterator[Rows]) -> Iterator[TrafficChunk]:
        gathering, begins = Gathering(self._chunk), True
        for rows in batches:
            for full in gathering.add(rows):
                yield self._chunk_of(full, begins=begins)
                begins = False
        for full in gathering.rest():
            yield self._chunk_of(full, begins=begins)

    def _chunk_of(self, rows: Rows, *, begins: bool) -> TrafficChunk:
        self._begins = int(rows.arrival[0]) if self._begins is None else self._begins
        self._ends = int(rows.arrival[-1])
        self._requests += len(rows)
        return TrafficChunk(
            arrival=cast("Sequence[int]", rows.arrival),
            latency=cast("Sequence[int]", rows.latency),
            outcome=cast("Sequence[int]", rows.outcome),
            circuit=cast("Sequence[int]", rows.circuit),
            circuits=tuple(self._places.circuits),
            begins=begins,
        )

    def _scanned(self, watch: Watch) -> Iterator[Rows]:
        for readable in self._readables:
            scan = FileScan(
                self._engine, readable, self._codes_of(readable), faults=self._faults, counts=self._counts
            )
            yield from scan.rows(watch)

    def _sorted(self) -> Iterator[Rows]:
        if self._folder is None:
            self._folder = spool_folder(self._spill)
        spool = Spool(self._engine, Path(self._folder.name))
        try:
            for rows in self._scanned(self._disordered):
                spool.add(rows)
            yield from spool.sorted()
        finally:
            spool.close()

    def _codes_of(self, readable: Readable) -> Codes:
        """Files whose hashes mean the same share their meanings."""
        layout = readable.layout
        fields = tuple(
            (field, layout.types.get(layout.columns[field])) for field in FEW if field in layout.columns
        )
        shape = (layout.format, layout.error_only, fields)
        if shape not in self._codes:
            judge = Judge(self._mapping.rules, self._only, self._places, error_only=layout.error_only)
            self._codes[shape] = Codes(judge)
        return self._codes[shape]


def _shares(memory_bytes: int) -> tuple[int, int]:
    """(the engine's bytes, rows of a chunk) of the memory that there is."""
    rest = memory_bytes - _ENGINE_BESIDES
    share = max(rest * 9 // 20, rest - LARGEST_CHUNK * _BYTES)
    return share, min(LARGEST_CHUNK, (rest - share) // _BYTES)
