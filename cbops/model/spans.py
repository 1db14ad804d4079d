"""Spans of time, in milliseconds since the epoch."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]  # (first, last)


def united(spans: Iterable[Span]) -> list[Span]:
    """In order of their beginning, those that touch or overlap made one."""
    found: list[Span] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def outside(span: Span, covers: Iterable[Span]) -> list[Span]:
    """The parts of a span that none of the others covers."""
    first, last = span
    found = []
    for begin, end in united(covers):
        if end < first:
            continue
        if begin > last:
            break
        if begin > first:
            found.append((first, begin))
        first = max(first, end)
    if first < last:
        found.append((first, last))
    return found


def common(these: Iterable[Span], those: Iterable[Span]) -> list[Span]:
    """What both cover, in order."""
    one, other = united(these), united(those)
    found: list[Span] = []
    i = j = 0
    while i < len(one) and j < len(other):
        first, last = max(one[i][0], other[j][0]), min(one[i][1], other[j][1])
        if first < last:
            found.append((first, last))
        if one[i][1] <= other[j][1]:
            i += 1
        else:
            j += 1
    return found
