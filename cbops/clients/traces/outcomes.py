"""What a recorded outcome, status or error means to the breaker: success, failure, ignored or lost.

Source of the defaults: "Outcomes" in the domain description.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_DEFAULTS = {
    "s": ("s", "success", "ok"),
    "f": (
        "f",
        "failure",
        "timeout",
        "5xx",
        "connection_error",
        "connection",
        "provider_unavailable",
        "unavailable",
    ),
    "i": (
        "i",
        "ignored",
        "4xx",
        "validation",
        "validation_error",
        "rate_limit",
        "rate_limited",
        "rate_limiting",
        "cancelled",
        "canceled",
    ),
    "l": ("l", "lost"),
}
OUTCOMES = {word: letter for letter, words in _DEFAULTS.items() for word in words}
CLASSES = {2: "s", 3: "s", 4: "i", 5: "f"}
# An error without a known code or type is a failure when its message contains one of these or a digit 5.
FAILING = ("timeout", "connection", "unavailable", "5")

_CLASS = re.compile(r"([1-9])xx", re.IGNORECASE)
_RANGE = re.compile(r"(\d{1,5})\s*-\s*(\d{1,5})")
_NUMBER = re.compile(r"(\d{1,5})(?:\.0+)?")


@dataclass(frozen=True, slots=True)
class Rules:
    """The user's own rules, by pattern: letters of outcomes and of statuses. They come before the defaults."""

    outcome: dict[str, str] = field(default_factory=dict)
    status: dict[str, str] = field(default_factory=dict)

    def of_outcome(self, text: str) -> str | None:
        """The letter of an outcome; null when no rule names it."""
        word = plain(text)
        return self.outcome.get(word) or OUTCOMES.get(word)

    def of_status(self, text: str) -> str | None:
        """The letter of a status: the narrowest of the user's rules, else its hundred's; null for others."""
        number = _NUMBER.fullmatch(text.strip())
        if number is None:
            return self.status.get(plain(text))
        code = int(number.group(1))
        fitting = [
            (high - low, letter)
            for pattern, letter in self.status.items()
            for low, high in [_span(pattern)]
            if low <= code <= high
        ]
        return min(fitting)[1] if fitting else CLASSES.get(code // 100)


def plain(text: str) -> str:
    """An outcome without differences that mean nothing: case, and blank or hyphen for underscore."""
    return re.sub(r"[\s\-]+", "_", text.strip().lower())


def of_error(message: str) -> str:
    """The letter of an error of which only the message is known."""
    low = message.lower()
    return "f" if any(part in low for part in FAILING) else "i"


def pattern_of(kind: str, value: str) -> str | None:
    """A rule's left side in its plain form; null when it can match nothing."""
    word = plain(value)
    if kind == "status" and (found := _RANGE.fullmatch(value.strip())):
        low, high = int(found.group(1)), int(found.group(2))
        return f"{low}-{high}" if low <= high else None
    return word or None


def _span(pattern: str) -> tuple[int, int]:
    """The lowest and highest status of a pattern; an empty span for a word."""
    if found := _CLASS.fullmatch(pattern):
        low = int(found.group(1)) * 100
        return low, low + 99
    if found := _RANGE.fullmatch(pattern):
        return int(found.group(1)), int(found.group(2))
    return (int(pattern), int(pattern)) if pattern.isdigit() else (1, 0)
