"""Tickets in short, and a person's words as a draft."""

from __future__ import annotations

from cbops.errors import InputError
from cbops.flows.steps.texts import MAX_NAME, MAX_REASON, said
from cbops.model.answers.tickets import SentTo, TicketAnswer
from cbops.model.sending import SendingRecord
from cbops.model.state import RolloutState
from cbops.model.ticket import Ticket, TicketContext, TicketDraft, fingerprint

WIDE = 60  # characters of a title in a list
WIDE_ID = 12  # of an id elsewhere


def answer_of(state: RolloutState, ticket: Ticket) -> TicketAnswer:
    """The ticket as answers have it."""
    return TicketAnswer(
        id=ticket.id,
        title=ticket.heading,
        kind=ticket.kind,
        priority=ticket.priority,
        state=ticket.state,
        labels=ticket.labels,
        signal=ticket.signal,
        fingerprint=ticket.fingerprint,
        opened_at=ticket.opened_at,
        opened_by=ticket.opened_by,
        last_seen=ticket.last_seen,
        resolution=ticket.resolution,
        file=f"tickets/{ticket.id}.md",
        sent=tuple(_sent(ticket, each) for each in state.sendings if each.ticket == ticket.number),
    )


def _sent(ticket: Ticket, sending: SendingRecord) -> SentTo:
    return SentTo(
        target=sending.target,
        id=sending.id,
        url=sending.url,
        state=sending.remote,
        behind=sending.id is None or sending.steps < len(ticket.steps),
        failed=sending.failed,
    )


def line_of(ticket: TicketAnswer) -> str:
    """One line of a list."""
    title = ticket.title if len(ticket.title) <= WIDE else f"{ticket.title[: WIDE - 1]}…"
    line = f"  {ticket.id}  {ticket.priority.value:<8}  {ticket.state.value:<13}  {title}"
    return f"{line}  → {', '.join(_place(each) for each in ticket.sent)}" if ticket.sent else line


def _place(sent: SentTo) -> str:
    """`ops 12 (open)`."""
    if sent.id is None:
        return f"{sent.target} NOT SENT"
    told = "not known" if sent.state is None else sent.state.value
    number = sent.id if len(sent.id) <= WIDE_ID else f"{sent.id[:WIDE_ID]}…"
    return f"{sent.target} {number} ({told}{', behind' if sent.behind else ''})"


def ticket_of(state: RolloutState, wanted: str) -> Ticket:
    """By its id, or by its number alone. InputError when there is none."""
    number = wanted.upper().removeprefix("CB-OPS-")
    digits = number.isascii() and number.isdecimal() and len(number) < 10
    if digits and 1 <= int(number) <= len(state.tickets):
        return state.tickets[int(number) - 1]
    known = f"CB-OPS-001 to {state.tickets[-1].id}" if state.tickets else "none"
    raise InputError(f"there is no ticket '{wanted[:40]}' in {state.id}", hint=f"Tickets: {known}.")


def draft_of(state: RolloutState, written: TicketDraft) -> TicketDraft:
    """A person's draft, with the context of the rollout and a fingerprint of its own.

    The same words twice are the same ticket. InputError for words that the record can't hold.
    """
    title = said(written.title, "--title", MAX_NAME)
    days = state.days
    body = written.body
    whole = body.model_copy(
        update={
            "issue": said(body.issue, "--issue"),
            "current": _told(body.current, "--current"),
            "expected": _told(body.expected, "--expected"),
            "evidence": _told(body.evidence, "--evidence"),
            "proposal": _told(body.proposal, "--proposal"),
            "user_impact": None if body.user_impact is None else said(body.user_impact, "--impact"),
            "context": TicketContext(
                tenants=(state.target.tenant,),
                providers=(state.target.provider,),
                policies=(state.target.policy,),
                start=days[0].window.start if days else None,
                end=days[-1].window.end if days else None,
            ),
        }
    )
    signal = said(written.signal, "--signal", MAX_REASON)
    mark = fingerprint("written", title)
    return written.model_copy(update={"title": title, "signal": signal, "fingerprint": mark, "body": whole})


def _told(lines: tuple[str, ...], option: str) -> tuple[str, ...]:
    return tuple(said(line, option) for line in lines)
