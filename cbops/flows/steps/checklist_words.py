"""The checklist in plain lines."""

from __future__ import annotations

from cbops.flows.steps.checklist import ItemStanding
from cbops.model.checklist import ItemState

MARKS: dict[ItemState, str] = {"verified": "✓", "attested": "✓", "failed": "✗", "unknown": "?"}
READY = "Enable the canary: cbops canary enable --dry-run"
_INDENT = " " * 4


def complete(items: tuple[ItemStanding, ...]) -> bool:
    """Every item is verified or attested."""
    return all(one.done for one in items)


def headline(items: tuple[ItemStanding, ...]) -> str:
    """How many are open."""
    still = [one for one in items if not one.done]
    if not still:
        return "The checklist is complete."
    return f"{len(still)} of {len(items)} items {'is' if len(still) == 1 else 'are'} open."


def item_lines(items: tuple[ItemStanding, ...]) -> tuple[str, ...]:
    """A line for each item; under it what it rests on, or why it is open and what resolves that."""
    lines: list[str] = []
    for one in items:
        until = f", good until {one.expires_at:%Y-%m-%d}" if one.done and one.expires_at else ""
        lines.append(f"  {MARKS[one.state]} {one.item:<20} {one.state:<9} {one.title}{until}")
        if one.at is not None or one.state != "unknown":
            who = f" ({one.by}, {one.at:%Y-%m-%d %H:%M} UTC)" if one.by and one.at else ""
            lines.append(f"{_INDENT}{one.evidence}{who}")
        lines += [f"{_INDENT}  {_person(person)}" for person in _named(one)]
        if one.command and not one.done:
            lines.append(f"{_INDENT}do: {one.command}")
    return tuple(lines)


def next_step(items: tuple[ItemStanding, ...]) -> str:
    """What resolves the open ones: all that a machine can at once, then one by one."""
    still = [one for one in items if not one.done]
    if not still:
        return READY
    unseen = [one for one in still if one.at is None and one.command and " verify " in one.command]
    if len(unseen) > 1:
        return "Verify what a machine can: cbops checklist verify"
    first = still[0].command or ""
    return first if ": " in first else f"Resolve {still[0].item}: {first}"


def _named(item: ItemStanding) -> list[tuple[str, str, tuple[str, ...]]]:
    """The people on record; the one who attested it alone, having read nothing that is named, says nothing new."""
    listed = [(one.name, one.on, one.read) for one in item.people]
    return [] if [(name, read) for name, _, read in listed] == [(item.by, ())] else listed


def _person(person: tuple[str, str, tuple[str, ...]]) -> str:
    name, on, read = person
    return f"{name}, {on}" + (f", read {', '.join(read)}" if read else "")
