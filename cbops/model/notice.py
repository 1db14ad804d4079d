"""What a message to a channel is about."""

from __future__ import annotations

from cbops.model.base import Frozen


class About(Frozen):
    """Whom and what; null: not known."""

    tenant: str
    policy: str
    rollout: str | None = None
    provider: str | None = None
    owner: str | None = None
    timezone: str = "UTC"
