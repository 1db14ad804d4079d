"""One event as one line, and back.

A line is canonical JSON in UTF-8: keys sorted, no spaces, at most 4096 bytes with its newline; escaped is
what JSON asks for, and what would split lines, turn the writing direction or steer a terminal. So an event
has exactly one spelling.

    {"actor": who, "at": "2025-01-27T09:00:00.000Z", "data": {…}, "prev": hash, "seq": n,
     "system": {"host": …, "user": …}, "type": "…", "v": 2}

`prev` is the SHA-256 (hex) of the line before, without its newline; 64 zeros in the first line.
`system` is the operating system's user beside the name in `actor` (null: not known); lines of version 1 have none.
Source: docs/architecture.md (events are small; what is larger is evidence).
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable
from datetime import datetime
from typing import get_args

from pydantic import ValidationError

from cbops.errors import InputError
from cbops.model.base import JsonObject, iso
from cbops.model.events import Entry, Event
from cbops.model.system import SystemUser

VERSION = 2
MAX_LINE = 4096
GENESIS = "0" * 64

EVENT_TYPES: dict[str, type[Event]] = {kind.model_fields["type"].default: kind for kind in get_args(Event)}

_ENVELOPE_1 = frozenset({"v", "seq", "at", "actor", "type", "data", "prev"})
_ENVELOPES = {1: _ENVELOPE_1, VERSION: _ENVELOPE_1 | {"system"}}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
# C1 controls, line and paragraph separators, bidirectional marks; they occur inside strings only.
_HIDDEN = re.compile("[\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)


class LineError(Exception):
    """What is wrong with a line; whoever knows file and number makes a RecordError of it."""


class NotJsonError(LineError):
    """The line isn't JSON at all: torn when it is the last and was never confirmed."""


def line_hash(line: bytes) -> str:
    """SHA-256 of the line's bytes without the newline, in hex."""
    return hashlib.sha256(line).hexdigest()


def is_hash(text: str) -> bool:
    """Whether it is spelt like a SHA-256 in hex; what isn't never becomes a file's name."""
    return _HASH.fullmatch(text) is not None


def encode(
    *, seq: int, at: datetime, actor: str, event: Event, prev: str, system: SystemUser | None = None
) -> bytes:
    """The line, without its newline. InputError when the event can't be written as one."""
    try:
        # JSON mode would turn NaN into null in silence; this refuses it.
        json.dumps(event.model_dump(), default=str, allow_nan=False)
        record: JsonObject = {
            "v": VERSION,
            "seq": seq,
            "at": iso(at),
            "actor": actor,
            "system": system.model_dump() if system else None,
            "type": event.type,
            "data": event.model_dump(mode="json", by_alias=True, exclude={"type"}),
            "prev": prev,
        }
        text = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        line = _HIDDEN.sub(_escape, text).encode()
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"The event '{event.type}' cannot be written as JSON: {error}",
            hint="Use plain text and finite numbers.",
        ) from error
    if len(line) >= MAX_LINE:
        raise InputError(
            f"The event '{event.type}' takes {len(line) + 1} bytes; a line of the journal has {MAX_LINE}",
            hint="Make the text shorter; put a long one into a file and name the file.",
        )
    return line


def _escape(hidden: re.Match[str]) -> str:
    return f"\\u{ord(hidden[0]):04x}"


def decode(line: bytes) -> Entry:
    """The entry of a line (without its newline). LineError says what is wrong with it."""
    if len(line) >= MAX_LINE:
        raise LineError(f"it is longer than {MAX_LINE} bytes")
    record = parse_object(line)
    version = record.get("v")
    upcast = _UPCASTS.get(version) if type(version) is int else None
    if upcast is None:
        raise LineError(f"its version is {_shown(version)}, and this release reads {sorted(_UPCASTS)}")
    envelope = _ENVELOPES[record["v"]]
    if record.keys() != envelope:
        odd = sorted(record.keys() ^ envelope)
        raise LineError(f"fields are missing or unknown: {_shown(odd)}")
    return _entry(upcast(record), line_hash(line))


def _entry(record: JsonObject, own_hash: str) -> Entry:
    seq, actor, prev = record["seq"], record["actor"], record["prev"]
    if type(seq) is not int or seq < 1:
        raise LineError("'seq' is not a positive whole number")
    if not isinstance(actor, str):
        raise LineError("'actor' is not a text")
    if not isinstance(prev, str) or not is_hash(prev):
        raise LineError("'prev' is not a SHA-256 in hex")
    # Not validated as a whole: that would build the validators of all event types for each command.
    return Entry.model_construct(
        seq=seq,
        at=_instant(record["at"]),
        actor=actor,
        system=_system(record["system"]),
        event=_event(record["type"], record["data"]),
        prev=prev,
        hash=own_hash,
    )


def _instant(text: object) -> datetime:
    if not isinstance(text, str) or _TIME.fullmatch(text) is None:
        raise LineError("'at' is not a time in UTC with milliseconds")
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise LineError(f"'at' is not a time: {error}") from error


def _system(written: object) -> SystemUser | None:
    if written is None:
        return None
    try:
        return SystemUser.model_validate(written)
    except ValidationError as error:
        raise LineError("'system' is not a user and a host") from error


def _event(kind: object, data: object) -> Event:
    event_type = EVENT_TYPES.get(kind) if isinstance(kind, str) else None
    if event_type is None:
        raise LineError(f"the event type {_shown(kind)} is unknown")
    if not isinstance(data, dict) or "type" in data:
        raise LineError("'data' is not an object with the event's fields")
    try:
        return event_type.model_validate(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise LineError(f"the event '{kind}' is wrong at {_shown(place)}: {first['msg']}") from error


def parse_object(raw: bytes) -> JsonObject:
    """Strict JSON: an object, no key twice, finite numbers. NotJsonError when it isn't JSON."""
    try:
        parsed = json.loads(
            raw.decode(), object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite
        )
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise NotJsonError("it is not JSON") from error
    except (RecursionError, ValueError) as error:
        raise LineError("it is JSON out of bounds: too deep, or a number too long") from error
    if not isinstance(parsed, dict):
        raise LineError("it is not a JSON object")
    return parsed


def _unique(pairs: list[tuple[str, object]]) -> JsonObject:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise LineError("a key stands twice in it")
    return unique


def _refuse(name: str) -> float:
    raise LineError(f"it holds {_shown(name)}, which is not a finite number")


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _refuse(text)


def _shown(value: object) -> str:
    """What came from a file, short and without control characters."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _identity(record: JsonObject) -> JsonObject:
    return record


def _without_system(record: JsonObject) -> JsonObject:
    return {**record, "system": None}


# Written lines never change; a later version reads an older one through its function here.
_UPCASTS: dict[int, Callable[[JsonObject], JsonObject]] = {1: _without_system, VERSION: _identity}
