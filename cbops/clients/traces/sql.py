"""The queries that read a file's rows as numbers.

Every query answers, for each row in the file's order: arrival and latency in milliseconds (`BAD` where the value
makes no sense), and the hash of everything that can only take few values. What these values were is asked once
for each hash, not for each row; see `codes`.
"""

# ruff: noqa: S608 - the queries are built from numbers, quoted names and quoted paths
from __future__ import annotations

import json
from collections.abc import Sequence

from cbops.clients.traces.inputs import TraceFile
from cbops.clients.traces.layout import Layout, Readable
from cbops.clients.traces.outcomes import FAILING
from cbops.clients.traces.units import PER_MS, Unit

BAD = -(2**63)
# What a row is before its columns are looked at.
SOUND, BLANK, BROKEN, LONG, SHORT = 0, 1, 2, 3, 4
FEW = ("instance", "tenant", "provider", "source", "admitted", "outcome", "status", "error")
DENIED = ("false", "0", "no", "n", "f", "0.0")
_PACK = "compression='{packing}', max_line_size=1048576, buffer_size=4194304"
_INTEGERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "HUGEINT",
)
# A byte that no JSON text and no sensible CSV value contains.
_NEVER = "\x01"


def quoted(text: str) -> str:
    """Text as a literal."""
    return "'" + text.replace("'", "''") + "'"


def name(column: str) -> str:
    """A column's name as an identifier."""
    return '"' + column.replace('"', '""') + '"'


def location(file: TraceFile) -> str:
    """The file's path as a literal; the engine must not take it for a glob."""
    path = "".join(f"[{char}]" if char in "*?[" else char for char in str(file.path.absolute()))
    return quoted(path)


def lines(file: TraceFile) -> str:
    """The file's lines, as the column `l`, in order; an empty one is null."""
    pack = _PACK.format(packing=file.packing)
    return (
        f"read_csv({location(file)}, columns={{'l': 'VARCHAR'}}, delim='{_NEVER}', quote='', escape='', "
        f"header=false, auto_detect=false, strict_mode=false, {pack})"
    )


def _table(layout: Layout) -> str:
    """A CSV file's values as c0, c1, …: null where the row is too short; one column more shows one too long."""
    columns = ", ".join(f"'c{place}': 'VARCHAR'" for place in range(len(layout.header) + 1))
    pack = _PACK.format(packing=layout.file.packing)
    return (
        f"read_csv({location(layout.file)}, columns={{{columns}}}, delim={quoted(layout.delimiter)}, quote='\"', "
        f"escape='\"', header=true, auto_detect=false, null_padding=true, nullstr='{_NEVER}', parallel=false, {pack})"
    )


def relation(layout: Layout, *, numbers: bool = False) -> str:
    """The file's rows; `numbers`: JSON's arrivals are read as numbers."""
    if layout.format == "parquet":
        return f"read_parquet({location(layout.file)}, file_row_number=true)"
    if layout.format == "csv":
        return _table(layout)
    times = {layout.columns["latency"]: "DOUBLE"} | ({layout.columns["arrival"]: "DOUBLE"} if numbers else {})
    shape = json.dumps({column: times.get(column, "VARCHAR") for column in layout.columns.values()})
    kind = (
        f"CASE WHEN r IS NOT NULL THEN {SOUND} WHEN trim(coalesce(l, '')) = '' THEN {BLANK} ELSE {BROKEN} END"
    )
    # What is no JSON is null, so each line is parsed only once.
    return (
        f"(SELECT l, r, {kind} AS form FROM "
        f"(SELECT l, TRY(from_json(l, {quoted(shape)})) AS r FROM {lines(layout.file)}))"
    )


def value(layout: Layout, field: str) -> str:
    """A field's value as the file has it; null where it has none."""
    column = layout.columns.get(field)
    if column is None:
        return "NULL"
    if layout.format == "parquet":
        return name(column)
    if layout.format == "csv":
        return f"nullif(c{layout.header.index(column)}, '')"
    return f"r.{name(column)}"


def form(layout: Layout) -> str:
    """What the row is: SOUND, BLANK, BROKEN, LONG or SHORT."""
    if layout.format == "parquet":
        return str(SOUND)
    if layout.format == "jsonl":
        return "form"
    last = len(layout.header) - 1
    return (
        f"CASE WHEN c{last + 1} IS NOT NULL THEN {LONG} WHEN c{last} IS NOT NULL THEN {SOUND} "
        f"WHEN c1 IS NULL AND trim(coalesce(c0, '')) = '' THEN {BLANK} ELSE {SHORT} END"
    )


def few(layout: Layout) -> dict[str, str]:
    """What takes few values, by name, each as text."""
    found = {field: f"CAST({value(layout, field)} AS VARCHAR)" for field in FEW if field in layout.columns}
    if "error" in found:
        text = f"lower({found['error']})"
        failing = " OR ".join(f"contains({text}, {quoted(part)})" for part in FAILING)
        found["error"] = (
            f"CASE WHEN trim({text}) = '' THEN NULL WHEN {failing} THEN 'f' WHEN {text} IS NOT NULL THEN 'i' END"
        )
    return {
        "form": f"CAST({form(layout)} AS VARCHAR)",
        "without": f"CAST({value(layout, 'latency')} IS NULL AS VARCHAR)",
    } | found


def _key(layout: Layout) -> str:
    parts = few(layout)
    if layout.format == "parquet":
        # Hashed as they are, without the way through text; the error is the one whose text varies.
        parts |= {
            field: value(layout, field) for field in parts if field in layout.columns and field != "error"
        }
        parts.pop("form")
    return f"hash({', '.join(parts.values())})"


def rows(readable: Readable) -> str:
    """The query for all rows; text files add what takes few values, as text, after the three numbers."""
    layout, reading = readable.layout, readable.reading
    numbers = layout.format == "jsonl" and reading.form == "number" and reading.unit != "ns"
    kept = (
        ""
        if layout.format == "parquet"
        else ", " + ", ".join(f"{part} AS {key}" for key, part in few(layout).items())
    )
    return (
        f"SELECT {_arrival(readable, numbers=numbers)} AS arrival, {_latency(layout)} AS latency, "
        f"{_key(layout)} AS key{kept} FROM {relation(layout, numbers=numbers)}"
    )


def meanings(layout: Layout, first: int, last: int) -> str:
    """The query for the hashes in a span of a Parquet file's rows, and what they stand for, in the order of the rows."""
    parts = ", ".join(f"{part} AS {key}" for key, part in few(layout).items())
    return (
        f"SELECT {_key(layout)} AS key, {parts} FROM {relation(layout)} "
        f"WHERE file_row_number BETWEEN {first} AND {last} GROUP BY ALL ORDER BY min(file_row_number)"
    )


def first_arrival(layout: Layout) -> str:
    """The query for the first arrival that is a number or a time, as text."""
    arrival = f"CAST({value(layout, 'arrival')} AS VARCHAR)"
    denied = ", ".join(quoted(word) for word in DENIED)
    admitted = f"lower(trim(coalesce(CAST({value(layout, 'admitted')} AS VARCHAR), '')))"
    return (
        f"SELECT {arrival}, TRY_CAST({arrival} AS DOUBLE) FROM {relation(layout)} WHERE {admitted} NOT IN ({denied}) "
        f"AND (TRY_CAST({arrival} AS DOUBLE) IS NOT NULL OR TRY_CAST({arrival} AS TIMESTAMPTZ) IS NOT NULL) LIMIT 1"
    )


def _arrival(readable: Readable, *, numbers: bool) -> str:
    layout, reading = readable.layout, readable.reading
    raw = value(layout, "arrival")
    if layout.types.get(layout.columns["arrival"]) == "TIMESTAMP_NS":
        return f"coalesce({_whole(f'epoch_ns({raw})', PER_MS['ns'])}, {BAD})"
    if reading.form != "number":
        instant = raw if reading.form == "instant" else f"TRY_CAST({raw} AS TIMESTAMPTZ)"
        return f"coalesce((epoch_us({instant}) + 500) // 1000, {BAD})"
    whole = layout.types.get(layout.columns["arrival"]) in _INTEGERS
    milliseconds = _milliseconds(raw, reading.unit, number=numbers, whole=whole)
    return (
        _checked(layout, "arrival", raw, f"coalesce({milliseconds}, {BAD})")
        if numbers
        else f"coalesce({milliseconds}, {BAD})"
    )


def _latency(layout: Layout) -> str:
    """The latency; 0 where the row has none, which `without` tells."""
    raw = value(layout, "latency")
    numbers = layout.format == "jsonl"
    whole = layout.types.get(layout.columns["latency"]) in _INTEGERS
    milliseconds = _milliseconds(raw, layout.latency_unit, number=numbers, whole=whole)
    negative = f"WHEN TRY_CAST({raw} AS DOUBLE) < 0 THEN {BAD}"
    known = f"CASE WHEN {raw} IS NULL THEN 0 {negative} ELSE coalesce({milliseconds}, {BAD}) END"
    return _checked(layout, "latency", raw, known) if numbers else known


def _checked(layout: Layout, field: str, raw: str, milliseconds: str) -> str:
    """Not a truth value read as 0 or 1, and not a text read as null; both are rare enough to be looked at twice."""
    path = quoted("/" + layout.columns[field].replace("~", "~0").replace("/", "~1"))
    kind = f"coalesce(json_type(CASE WHEN form = {SOUND} THEN l END, {path}), 'NULL')"
    return (
        f"CASE WHEN {raw} IS NULL THEN CASE WHEN {kind} <> 'NULL' THEN {BAD} ELSE {milliseconds} END "
        f"WHEN {raw} IN (0, 1) THEN CASE WHEN {kind} = 'BOOLEAN' THEN {BAD} ELSE {milliseconds} END "
        f"ELSE {milliseconds} END"
    )


def _milliseconds(raw: str, unit: Unit, *, number: bool, whole: bool) -> str:
    """Whole milliseconds, halves rounded up; null for what is no number. Binary fractions serve: up to the
    year 9999 a count of seconds, times 1000, still comes out on the half when its decimals end there.
    """
    if unit == "ns" or (whole and unit in PER_MS):
        return _whole(f"TRY_CAST({raw} AS BIGINT)", PER_MS[unit])
    if unit == "ms" and whole:
        return f"TRY_CAST({raw} AS BIGINT)"
    count = raw if number else f"TRY_CAST({raw} AS DOUBLE)"
    scaled = {"s": f"{count} * 1000", "ms": count, "us": f"{count} / 1000"}[unit]
    return f"TRY_CAST(floor({scaled} + 0.5) AS BIGINT)"


def _whole(count: str, step: int) -> str:
    """A whole number divided by `step`, halves rounded up, without a way through fractions or an overflow."""
    return f"({count} // {step} + CAST({count} % {step} >= {step // 2} AS BIGINT))"


def keys_of_lines(file: TraceFile, limit: int | None) -> str:
    """The query for the keys of a JSONL file's objects, in order of appearance; `limit`: of its first lines."""
    some = f" LIMIT {limit}" if limit else ""
    return (
        "SELECT k FROM (SELECT n, unnest(ks) AS k, generate_subscripts(ks, 1) AS place FROM "
        "(SELECT row_number() OVER () AS n, json_keys(CASE WHEN json_valid(l) THEN l END) AS ks FROM "
        f"(SELECT l FROM {lines(file)}{some}))) GROUP BY k ORDER BY min((n, place))"
    )


def first_line(file: TraceFile) -> str:
    """The query for the first line that isn't blank."""
    return f"SELECT l FROM {lines(file)} WHERE trim(coalesce(l, '')) <> '' LIMIT 1"


def chosen_lines(file: TraceFile, numbers: Sequence[int]) -> str:
    """The query for (number, text) of lines, counted from 1."""
    chosen = ", ".join(map(str, numbers))
    upper = max(numbers)
    return (
        f"SELECT n, l FROM (SELECT row_number() OVER () AS n, l FROM (SELECT l FROM {lines(file)} LIMIT {upper})) "
        f"WHERE n IN ({chosen}) ORDER BY n"
    )


def chosen_rows(layout: Layout, numbers: Sequence[int]) -> str:
    """The query for (number, value…) of a Parquet file's rows, counted from 1, in the order of its columns."""
    chosen = ", ".join(str(number - 1) for number in numbers)
    values = ", ".join(f"CAST({value(layout, field)} AS VARCHAR)" for field in layout.columns)
    return f"SELECT file_row_number + 1, {values} FROM {relation(layout)} WHERE file_row_number IN ({chosen}) ORDER BY 1"
