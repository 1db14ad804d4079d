"""Whether a rollout may begin: go or no-go, with every reason."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen, Instant
from cbops.model.standing import ItemStanding
from cbops.model.tenant import Target

BlockerKind = Literal["checklist", "owner", "freeze", "check"]


class Blocker(Frozen):
    """One reason for no-go: an item of the checklist, the owner, a change freeze, or a check of `doctor` that found a
    problem. `command` resolves it, in words where no one command does.
    """

    kind: BlockerKind
    name: str
    reason: str
    command: str | None


class Readiness(Frozen):
    """Of a rollout that is selected and not enabled. `later`: what enabling itself asks for besides."""

    rollout: str
    target: Target
    at: Instant
    verdict: Literal["go", "no-go"]
    blockers: tuple[Blocker, ...]
    items: tuple[ItemStanding, ...]
    later: tuple[str, ...] = ()
