"""What `--map` says: which column holds what, in which unit, and what outcomes and statuses mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from cbops.clients.traces.outcomes import Rules, pattern_of
from cbops.clients.traces.units import WORDS, Unit
from cbops.errors import UsageError

TIMES = ("arrival", "latency")
FIELDS = (*TIMES, "outcome", "status", "error", "admitted", "tenant", "provider", "instance", "source")
_RULED = ("outcome", "status")
_LETTERS = {
    "success": "s",
    "s": "s",
    "failure": "f",
    "f": "f",
    "ignored": "i",
    "i": "i",
    "lost": "l",
    "l": "l",
}
_SHAPES = "write --map FIELD=COLUMN, --map arrival=COLUMN:UNIT, --map status.429=ignored or --map outcome.OK=success"


@dataclass(frozen=True, slots=True)
class Mapping:
    """Columns by field, units by field (arrival and latency), and rules for outcomes and statuses."""

    columns: dict[str, str] = field(default_factory=dict)
    units: dict[str, Unit] = field(default_factory=dict)
    rules: Rules = field(default_factory=Rules)


def parse_map(words: Sequence[str]) -> Mapping:
    """The words of `--map`: `arrival=COLUMN[:UNIT]`, `tenant=COLUMN`, `status.429=ignored`, `outcome.OK=success`.

    UNIT is s, ms, us or ns; a target is success, failure, ignored or lost, or its first letter; a status is a
    number, a class as 4xx, or a range as 500-504. Raises UsageError for anything else, and for two words that
    say the same thing.
    """
    columns: dict[str, str] = {}
    units: dict[str, Unit] = {}
    rules: dict[str, dict[str, str]] = {name: {} for name in _RULED}
    for word in words:
        left, equals, right = (part.strip() for part in word.partition("="))
        if not equals or not left or not right:
            raise UsageError(f"--map {word}: expected NAME=VALUE", hint=_SHAPES)
        name, dot, value = left.partition(".")
        if dot and name.lower() in _RULED:
            _add_rule(rules[name.lower()], name.lower(), value, right, word)
            continue
        known = _field(left, word)
        if known in columns:
            raise UsageError(
                f"--map {word}: {known} is already read from '{columns[known]}'",
                hint="Give one column for each field.",
            )
        columns[known], unit = _column(known, right, word)
        if unit is not None:
            units[known] = unit
    return Mapping(columns, units, Rules(outcome=rules["outcome"], status=rules["status"]))


def _field(name: str, word: str) -> str:
    if name.lower() in FIELDS:
        return name.lower()
    near = get_close_matches(name.lower(), FIELDS, 1)
    hint = f"Did you mean '{near[0]}'?" if near else f"Known are {', '.join(FIELDS)}."
    raise UsageError(f"--map {word}: there is no field '{name}'", hint=hint)


def _column(name: str, value: str, word: str) -> tuple[str, Unit | None]:
    """(column, unit); only times have a unit, so other columns may have a colon in their names."""
    column, colon, unit = value.rpartition(":")
    if not colon or name not in TIMES:
        return value, None
    if unit.strip().lower() not in WORDS or not column:
        raise UsageError(f"--map {word}: '{unit}' is no unit", hint="Units are s, ms, us and ns.")
    return column.strip(), WORDS[unit.strip().lower()]


def _add_rule(rules: dict[str, str], kind: str, value: str, target: str, word: str) -> None:
    letter = _LETTERS.get(target.lower())
    if letter is None:
        near = get_close_matches(target.lower(), _LETTERS, 1)
        hint = f"Did you mean '{near[0]}'?" if near else "Targets are success, failure, ignored and lost."
        raise UsageError(f"--map {word}: '{target}' is no outcome", hint=hint)
    pattern = pattern_of(kind, value)
    if pattern is None:
        raise UsageError(f"--map {word}: '{value}' is no {kind}", hint=_SHAPES)
    if pattern in rules:
        raise UsageError(f"--map {word}: {kind} '{value}' has a rule already", hint="Give one rule for each.")
    rules[pattern] = letter
