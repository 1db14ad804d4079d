"""What a policy check says, and from what it says it."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen

Level = Literal["error", "warning", "info"]

# The worst first.
LEVELS: tuple[Level, ...] = ("error", "warning", "info")


class PolicyFinding(Frozen):
    """One thing that a policy check says.

    `code` names the rule, `sentence` explains it with the policy's numbers, `fix` says what to do. An error
    is a policy that can't work as written; a warning is a risk; info is what one should know.
    """

    code: str
    level: Level
    sentence: str
    fix: str


class Fact(Frozen):
    """A figure that the checks use; `value` null is unknown.

    `told` says where it comes from, or why nobody knows it.
    """

    name: str
    value: float | bool | None
    told: str
