"""JSON in which a key stands twice says two things; the usual reading drops the first in silence."""

from __future__ import annotations

from typing import Any

_SHOWN = 80


class DoubledJsonKeyError(ValueError):
    """A key stands twice in one object."""


def single_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """For json's `object_pairs_hook`: the object; DoubledJsonKeyError names the key."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise DoubledJsonKeyError(f"the key {key[:_SHOWN]!r} stands twice")
            seen.add(key)
    return found
