"""`cbops ticket show`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.options import words
from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.tickets import show_ticket
from cbops.model.answers.tickets import TicketShowAnswer


def command(
    context: typer.Context,
    ticket: Annotated[str, typer.Argument(metavar="ID", parser=words, help="CB-OPS-001, or its number.")],
) -> Outcome[TicketShowAnswer]:
    """Show a ticket with all its sections."""
    place = workplace(context)
    return place.noted(show_ticket(place.rollout(), place.who(), ticket))
