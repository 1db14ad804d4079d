"""`cbops ticket update`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.options import By, words
from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.tickets import Change, update_ticket
from cbops.model.answers.tickets import TicketUpdateAnswer
from cbops.model.ticket import TicketPriority, TicketState


def command(
    context: typer.Context,
    ticket: Annotated[str, typer.Argument(metavar="ID", parser=words, help="CB-OPS-001, or its number.")],
    *,
    to: Annotated[TicketState | None, typer.Option("--to", help="Its next state.")] = None,
    resolution: Annotated[
        str | None,
        typer.Option("--resolution", metavar="TEXT", parser=words, help="With --to resolved: what was done."),
    ] = None,
    note: Annotated[
        str | None,
        typer.Option(
            "--note", metavar="TEXT", parser=words, help="What there is to say; why it opens again."
        ),
    ] = None,
    priority: Annotated[
        TicketPriority | None, typer.Option("--priority", help="Signals no longer change it.")
    ] = None,
    done: Annotated[
        int | None, typer.Option("--done", metavar="N", help="This item of its checklist is done.")
    ] = None,
    by: By = None,
) -> Outcome[TicketUpdateAnswer]:
    """Move a ticket on, add a note, set its priority, tick an item.

    created → triaged → investigating → resolved (with a resolution) → closed; back to investigating with a reason.
    """
    place = workplace(context)
    folder = place.rollout()
    change = Change(to=to, resolution=resolution, note=note, priority=priority, done=done)
    return place.told(folder, update_ticket(folder, place.who(by), ticket, change))
