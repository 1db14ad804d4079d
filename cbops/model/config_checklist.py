"""Configuration of the checklist before the rollout: how old the word on an item may be."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from cbops.model.base import Frozen, by_default
from cbops.model.checklist import ItemId

Days = Annotated[int, Field(ge=1, le=3650)]


class AgesConfig(Frozen):
    """Days after which an item must be verified, or attested, again. `rehearsal`: the rollback rehearsed by machine."""

    load_tests: Days = 30  # counted from the test itself
    dashboards: Days = 30
    alert_rules: Days = 30
    rollback_understood: Days = 90
    rehearsal: Days = 30
    team_trained: Days = 180
    disabled_by_default: Days = 7
    policies_updatable: Days = 30
    reload_works: Days = 30

    def verified(self, item: ItemId) -> timedelta:
        """How long what a machine found holds."""
        return timedelta(days=self.rehearsal if item == "rollback_understood" else self._days(item))

    def attested(self, item: ItemId) -> timedelta:
        """How long a person's word holds."""
        return timedelta(days=self._days(item))

    def _days(self, item: ItemId) -> int:
        days: int = getattr(self, item)
        return days


class ChecklistConfig(Frozen):
    """The checklist's settings."""

    max_age_days: AgesConfig = by_default(AgesConfig)
