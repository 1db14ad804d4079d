"""What one line of a router's JSON log tells: when it was written, and whether a circuit moved.

Routers and log shippers nest the same words differently (`metadata`, `fields`, `context`, a message that is JSON
itself), so a line is flattened and the nearest word to its top counts. A line is untrusted: depth and width are bounded.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cbops.model.base import as_utc, from_ms
from cbops.model.observation import State

MAX_DEPTH = 6
MAX_FIELDS = 512  # of one line; more are not looked at
MAX_WORD = 200  # characters of a name or a reason

TIMES = ("timestamp", "@timestamp", "time", "ts", "datetime")
TENANTS = ("tenant_id", "tenant", "tenantId")
PROVIDERS = ("provider_id", "provider", "providerId")
SOURCES = ("from", "from_state", "old_state", "previous_state", "fromState")
TARGETS = ("to", "to_state", "new_state", "toState")
INSTANCES = ("instance", "node", "host", "hostname")
_TOLD = ("event", "msg", "message", "name", "event_name", "type")
_MAY_BE_JSON = ("msg", "message", "log", "event", "data")
_MOVES = re.compile(r"transition|state.{0,3}change|circuit.{0,20}(open|clos)", re.IGNORECASE)
_STATES: dict[str, State] = {
    "closed": "closed",
    "open": "open",
    "half_open": "half_open",
    "halfopen": "half_open",
}
# A number of seconds, milliseconds, microseconds or nanoseconds since the epoch, told by its size.
_UNITS = ((1e11, 1e3), (1e14, 1.0), (1e17, 1e-3), (1e20, 1e-6))
_LATEST_MS = 7_258_118_400_000  # the year 2200


@dataclass(frozen=True, slots=True)
class Moved:
    """A circuit's transition as a line tells it; `source`, `instance` and `reason` may be missing."""

    tenant: str
    provider: str
    source: State | None
    target: State
    instance: str | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is a JSON object; `at` null: it names no time."""

    at: datetime | None
    moved: Moved | None


def read_line(raw: bytes) -> Line | None:
    """Null for a line that is no JSON object."""
    try:
        loaded = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    if not isinstance(loaded, dict):
        return None
    fields = _flat(loaded)
    return Line(_time(fields), _moved(fields))


def _flat(loaded: Mapping[str, Any]) -> dict[str, Any]:
    """Every field by its own name; the one nearest to the top wins."""
    if len(loaded) <= MAX_FIELDS and not any(_nests(key, value) for key, value in loaded.items()):
        return dict(loaded)
    found: dict[str, Any] = {}
    waiting: deque[tuple[int, Mapping[str, Any]]] = deque([(1, loaded)])
    while waiting and len(found) < MAX_FIELDS:
        depth, fields = waiting.popleft()
        for key, value in fields.items():
            inner = value if isinstance(value, dict) else _packed(key, value)
            if inner is not None:
                if depth < MAX_DEPTH:
                    waiting.append((depth + 1, inner))
            elif len(found) < MAX_FIELDS:
                found.setdefault(key, value)
    return found


def _nests(key: str, value: object) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, str) and key in _MAY_BE_JSON and value.lstrip().startswith("{")
    )


def _packed(key: str, value: object) -> dict[str, Any] | None:
    """A message that is a JSON object itself."""
    if not isinstance(value, str) or not _nests(key, value):
        return None
    try:
        inner = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return inner if isinstance(inner, dict) else None


def _values(fields: Mapping[str, Any], names: tuple[str, ...]) -> Iterator[Any]:
    return (fields[name] for name in names if fields.get(name) is not None)


def _word(fields: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    """The first of them that is text."""
    return next(
        (
            value.strip()[:MAX_WORD]
            for value in _values(fields, names)
            if isinstance(value, str) and value.strip()
        ),
        None,
    )


def _state(fields: Mapping[str, Any], names: tuple[str, ...]) -> State | None:
    for value in _values(fields, names):
        if isinstance(value, str):
            return _STATES.get(value.strip().lower().replace("-", "_").replace(" ", "_"))
    return None


def _moved(fields: Mapping[str, Any]) -> Moved | None:
    tenant, provider = _word(fields, TENANTS), _word(fields, PROVIDERS)
    if tenant is None or provider is None:
        return None
    target = _state(fields, TARGETS)
    told = " ".join(str(value)[:MAX_WORD] for value in _values(fields, _TOLD))
    if target is None and _MOVES.search(told):
        target = _state(fields, ("state",))
    if target is None:
        return None
    return Moved(
        tenant=tenant,
        provider=provider,
        source=_state(fields, SOURCES),
        target=target,
        instance=_word(fields, INSTANCES),
        reason=_word(fields, ("reason", "trigger", "trigger_reason")),
    )


def _time(fields: Mapping[str, Any]) -> datetime | None:
    """The first of its times that can be read."""
    for value in _values(fields, TIMES):
        found = _number(value) if isinstance(value, int | float) else _text(value)
        if found is not None:
            return found
    return None


def _text(value: object) -> datetime | None:
    if not isinstance(value, str) or len(value) > MAX_WORD:
        return None
    text = value.strip()
    try:
        return as_utc(datetime.fromisoformat(text))
    except (ValueError, OverflowError):
        pass
    try:
        return _number(float(text))
    except ValueError:
        return None


def _number(value: float) -> datetime | None:
    if isinstance(value, bool) or not 0 < value < _UNITS[-1][0]:
        return None
    factor = next(factor for limit, factor in _UNITS if value < limit)
    ms = value * factor
    return from_ms(round(ms)) if ms < _LATEST_MS else None
