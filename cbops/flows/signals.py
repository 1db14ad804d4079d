"""`ticket signals`: what a ticket should be about."""

from __future__ import annotations

from pathlib import Path

from cbops.flows.outcome import Outcome
from cbops.flows.steps.loading import load
from cbops.flows.steps.signalling import signals_of
from cbops.flows.steps.wording import plural
from cbops.model.answers.tickets import NotLookedAt, SignalAnswer, TicketSignalsAnswer
from cbops.model.config import CriteriaConfig
from cbops.model.ticket import Ticket, TicketDraft


def signals(folder: Path, criteria: CriteriaConfig) -> Outcome[TicketSignalsAnswer]:
    """Every signal in the record, with the ticket that it has; asks nobody and writes nothing."""
    state = load(folder)
    found = signals_of(folder, state, criteria)
    tickets = {ticket.fingerprint: ticket for ticket in state.tickets}
    listed = tuple(_answer(draft, tickets.get(draft.fingerprint)) for draft in found.drafts)
    gaps = tuple(NotLookedAt(kind=gap.kind, why=gap.why) for gap in found.not_looked_at)
    fresh = [each for each in listed if each.ticket is None]
    return Outcome(
        data=TicketSignalsAnswer(rollout=state.id, signals=listed, not_looked_at=gaps),
        headline=f"{plural(len(listed), 'signal')} in {state.id}, {len(fresh)} without a ticket.",
        body=(
            *(line for each in listed for line in _lines(each)),
            *(f"  not looked at: {gap.kind.words}: {gap.why}" for gap in gaps),
        ),
        next_step="Open tickets: cbops ticket create --from-signal all"
        if fresh
        else "See the tickets: cbops ticket list"
        if listed
        else "Collect and judge another day: cbops monitor daily",
    )


def _answer(draft: TicketDraft, ticket: Ticket | None) -> SignalAnswer:
    return SignalAnswer(
        id=draft.fingerprint,
        kind=draft.kind,
        priority=draft.priority,
        title=draft.title,
        signal=draft.signal,
        last_seen=draft.last_seen,
        evidence=draft.body.evidence,
        proposal=draft.body.proposal,
        replay=draft.body.replay,
        ticket=None if ticket is None else ticket.id,
        ticket_state=None if ticket is None else ticket.state,
    )


def _lines(signal: SignalAnswer) -> tuple[str, ...]:
    ticket = "no ticket" if signal.ticket is None else f"{signal.ticket}, {signal.ticket_state}"
    return (
        f"  {signal.priority.value:<8}  {signal.kind.words:<22} {signal.title}",
        f"            {signal.signal}",
        f"            {signal.id} ({ticket})",
    )
