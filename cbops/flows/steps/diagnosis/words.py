"""The checks in plain lines. What a line means is in its first word, not in a colour."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from cbops.model.answers.doctor import CheckCounts, CheckLevel, DoctorCheck

_WORST_FIRST: tuple[CheckLevel, ...] = ("problem", "warning", "unknown", "ok")
_MARKS: dict[CheckLevel, str] = {"ok": "ok", "unknown": "?", "warning": "!", "problem": "✗"}
_WIDTH = 10


def some(names: Iterable[str], limit: int = 5) -> str:
    """The first of them in quotes, and how many more there are."""
    listed = list(dict.fromkeys(names))
    more = f" and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(f"'{name}'" for name in listed[:limit]) + more


def counted(checks: Sequence[DoctorCheck]) -> CheckCounts:
    """How many of each level."""
    return CheckCounts(**{level: sum(one.level == level for one in checks) for level in _WORST_FIRST})


def headline(counts: CheckCounts) -> str:
    """`2 problems, 1 warning, 3 unknown, 14 checks passed.`"""
    said = [
        f"{counts.problem} {'problem' if counts.problem == 1 else 'problems'}" if counts.problem else "",
        f"{counts.warning} {'warning' if counts.warning == 1 else 'warnings'}" if counts.warning else "",
        f"{counts.unknown} unknown" if counts.unknown else "",
        f"{counts.ok} {'check' if counts.ok == 1 else 'checks'} passed",
    ]
    found = ", ".join(part for part in said if part)
    return f"{found}." if counts.problem else f"No problem: {found}."


def lines(checks: Sequence[DoctorCheck]) -> tuple[str, ...]:
    """Group by group; under what is not right, what to do about it."""
    told: list[str] = []
    for group, members in groupby(checks, key=lambda one: one.group):
        told.append(group)
        for one in members:
            level = one.level if one.level != "ok" else ""
            told.append(f"  {f'{_MARKS[one.level]} {level}'.rstrip():<{_WIDTH}} {one.text}")
            if one.remedy and one.level != "ok":
                told.append(f"  {'':<{_WIDTH}} do: {one.remedy}")
    return tuple(told)


def next_step(checks: Sequence[DoctorCheck], *, strict: bool) -> str:
    """What resolves the first of the worst; with `strict` also of what is only open."""
    for level in _WORST_FIRST[:3]:
        first = next((one for one in checks if one.level == level and one.remedy), None)
        if first is not None and (level != "unknown" or strict):
            return f"{first.remedy} (then again: cbops doctor)"
    return "Nothing to repair. Choose or watch the canary: cbops canary status"
