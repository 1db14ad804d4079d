"""A ticket as a document: its view, made from its record and its body, and the template that spells it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import tzinfo
from pathlib import Path

from cbops.model.base import iso
from cbops.model.calendar import zone
from cbops.model.sending import SendingRecord
from cbops.model.ticket import Ticket, TicketBody, TicketState, TicketStep
from cbops.render import text
from cbops.render.engine import render
from cbops.render.log_view import PLACEHOLDER, Field, Tick
from cbops.render.markdown import EMPTY, Markdown, code_block, escape, joined, phrase

TEMPLATE = "ticket.md.j2"
NO_REPLAY = Markdown(
    "No replay of recorded traffic is on record, so nothing tells what this change would do: "
    "`cbops replay run --record`, or `cbops replay tune --record`"
)
_STEPS = {
    TicketState.TRIAGED: Markdown("Triaged"),
    TicketState.INVESTIGATING: Markdown("Investigated"),
    TicketState.RESOLVED: Markdown("Resolved"),
    TicketState.CLOSED: Markdown("Documented and closed"),
}


@dataclass(frozen=True, slots=True)
class TicketDocument:
    """What templates/ticket.md.j2 puts out; `front` are the lines between the dashes."""

    front: tuple[Markdown, ...]
    title: Markdown
    status: Markdown
    opened: Markdown
    signal: Markdown
    sent: tuple[Markdown, ...]  # where to, and the address there
    issue: Markdown
    tenants: Markdown
    providers: Markdown
    policies: Markdown
    timeframe: Markdown
    traffic: Markdown
    current: tuple[Markdown, ...]
    expected: tuple[Markdown, ...]
    evidence: tuple[Markdown, ...]
    queries: tuple[Markdown, ...]
    proposal: tuple[Markdown, ...]
    replay: tuple[Markdown, ...]
    user_impact: Markdown
    system_impact: Markdown
    business_impact: Markdown
    priority: Markdown
    checklist: tuple[Field, ...]  # the item, and its box as the only detail
    resolution: Markdown
    history: tuple[Markdown, ...]


def ticket_text(
    rollout: str,
    timezone: str,
    ticket: Ticket,
    body: TicketBody,
    own: Path | None = None,
    *,
    sendings: tuple[SendingRecord, ...] = (),
) -> str:
    """The document of `tickets/CB-OPS-001.md`: the same record gives the same bytes. `own`: the user's templates;
    `sendings`: of the rollout's, where this ticket was sent.

    ConfigError when the time zone is unknown, InputError for a user's template that is wrong.
    """
    view = _document(rollout, zone(timezone), ticket, body, sendings)
    return render(TEMPLATE, own, ticket=view)


def _document(
    rollout: str, tz: tzinfo, ticket: Ticket, body: TicketBody, sendings: tuple[SendingRecord, ...]
) -> TicketDocument:
    context = body.context
    return TicketDocument(
        front=_front(rollout, ticket),
        title=escape(ticket.title),
        status=escape(ticket.state.words.capitalize()),
        opened=phrase("{} by {}", text.instant(ticket.opened_at, tz), ticket.opened_by),
        signal=escape(ticket.signal),
        sent=tuple(_sent(each) for each in sendings if each.ticket == ticket.number and each.id is not None),
        issue=escape(body.issue),
        tenants=_names(context.tenants),
        providers=_names(context.providers),
        policies=_names(context.policies),
        timeframe=_timeframe(body, tz),
        traffic=PLACEHOLDER if context.traffic is None else escape(context.traffic),
        current=_items(body.current),
        expected=_items(body.expected),
        evidence=_items(body.evidence),
        queries=tuple(code_block(query, "promql") for query in body.queries),
        proposal=_items(body.proposal),
        replay=_items(body.replay) if body.replay else (NO_REPLAY,) if body.proposal else (),
        user_impact=_told(body.user_impact),
        system_impact=_told(body.system_impact),
        business_impact=_told(body.business_impact),
        priority=phrase("**{}**{}", ticket.priority.words, _by_person(ticket)),
        checklist=_checklist(ticket, body, tz),
        resolution=_told(ticket.resolution),
        history=tuple(_step(step, tz) for step in ticket.steps),
    )


def change_lines(timezone: str, steps: tuple[TicketStep, ...]) -> tuple[str, ...]:
    """What happened to a ticket, each as one line of Markdown. ConfigError when the time zone is unknown."""
    tz = zone(timezone)
    return tuple(_step(step, tz) for step in steps)


def _front(rollout: str, ticket: Ticket) -> tuple[Markdown, ...]:
    """YAML, in which every text is a quoted one: JSON's spelling is also YAML's."""
    fields: dict[str, object] = {
        "id": ticket.id,
        "title": text.one_line(ticket.heading),
        "kind": ticket.kind.value,
        "labels": list(ticket.labels),
        "priority": ticket.priority.value,
        "state": ticket.state.value,
        "rollout": text.one_line(rollout),
        "fingerprint": text.one_line(ticket.fingerprint),
        "opened": iso(ticket.opened_at),
        "opened_by": text.one_line(ticket.opened_by),
        "changed": iso(ticket.steps[-1].at),
        "last_seen": iso(ticket.last_seen),
        "resolution": None if ticket.resolution is None else text.one_line(ticket.resolution),
    }
    return tuple(
        Markdown(f"{name}: {json.dumps(value, ensure_ascii=False)}") for name, value in fields.items()
    )


def _sent(sending: SendingRecord) -> Markdown:
    state = "not known" if sending.remote is None else sending.remote.value
    return phrase("{} ({}, {})", sending.target, sending.url or sending.id or "", state)


def _items(lines: tuple[str, ...]) -> tuple[Markdown, ...]:
    """Each as an item of a list; none is a place to be filled."""
    return tuple(escape(line) for line in lines) or (PLACEHOLDER,)


def _told(words: str | None) -> Markdown:
    return PLACEHOLDER if words is None else escape(words)


def _names(names: tuple[str, ...]) -> Markdown:
    return joined(names, ", ") if names else Markdown("None in particular")


def _timeframe(body: TicketBody, tz: tzinfo) -> Markdown:
    start, end = body.context.start, body.context.end
    if start is None or end is None:
        return PLACEHOLDER
    return phrase("{}", text.interval(start, end, tz) if end > start else text.instant(start, tz))


def _by_person(ticket: Ticket) -> Markdown:
    return EMPTY if ticket.priority_by is None else phrase(", set by {}", ticket.priority_by)


def _checklist(ticket: Ticket, body: TicketBody, tz: tzinfo) -> tuple[Field, ...]:
    """What is to be done in this ticket, then the steps of its life that were taken since it was last opened."""
    work = [Field(escape(item), (Tick(item in ticket.done).box,)) for item in body.checklist]
    return (*work, *(_life(ticket, state, words, tz) for state, words in _STEPS.items()))


def _life(ticket: Ticket, state: TicketState, words: Markdown, tz: tzinfo) -> Field:
    order = list(TicketState)
    taken = next((step for step in reversed(ticket.steps) if step.state is state), None)
    if taken is None or order.index(state) > order.index(ticket.state):
        return Field(words, (Tick().box,))
    done = state is not TicketState.INVESTIGATING or ticket.state is not state
    told = phrase("{} ({}, by {})", words, text.instant(taken.at, tz), taken.actor)
    return Field(
        told if done else phrase("{} (begun {})", words, text.instant(taken.at, tz)), (Tick(done).box,)
    )


def _step(step: TicketStep, tz: tzinfo) -> Markdown:
    note = phrase(": {}", step.note) if step.note else EMPTY
    return phrase("{}, {}: {}{}", text.instant(step.at, tz), step.actor, step.what, note)
