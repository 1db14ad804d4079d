"""`cbops ticket list`."""

from __future__ import annotations

import typer

from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.tickets import list_tickets
from cbops.model.answers.tickets import TicketListAnswer


def command(context: typer.Context) -> Outcome[TicketListAnswer]:
    """List the tickets of the rollout.

    A file that is missing or was changed by hand is written again from the record.
    """
    place = workplace(context)
    return place.noted(list_tickets(place.rollout(), place.who()))
