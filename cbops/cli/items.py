"""Items of the checklist, as they are named on the command line."""

from __future__ import annotations

from collections.abc import Collection

from cbops.errors import UsageError
from cbops.model.checklist import ITEMS, ItemId
from cbops.model.near import did_you_mean


def checklist_items(named: Collection[str], known: Collection[ItemId] = tuple(ITEMS)) -> tuple[ItemId, ...]:
    """In the order of the checklist; `all` (or none) are all that are known. UsageError for any other word."""
    if list(named) in (["all"], []):
        return tuple(item for item in ITEMS if item in known)
    unknown = [name for name in named if name not in ITEMS]
    if unknown:
        raise UsageError(
            f"there is no checklist item '{unknown[0]}'",
            hint=f"{did_you_mean(unknown[0], known)}Items: {', '.join(known)}; or all.",
        )
    return tuple(item for item in ITEMS if item in named)
