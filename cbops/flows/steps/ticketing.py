"""A ticket opened, or brought up to date: the journal first, its file after it."""

from __future__ import annotations

from cbops.flows.steps.recording import Record, Who, canonical
from cbops.flows.steps.texts import MAX_NAME, MAX_REASON, clipped
from cbops.flows.steps.ticket_files import write_behind
from cbops.model.events_tickets import TicketMoved, TicketOpened, TicketUpdated
from cbops.model.ticket import Ticket, TicketDraft, TicketState


def draft(record: Record, who: Who, draft: TicketDraft) -> Ticket:
    """The ticket of this fingerprint: opened, brought up to date, or as it is when the draft says nothing new.

    One that was resolved is opened again when its signal was last seen after that; a draft that saw nothing
    since changes nothing of it. The file follows; that it couldn't is a note, not an error.
    Errors: as of `Record.append`.
    """
    known = next((each for each in record.state.tickets if each.fingerprint == draft.fingerprint), None)
    if known is None:
        number = len(record.state.tickets) + 1
        record.append(
            TicketOpened(
                ticket=number,
                fingerprint=draft.fingerprint,
                kind=draft.kind,
                priority=draft.priority,
                last_seen=draft.last_seen,
                body=_body(record, draft),
                title=_title(draft),
                signal=_signal(draft),
            )
        )
    else:
        number = known.number
        _again(record, known, draft)
    write_behind(record, who)
    return record.state.tickets[number - 1]


def _title(draft: TicketDraft) -> str:
    """Short enough for a line of the journal, as is the signal's sentence."""
    return clipped(draft.title, MAX_NAME)


def _signal(draft: TicketDraft) -> str:
    return clipped(draft.signal, 2 * MAX_REASON)


def _body(record: Record, draft: TicketDraft) -> str:
    return record.put_evidence(canonical(draft.body.model_dump(mode="json")))


def _again(record: Record, known: Ticket, draft: TicketDraft) -> None:
    """The same signal once more."""
    if known.resolved_at is not None and draft.last_seen <= known.resolved_at:
        return
    title, signal, body = _title(draft), _signal(draft), _body(record, draft)
    priority = known.priority if known.priority_by is not None else draft.priority
    if (title, signal, body, priority) != (known.title, known.signal, known.body, known.priority):
        record.append(
            TicketUpdated(
                ticket=known.number,
                priority=draft.priority,
                body=body,
                last_seen=max(draft.last_seen, known.last_seen),
                title=title,
                signal=signal,
            )
        )
    if known.state.over:
        seen = f"seen again after it was resolved: {signal}"
        record.append(TicketMoved(ticket=known.number, to=TicketState.INVESTIGATING, note=seen))
