"""Answers of `checklist …`."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen, Sha
from cbops.model.checklist import ItemId
from cbops.model.standing import ItemStanding


class ChecklistAnswer(Frozen):
    """`complete`: every item is verified or attested."""

    rollout: str
    items: tuple[ItemStanding, ...]
    complete: bool


class ItemFound(Frozen):
    """What was found of one item now; `command` resolves it (null: verified), `evidence` holds the figures."""

    item: ItemId
    state: Literal["verified", "failed", "unknown"]
    sentence: str
    command: str | None
    evidence: Sha


class ChecklistVerifyAnswer(Frozen):
    """What was found now, and how every item stands after it."""

    rollout: str
    found: tuple[ItemFound, ...]
    items: tuple[ItemStanding, ...]
    complete: bool
