"""Opening files: their format, their columns, and how their arrivals are read, alike for the whole trace."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Sequence

from cbops.clients.traces import sql
from cbops.clients.traces.engine import Engine
from cbops.clients.traces.inputs import KINDS, TraceFile
from cbops.clients.traces.layout import Layout, Readable, columns_by_field, latency_unit, with_spare
from cbops.clients.traces.mapping import Mapping
from cbops.clients.traces.units import INSTANT, NAMES, TEXT, Clock, Reading, reading_of_number, unit_of_name
from cbops.errors import InputError
from cbops.model.traffic import Circuit

_LINES = 5000
_DELIMITERS = (",", "\t", ";", "|")


class Opener:
    """Opens one file after another; what the first one tells of units and clock holds for all."""

    def __init__(self, engine: Engine, mapping: Mapping, only: Circuit | None = None) -> None:
        self._engine = engine
        self._only = only
        self._mapping = mapping
        self._first: Reading | None = None
        self.clock: Clock | None = None
        self.note: str | None = None

    def readable(self, file: TraceFile) -> Readable:
        """The file's layout and reading. Raises InputError for what isn't a trace."""
        layout = self._layout(file)
        return Readable(layout, self._reading(layout))

    def _layout(self, file: TraceFile) -> Layout:
        if file.format == "parquet":
            return self._parquet(file)
        found = self._engine.run(sql.first_line(file), file.path)
        if not found:
            raise InputError(
                f"trace '{file}' is empty: it holds no lines", hint="Record it again, or leave it out."
            )
        line: str = found[0][0]
        kind = file.format or ("jsonl" if line.lstrip().startswith("{") else "csv")
        if kind == "jsonl":
            return self._jsonl(file)
        return self._csv(file, line)

    def _jsonl(self, file: TraceFile) -> Layout:
        present = self._keys(file, _LINES)
        try:
            # Without any key no line is an object: each will be told as a bad row.
            columns = self._columns(file, present) if present else {}
        except InputError:
            # A key may appear late; an error is worth a look at the whole file.
            present = self._keys(file, None)
            columns = self._columns(file, present)
        error_only = not {"outcome", "status"} & set(columns)
        columns = with_spare(self._mapping.columns | columns)
        alike = Counter(column.lower() for column in set(columns.values()))
        if max(alike.values()) > 1:
            raise InputError(
                f"trace '{file}': two of the columns {', '.join(columns.values())} differ only in their case",
                hint="Rename one of them in the file.",
            )
        return Layout(file, "jsonl", columns, latency_unit(columns, self._mapping), error_only=error_only)

    def _columns(self, file: TraceFile, present: Sequence[str]) -> dict[str, str]:
        return columns_by_field(file, present, self._mapping, self._only)

    def _keys(self, file: TraceFile, limit: int | None) -> tuple[str, ...]:
        return tuple(str(row[0]) for row in self._engine.run(sql.keys_of_lines(file, limit), file.path))

    def _csv(self, file: TraceFile, line: str) -> Layout:
        delimiter = max(_DELIMITERS, key=lambda char: (line.count(char), -_DELIMITERS.index(char)))
        header = _names(file, line, delimiter)
        twice = [name for name, count in Counter(header).items() if count > 1]
        if len(header) < 2 or line.lstrip().startswith(("{", "[")):
            raise InputError(
                f"trace '{file}' is no trace that can be read: {line[:60]!r}", hint=f"It must be {KINDS}."
            )
        if twice:
            raise InputError(
                f"trace '{file}' has two columns '{twice[0]}'", hint="Rename one of them in its first line."
            )
        columns = self._columns(file, header)
        error_only = not {"outcome", "status"} & set(columns)
        unit = latency_unit(columns, self._mapping)
        return Layout(file, "csv", columns, unit, header=header, delimiter=delimiter, error_only=error_only)

    def _parquet(self, file: TraceFile) -> Layout:
        query = f"DESCRIBE SELECT * FROM read_parquet({sql.location(file)})"  # noqa: S608 - a quoted path
        types = {str(row[0]): str(row[1]) for row in self._engine.run(query, file.path)}
        columns = self._columns(file, tuple(types))
        for field in ("arrival", "latency"):
            kind = types[columns[field]]
            if (
                kind in ("BOOLEAN", "BLOB", "DATE", "TIME", "INTERVAL")
                or kind.startswith(("STRUCT", "MAP"))
                or "[" in kind
            ):
                raise InputError(
                    f"trace '{file}': the column '{columns[field]}' holds {kind}, expected numbers",
                    hint=f"Name another one: --map {field}=COLUMN.",
                )
        error_only = not {"outcome", "status"} & set(columns)
        unit = latency_unit(columns, self._mapping)
        return Layout(file, "parquet", columns, unit, types=types, error_only=error_only)

    def _reading(self, layout: Layout) -> Reading:
        column = layout.columns["arrival"]
        if layout.types.get(column, "").startswith("TIMESTAMP"):
            return self._agreed(layout, INSTANT)
        found = self._engine.run(sql.first_arrival(layout), layout.file.path)
        if not found:
            # No row has an arrival: each will be told as a bad one.
            return self._first or TEXT
        number = found[0][1]
        unit = self._mapping.units.get("arrival")
        own = TEXT if number is None else reading_of_number(float(number), column, unit)
        named = unit or unit_of_name(column)
        if self._first is None:
            self._first = own
        elif own.form != self._first.form or (own.form == "number" and not named):
            return self._first
        return self._agreed(layout, own)

    def _agreed(self, layout: Layout, reading: Reading) -> Reading:
        if self.clock is None:
            self.clock = reading.clock
        if reading.clock != self.clock:
            raise InputError(
                f"trace '{layout.file}': mixed units: its times are {reading}, those of the files before are "
                f"{'dates' if self.clock == 'wall' else 'from a beginning of their own'}",
                hint="Replay files with different clocks one by one.",
            )
        if reading.guessed and self.note is None:
            column = layout.columns["arrival"]
            other = "ms" if reading.unit == "s" else "s"
            self.note = (
                f"the times in '{column}' are small numbers and were read as {NAMES[reading.unit]} from a beginning "
                f"of their own; --map arrival={column}:{other} reads them as {NAMES['ms' if other == 'ms' else 's']}"
            )
        return reading


def _names(file: TraceFile, line: str, delimiter: str) -> tuple[str, ...]:
    """The columns that the first line names; InputError for a line that CSV can't hold (a name beyond 128 KiB)."""
    try:
        return tuple(name.strip() for name in next(csv.reader([line], delimiter=delimiter)))
    except csv.Error as error:
        raise InputError(
            f"trace '{file}' is no trace that can be read ({error}): {line[:60]!r}",
            hint=f"It must be {KINDS}.",
        ) from error
