"""Why a row is bad, in words: found again by its number, and looked at slowly."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from cbops.clients.traces import sql
from cbops.clients.traces.engine import Engine
from cbops.clients.traces.judging import Judge, Values, admitted_of
from cbops.clients.traces.layout import Layout, Readable
from cbops.clients.traces.units import NAMES, TEN_YEARS, Reading, in_ms, unit_of_size
from cbops.errors import InputError

_SHOWN = 60


def explained(
    engine: Engine, readable: Readable, judge: Judge, places: Sequence[int]
) -> list[tuple[int, str]]:
    """(line of a text file or row of a Parquet file, problem) of rows, which are counted from 0."""
    layout = readable.layout
    numbers = [place + 1 for place in places]
    if layout.format == "jsonl":
        found = engine.run(sql.chosen_lines(layout.file, numbers), layout.file.path)
        return [(number, _json_problem(engine, readable, judge, number, line)) for number, line in found]
    if layout.format == "csv":
        return [
            (line, _csv_problem(engine, readable, judge, line, row))
            for line, row in _records(engine, layout, numbers)
        ]
    found = engine.run(sql.chosen_rows(layout, numbers), layout.file.path)
    return [
        (row[0], problem(readable, judge, dict(zip(layout.columns, row[1:], strict=True)))) for row in found
    ]


def problem(readable: Readable, judge: Judge, values: Values) -> str:
    """What is wrong with a row whose values are these, by field, as text."""
    columns = readable.layout.columns
    if admitted_of(values.get("admitted")) is None:
        return f"'{columns['admitted']}' holds {_shown(values['admitted'])}, expected true or false"
    return (
        _outcome_problem(readable.layout, judge, values)
        or _arrival_problem(columns["arrival"], readable.reading, values.get("arrival"))
        or _latency_problem(readable.layout, values.get("latency"), judge.letter(_with_latency(values)))
        or "its time lies before that of the row before it: time ran backwards within its source"
    )


def _with_latency(values: Values) -> Values:
    return values | {"without": "false" if values.get("latency") else "true"}


def _outcome_problem(layout: Layout, judge: Judge, values: Values) -> str | None:
    if judge.letter(_with_latency(values)) is not None:
        return None
    for field in ("outcome", "status"):
        text = (values.get(field) or "").strip()
        if text:
            return (
                f"'{layout.columns[field]}' holds {_shown(text)}, which no rule names; "
                f"--map {field}.{text[:_SHOWN]}=success (or failure, ignored, lost) gives it one"
            )
    names = [
        f"'{layout.columns[field]}'" for field in ("outcome", "status", "error") if field in layout.columns
    ]
    are = "is" if len(names) == 1 else "are"
    return f"it has no outcome: {' and '.join(names)} {are} missing or empty"


def _arrival_problem(column: str, reading: Reading, text: str | None) -> str | None:
    if not (text or "").strip():
        return f"the arrival ('{column}') is missing, expected {reading}"
    number = _number(text)
    if number is None and reading.form == "number":
        what = "mixed units: " if _is_time(text) else ""
        return f"{what}'{column}' holds {_shown(text)}, expected a number of {reading}"
    if number is None:
        return (
            None
            if _is_time(text) and _in_years(text)
            else f"'{column}' holds {_shown(text)}, expected {reading}"
        )
    if reading.form != "number":
        return f"mixed units: '{column}' holds the number {text}, expected {reading}"
    return _size_problem(column, reading, number, str(text))


def _size_problem(column: str, reading: Reading, number: float, text: str) -> str | None:
    milliseconds = in_ms(number, reading.unit)
    if reading.first <= milliseconds < reading.last + 0.5:
        return None
    if number >= 0 and (reading.clock == "relative" or milliseconds < reading.first or reading.sized):
        size = unit_of_size(number)
        looks = f"which looks like {NAMES[size]} since 1970" if size else "which is too small for a date"
        return f"mixed units: '{column}' is {text}, {looks}; expected {reading}, as in the rows before"
    span = "a time from 1970 to 9900" if reading.clock == "wall" else "no negative number"
    return f"'{column}' is {text}, expected {reading}, {span}"


def _latency_problem(layout: Layout, text: str | None, letter: str | None) -> str | None:
    column, unit = layout.columns["latency"], layout.latency_unit
    if not (text or "").strip():
        return (
            None
            if letter == "l"
            else f"the latency ('{column}') is missing; only a lost request may have none"
        )
    number = _number(text)
    if number is None or number != number:  # noqa: PLR0124 - not a number
        return f"the latency ('{column}') is {_shown(text)}, expected a number of {NAMES[unit]}"
    if number < 0:
        return f"the latency ('{column}') is negative: {text}"
    if in_ms(number, unit) > TEN_YEARS:
        return f"the latency ('{column}') is {text} {NAMES[unit]}, which is more than ten years"
    return None


def _json_problem(engine: Engine, readable: Readable, judge: Judge, number: int, line: str | None) -> str:
    text = line or ""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        whole = (
            f"SELECT count(*) FROM (SELECT l FROM {sql.lines(readable.layout.file)} LIMIT 1 OFFSET {number})"  # noqa: S608 - own text
        )
        if (
            engine.run(whole, readable.layout.file.path) == [(0,)]
            and text.lstrip().startswith("{")
            and not text.rstrip().endswith("}")
        ):
            return f"the file ends in the middle of a line: {_shown(text)}, expected a whole JSON object"
        return f"not JSON: {_shown(text)}, expected a JSON object on each line"
    if not isinstance(row, dict):
        return f"{_shown(text)} is no JSON object; expected one object with its columns as keys on each line"
    columns = readable.layout.columns
    for field in ("arrival", "latency"):
        if isinstance(row.get(columns[field]), bool | list | dict):
            return (
                f"the {field} ('{columns[field]}') is {_shown(json.dumps(row[columns[field]]))}, expected a number"
                + (" or a time" if field == "arrival" else "")
            )
    return problem(readable, judge, {field: _text(row.get(column)) for field, column in columns.items()})


def _csv_problem(engine: Engine, readable: Readable, judge: Judge, line: int, row: list[str]) -> str:
    layout = readable.layout
    if len(row) < len(layout.header):
        whole = f"SELECT count(*) FROM (SELECT l FROM {sql.lines(layout.file)} LIMIT 1 OFFSET {line})"  # noqa: S608 - own text
        last = engine.run(whole, layout.file.path) == [(0,)]
        start = "the file ends in the middle of a line: " if last else ""
        return f"{start}{len(row)} values, expected {len(layout.header)}"
    if len(row) > len(layout.header):
        return f"{len(row)} values, expected {len(layout.header)}"
    places = {name: place for place, name in enumerate(layout.header)}
    return problem(
        readable, judge, {field: row[places[column]] or None for field, column in layout.columns.items()}
    )


def _records(engine: Engine, layout: Layout, numbers: Sequence[int]) -> Iterator[tuple[int, list[str]]]:
    """(first line, values) of records, which are counted from 1 after the header, blank lines not counted.

    Raises InputError where a quoted value has no end: the rest of the file is in it.
    """
    wanted = set(numbers)
    reader = csv.reader(_lines(engine, layout), delimiter=layout.delimiter, strict=True)
    count, line = -1, 1
    try:
        for row in reader:
            count += bool(row)
            if row and count in wanted:
                yield line, row
            line = reader.line_num + 1
            if count >= max(wanted):
                return
    except csv.Error as error:
        raise InputError(
            f"{layout.file}, line {line}: it isn't regular CSV, or a quoted value has no end ({error})",
            hint="Repair that line.",
        ) from error


def _lines(engine: Engine, layout: Layout) -> Iterator[str]:
    for batch in engine.stream(f"SELECT l FROM {sql.lines(layout.file)}", layout.file.path):  # noqa: S608 - own text
        for line in batch.child(0).to_pylist():
            yield (line or "") + "\n"


def _number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def _is_time(text: str | None) -> bool:
    try:
        datetime.fromisoformat((text or "").strip())
    except ValueError:
        return False
    return True


def _in_years(text: str | None) -> bool:
    return datetime.fromisoformat((text or "").strip()).year >= 1970


def _text(value: Any) -> str | None:  # noqa: ANN401 - any JSON
    if value is None or isinstance(value, str):
        return value or None
    return json.dumps(value)


def _shown(text: str | None) -> str:
    whole = text or ""
    return repr(whole if len(whole) <= _SHOWN else whole[:_SHOWN] + "…")
