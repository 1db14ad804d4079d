"""An alert that fires now."""

from __future__ import annotations

from cbops.model.base import Frozen, Instant


class FiringAlert(Frozen):
    """An alert that Alertmanager holds now; `state` is its word: active, suppressed, unprocessed."""

    name: str
    severity: str | None = None
    tenant: str | None = None
    provider: str | None = None
    since: Instant
    state: str
    silenced_by: tuple[str, ...] = ()
    summary: str | None = None
