"""Spans of time, in milliseconds."""

from __future__ import annotations

from collections.abc import Iterable


def united(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """(first, last) in order of their beginning, those that touch or overlap made one."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found
