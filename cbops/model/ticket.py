"""Tickets: what they say, where they stand, and which moves their life allows.

Source: the domain description (tickets).
"""

from __future__ import annotations

import hashlib
import json
from enum import StrEnum

from cbops.model.base import Frozen, Instant, by_default

TITLE_PREFIX = "[CB-OPS]"
LABELS = ("circuit-breaker", "operational-improvement", "production")


class TicketKind(StrEnum):
    """The five kinds of signal, and what a person writes without one."""

    THRESHOLD_INACCURACY = "threshold_inaccuracy"
    ALERT_NOISE = "alert_noise"
    PERFORMANCE = "performance"
    CONFIGURATION = "configuration"
    OBSERVABILITY_GAP = "observability_gap"
    OPERATOR_WRITTEN = "operator_written"

    @property
    def words(self) -> str:
        """The kind as people read it: `alert noise`."""
        return self.value.replace("_", " ")

    @property
    def label(self) -> str:
        """As trackers spell labels: `alert-noise`."""
        return self.value.replace("_", "-")


class TicketPriority(StrEnum):
    """From nice to have to blocking the rollout."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def words(self) -> str:
        """The priority with its meaning: `High (affecting operations)`."""
        meaning = {
            "low": "nice to have",
            "medium": "should fix soon",
            "high": "affecting operations",
            "critical": "blocking the rollout",
        }[self.value]
        return f"{self.value.capitalize()} ({meaning})"

    @property
    def urgency(self) -> int:
        """0 for low, 3 for critical."""
        return list(TicketPriority).index(self)


class TicketState(StrEnum):
    """The life of a ticket; `closed` is documented and closed."""

    CREATED = "created"
    TRIAGED = "triaged"
    INVESTIGATING = "investigating"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def words(self) -> str:
        return "documented and closed" if self is TicketState.CLOSED else self.value

    @property
    def over(self) -> bool:
        """Whether somebody said what became of it."""
        return self in (TicketState.RESOLVED, TicketState.CLOSED)


# One step forward at a time; a triaged ticket may be resolved without a search for its cause. Back from
# resolved and closed leads to investigating: it is open again.
MOVES: dict[TicketState, tuple[TicketState, ...]] = {
    TicketState.CREATED: (TicketState.TRIAGED,),
    TicketState.TRIAGED: (TicketState.INVESTIGATING, TicketState.RESOLVED),
    TicketState.INVESTIGATING: (TicketState.TRIAGED, TicketState.RESOLVED),
    TicketState.RESOLVED: (TicketState.CLOSED, TicketState.INVESTIGATING),
    TicketState.CLOSED: (TicketState.INVESTIGATING,),
}


class TicketContext(Frozen):
    """Whom and when it is about; `start` and `end` null: not bound to a time, `traffic` null: unknown."""

    tenants: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    policies: tuple[str, ...] = ()
    start: Instant | None = None
    end: Instant | None = None
    traffic: str | None = None


class TicketBody(Frozen):
    """The sections of a ticket, as plain text; each tuple is a list, one item each.

    `queries` are the questions (PromQL) that the figures answer. `replay` is what a recorded replay says of the
    proposal; empty: there is none, and the ticket says so. `checklist`: what must be done until it is resolved.
    """

    issue: str
    context: TicketContext = by_default(TicketContext)
    current: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    queries: tuple[str, ...] = ()
    proposal: tuple[str, ...] = ()
    replay: tuple[str, ...] = ()
    user_impact: str | None = None
    system_impact: str | None = None
    business_impact: str | None = None
    checklist: tuple[str, ...] = ()


class TicketDraft(Frozen):
    """A ticket that is to be opened, or brought up to date where its `fingerprint` has one already.

    `title` without `[CB-OPS]`; `signal` says in one sentence what was seen, `last_seen` when last.
    """

    fingerprint: str
    kind: TicketKind
    title: str
    priority: TicketPriority
    signal: str
    last_seen: Instant
    body: TicketBody


class TicketStep(Frozen):
    """One thing that happened to a ticket; `state` null: it stayed where it was."""

    at: Instant
    actor: str
    what: str
    state: TicketState | None = None
    note: str | None = None


class Ticket(Frozen):
    """A ticket as its journal's events make it; `body` names the evidence that holds its TicketBody.

    `priority_by`: the person who set the priority, which a signal then no longer changes. `done`: items of the checklist.
    """

    number: int
    fingerprint: str
    kind: TicketKind
    title: str
    priority: TicketPriority
    priority_by: str | None = None
    state: TicketState = TicketState.CREATED
    signal: str
    body: str
    opened_at: Instant
    opened_by: str
    last_seen: Instant
    resolved_at: Instant | None = None
    resolution: str | None = None
    done: tuple[str, ...] = ()
    steps: tuple[TicketStep, ...] = ()

    @property
    def id(self) -> str:
        """`CB-OPS-001`."""
        return f"CB-OPS-{self.number:03d}"

    @property
    def heading(self) -> str:
        """`[CB-OPS] <Brief Description>`."""
        return f"{TITLE_PREFIX} {self.title}"

    @property
    def labels(self) -> tuple[str, ...]:
        """What a tracker files it under."""
        return (*LABELS, self.kind.label)


def fingerprint(code: str, *parts: str) -> str:
    """A name for what a signal is about, the same on every day: `unexpected-opens-0f3c9a12b4d5`.

    `parts` are what tells it from others of the same code: tenant, provider, the metric, never a time or a figure.
    """
    spelt = json.dumps([code, *parts], ensure_ascii=True, separators=(",", ":"))
    return f"{code}-{hashlib.sha256(spelt.encode()).hexdigest()[:12]}"
