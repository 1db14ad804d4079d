"""Which column of a file holds what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from cbops.clients.traces.inputs import TraceFile
from cbops.clients.traces.mapping import Mapping
from cbops.clients.traces.units import Reading, Unit, unit_of_name
from cbops.errors import InputError
from cbops.model.traffic import Circuit

_SUFFIXES = ("", "_ms", "_s", "_seconds", "_us", "_ns")
_TIME_NAMES = ("ts", "timestamp", "time", "arrival", "@timestamp")
_SPAN_NAMES = ("latency", "duration", "elapsed")

# The names that a column has by custom, the likelier first.
NAMES: dict[str, tuple[str, ...]] = {
    "arrival": tuple(name + suffix for suffix in _SUFFIXES for name in _TIME_NAMES),
    "latency": tuple(name + suffix for name in _SPAN_NAMES for suffix in ("_ms", *_SUFFIXES)),
    "outcome": ("outcome", "result"),
    "status": ("status", "status_code", "http_status"),
    "error": ("error", "error_message"),
    "admitted": ("admitted",),
    "tenant": ("tenant_id", "tenant"),
    "provider": ("provider_id", "provider"),
    "instance": ("instance",),
}
_TELLING = ("outcome", "status", "error")


@dataclass(frozen=True, slots=True)
class Layout:
    """A file's columns by field.

    `header`: the columns of a CSV file in its order; `types`: the types of a Parquet file's columns.
    `error_only`: the file has neither outcomes nor statuses, so a row without an error is a success.
    """

    file: TraceFile
    format: str
    columns: dict[str, str]
    latency_unit: Unit
    header: tuple[str, ...] = ()
    delimiter: str = ","
    types: dict[str, str] = field(default_factory=dict)
    error_only: bool = False


@dataclass(frozen=True, slots=True)
class Readable:
    """A layout, and how its arrivals are read."""

    layout: Layout
    reading: Reading


def columns_by_field(
    file: TraceFile, present: Sequence[str], mapping: Mapping, only: Circuit | None = None
) -> dict[str, str]:
    """The column of each field that the file has.

    Raises InputError when a column of the map is missing, one that every trace needs, or one that tells the
    circuits which are asked for.
    """
    lower = {name.lower(): name for name in reversed(present)}
    found = dict(mapping.columns)
    for name, column in mapping.columns.items():
        if column not in present:
            raise _missing(file, present, f"the column '{column}' that the map names for {name}", column)
    for name, likely in NAMES.items():
        usual = [lower[word] for word in likely if word in lower]
        if usual:
            found.setdefault(name, usual[0])
    for name in ("arrival", "latency"):
        if name not in found:
            raise _missing(
                file, present, f"a column for {name} (for example {NAMES[name][0]})", NAMES[name][0], name
            )
    if not any(name in found for name in _TELLING):
        raise _missing(file, present, "a column for outcome, status or error", "outcome", "outcome")
    for name, wanted in () if only is None else only.model_dump().items():
        if wanted is not None and name not in found:
            raise _missing(
                file, present, f"a column for {name}, of which '{wanted}' is asked for", name, name
            )
    return found


def with_spare(columns: dict[str, str]) -> dict[str, str]:
    """Each field without a column gets its likeliest name: a row of JSON may have keys that none before had."""
    return {name: likely[0] for name, likely in NAMES.items()} | columns


def latency_unit(columns: dict[str, str], mapping: Mapping) -> Unit:
    """What the map says, else the column's name, else milliseconds."""
    return mapping.units.get("latency") or unit_of_name(columns["latency"]) or "ms"


def _missing(
    file: TraceFile, present: Sequence[str], what: str, wanted: str, name: str | None = None
) -> InputError:
    lower = {column.lower(): column for column in present}
    near = get_close_matches(wanted.lower(), lower, 1)
    has = ", ".join(present) if present else "none"
    remedy = f"Name it: --map {name or 'FIELD'}=COLUMN." if name else "Name a column that the file has."
    return InputError(
        f"trace '{file}' has no {what.removeprefix('a ') if what.startswith('a ') else what.removeprefix('the ')}; "
        f"its columns are: {has}",
        hint=f"Did you mean '{lower[near[0]]}'? {remedy}" if near else remedy,
    )
