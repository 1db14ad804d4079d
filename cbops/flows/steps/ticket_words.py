"""Tickets in short, and a person's words as a draft."""

from __future__ import annotations

from cbops.flows.steps.texts import MAX_NAME, MAX_REASON, said
from cbops.model.answers.tickets import TicketAnswer
from cbops.model.state import RolloutState
from cbops.model.ticket import Ticket, TicketContext, TicketDraft, fingerprint

WIDE = 60  # characters of a title in a list


def answer_of(ticket: Ticket) -> TicketAnswer:
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
    )


def line_of(ticket: TicketAnswer) -> str:
    """One line of a list."""
    title = ticket.title if len(ticket.title) <= WIDE else f"{ticket.title[: WIDE - 1]}…"
    return f"  {ticket.id}  {ticket.priority.value:<8}  {ticket.state.value:<13}  {title}"


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
