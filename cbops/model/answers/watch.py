"""Answer of `monitor watch`."""

from __future__ import annotations

from cbops.model.base import Frozen, Instant
from cbops.model.config_guard import GuardAction
from cbops.model.events_change import RollbackProof
from cbops.model.events_guard import GuardEnd
from cbops.model.guard import Breach


class WatchAnswer(Frozen):
    """What the guard saw. `breaches`: the last of `breach_count` that began; `lasting`: those that hadn't ended.

    `paused`: the rollout's clock stands. `rolled_back` null: no rollback was due; false: it is pending.
    """

    rollout: str
    action: GuardAction
    started_at: Instant
    ended_at: Instant
    why: GuardEnd
    readings: int
    watched_seconds: int
    blind_seconds: int
    blind: str | None  # why the last reading showed nothing; null: it did
    breach_count: int
    breaches: tuple[Breach, ...]
    lasting: tuple[Breach, ...]
    paused: bool
    rolled_back: bool | None
    proof: RollbackProof | None


class UnpauseAnswer(Frozen):
    """The rollout's clock goes on."""

    rollout: str
    paused_since: Instant
    until: Instant
    reason: str
