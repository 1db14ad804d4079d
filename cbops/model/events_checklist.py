"""Events of the checklist before the rollout: what a person said of an item, and what was found when it was verified."""

from __future__ import annotations

from datetime import date
from typing import Literal

from cbops.model.base import Frozen, Instant, Sha
from cbops.model.checklist import ItemId, ItemState


class ChecklistMarked(Frozen):
    """A person's word on one item.

    `person`: whom it is about (who was trained, who understood), where that is not the one who marks; `read` what
    that person read, `on` the day of it. `expires_at`: when it must be said again (null: never, and in journals
    before that was recorded).
    """

    type: Literal["checklist_marked"] = "checklist_marked"
    item: ItemId
    state: ItemState
    note: str | None = None
    person: str | None = None
    read: tuple[str, ...] = ()
    on: date | None = None
    expires_at: Instant | None = None


class ItemVerified(Frozen):
    """One item was looked at by machine; the figures are `evidence`.

    `unknown`: it could not be looked at. `command` resolves what is not verified (null: verified). `happened_at`:
    when what it rests on happened, where that isn't now (a load test); it is good until `expires_at` (null: it
    isn't verified).
    """

    type: Literal["item_verified"] = "item_verified"
    item: ItemId
    state: Literal["verified", "failed", "unknown"]
    sentence: str
    command: str | None = None
    evidence: Sha | None = None
    happened_at: Instant | None = None
    expires_at: Instant | None = None
