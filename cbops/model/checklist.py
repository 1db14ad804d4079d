"""The items of the pre-rollout checklist, as in the seed document."""

from __future__ import annotations

from typing import Literal

ItemId = Literal[
    "load_tests",
    "dashboards",
    "alert_rules",
    "rollback_understood",
    "team_trained",
    "disabled_by_default",
    "policies_updatable",
    "reload_works",
]
ItemState = Literal["verified", "attested", "failed", "unknown"]

DONE: tuple[ItemState, ...] = ("verified", "attested")

ITEMS: dict[ItemId, str] = {
    "load_tests": "Load tests executed",
    "dashboards": "Monitoring dashboards specification ready",
    "alert_rules": "Alert rules documented",
    "rollback_understood": "Rollback procedures understood",
    "team_trained": "Team trained on CB operations",
    "disabled_by_default": "Default CB state is DISABLED",
    "policies_updatable": "Policies can be updated via admin API or config",
    "reload_works": "Policy reload mechanism works",
}
