"""What the guard does on record: that it began and ended, its breaches with their tickets, pausing, rolling back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cbops.errors import CbopsError
from cbops.flows.ports import AdminPort, SamplePort
from cbops.flows.steps.disabling import disable
from cbops.flows.steps.notifying import about, announce, announce_rollback, outcomes
from cbops.flows.steps.orders import Order
from cbops.flows.steps.proving import Proving, Told, prove
from cbops.flows.steps.recording import Who, recording
from cbops.flows.steps.scribe import scribe
from cbops.flows.steps.texts import clipped
from cbops.flows.steps.ticketing import draft
from cbops.journal.writer import WAIT_SECONDS
from cbops.model.config import MetricsConfig
from cbops.model.config_guard import GuardAction
from cbops.model.config_notifications import NotificationKind
from cbops.model.events import Event
from cbops.model.events_change import RollbackProof
from cbops.model.events_guard import BreachKind, GuardBreached, GuardEnded, RolloutPaused
from cbops.model.guard import Breach
from cbops.model.state import RolloutState
from cbops.model.ticket import TicketBody, TicketContext, TicketDraft, TicketKind, TicketPriority

HURRY_SECONDS = 0.5  # to wait for whoever holds the record, before the breaker is disabled without one

KINDS: dict[BreachKind, TicketKind] = {
    "error_rate": TicketKind.CONFIGURATION,
    "latency": TicketKind.PERFORMANCE,
    "stuck": TicketKind.CONFIGURATION,
    "not_closed": TicketKind.THRESHOLD_INACCURACY,
    "control_plane": TicketKind.OBSERVABILITY_GAP,
    "blind": TicketKind.OBSERVABILITY_GAP,
}
TITLES: dict[BreachKind, str] = {
    "error_rate": "The canary's error rate is beyond its bound",
    "latency": "The canary's latency is beyond its bound",
    "stuck": "A circuit of the canary is stuck",
    "not_closed": "A circuit of the canary stays open",
    "control_plane": "The router's admin API does not answer",
    "blind": "The canary's metrics are missing",
}


@dataclass(frozen=True, slots=True)
class Doing:
    """A breach, and what follows from it in this run."""

    breach: Breach
    action: GuardAction
    readings: int


def put(folder: Path, who: Who, *events: Event) -> None:
    """Append them. CbopsError when the record can't be written."""
    # At its end it waits for what channels say; before, nothing does.
    told = outcomes(who, wait=any(isinstance(event, GuardEnded) for event in events))
    with recording(folder, who) as (record, _):
        for event in (*told, *events):
            record.append(event)


def record_breach(folder: Path, who: Who, doing: Doing) -> str:
    """The breach on record, its ticket, and the pause where that follows; returns the ticket's id."""
    breach = doing.breach
    told = clipped(breach.told)
    event = GuardBreached(
        kind=breach.kind, subject=breach.subject, action=doing.action, readings=doing.readings, told=told
    )
    with recording(folder, who) as (record, _):
        record.append(event)
        if doing.action == "pause" and record.state.paused_since is None:
            record.append(RolloutPaused(since=breach.at, reason=told))
        ticket, whom = draft(record, who, _draft(record.state, doing)).id, about(record.state)
    announce(who, NotificationKind.BREACH, whom, told, f"what follows: {doing.action}", f"ticket: {ticket}")
    return ticket


def _draft(state: RolloutState, doing: Doing) -> TicketDraft:
    breach = doing.breach
    target = state.target
    return TicketDraft(
        fingerprint=f"guard:{breach.kind}:{breach.subject or ''}",
        kind=KINDS[breach.kind],
        title=TITLES[breach.kind],
        priority=TicketPriority.CRITICAL if doing.action == "rollback" else TicketPriority.HIGH,
        signal=breach.told,
        last_seen=breach.at,
        body=TicketBody(
            issue=f"The guard (`monitor watch`) saw a hard breach: {breach.told}.",
            context=TicketContext(
                tenants=(target.tenant,),
                providers=(target.provider,),
                policies=(target.policy,),
                start=breach.at,
            ),
            current=(breach.told,),
            expected=("within its bound (guard in cbops.yaml)",),
            evidence=(f"{doing.readings} readings in a row; it followed: {doing.action}",),
            checklist=("Find the cause", "Decide: cbops evaluate, cbops decide"),
        ),
    )


def roll_back(admin: AdminPort, folder: Path, who: Who, order: Order) -> tuple[str, ...]:
    """Disable, on record as far as that can be written; returns what to say besides.

    Where another process holds the record, once more when it is free, which puts it on record.
    CbopsError where it didn't get through: then it is pending, and the hint says what to do by hand.
    """
    done = _done(admin, folder, who, order)
    announce_rollback(who, folder, order)
    return done


def _done(admin: AdminPort, folder: Path, who: Who, order: Order) -> tuple[str, ...]:
    told, locked = _once(admin, folder, who, order, HURRY_SECONDS)
    if not locked:
        return told
    try:
        again, locked = _once(admin, folder, who, order, WAIT_SECONDS)
    except CbopsError as error:
        return (*told, f"it could not be looked at again: {error.message}")
    return told if locked else again


def _once(
    admin: AdminPort, folder: Path, who: Who, order: Order, wait_seconds: float
) -> tuple[tuple[str, ...], bool]:
    """(what to say besides, whether another process held the record)."""
    with scribe(folder, who, wait_seconds=wait_seconds) as record:
        done = disable(admin, record, order)
        kept = record.kept()
        return (*done.warnings, *kept.warnings, *kept.lines), record.locked


def prove_it(  # noqa: PLR0917 - each is one thing of its own
    samples: SamplePort, metrics: MetricsConfig, folder: Path, who: Who, wanted: Proving, told: Told
) -> RollbackProof:
    """Wait for the proof, and put it on record where that works."""
    found = prove(samples, metrics, who.clock, wanted, told)
    try:
        put(folder, who, found)
    except CbopsError as error:
        told(f"the proof could not be put on record: {error.message}")
    return found
