"""The answer of `doctor`: one check after the other."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen, Instant, JsonObject
from cbops.model.readiness import Readiness

# The worst last. `unknown` could not be found out, and is neither right nor wrong.
CheckLevel = Literal["ok", "unknown", "warning", "problem"]
CheckGroup = Literal["configuration", "router", "metrics", "alerts", "dashboard", "clocks", "installation"]


class DoctorCheck(Frozen):
    """One thing that must be right before a rollout.

    `id` names the check, `subject` what it looked at (a tenant, a metric, a rule; null: there is one only).
    `text` is one sentence with the numbers of this place. `remedy` is a command or a setting, null where there is
    nothing to do; `evidence` holds the numbers and, under `query`, what was asked.
    """

    group: CheckGroup
    id: str
    subject: str | None = None
    level: CheckLevel
    text: str
    remedy: str | None = None
    evidence: JsonObject = {}


class CheckCounts(Frozen):
    """How many checks came to which level."""

    problem: int = 0
    warning: int = 0
    unknown: int = 0
    ok: int = 0


class RequestCounts(Frozen):
    """What the checks cost; those of the embedded store are none."""

    admin: int = 0
    metrics: int = 0
    alertmanager: int = 0


class DoctorAnswer(Frozen):
    """`ok`: the exit status is 0. `tenants` are those that were looked at, over the last `days` days.

    `readiness`: go or no-go for each rollout that is selected and not enabled.
    """

    ok: bool
    strict: bool
    at: Instant
    days: int
    tenants: tuple[str, ...]
    counts: CheckCounts
    requests: RequestCounts
    checks: tuple[DoctorCheck, ...]
    readiness: tuple[Readiness, ...] = ()
