"""`cbops ticket signals`."""

from __future__ import annotations

import typer

from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.signals import signals
from cbops.model.answers.tickets import TicketSignalsAnswer


def command(context: typer.Context) -> Outcome[TicketSignalsAnswer]:
    """Find what tickets should be about, in what was collected and judged.

    From the record alone; it writes nothing. What the record doesn't tell of is said.
    """
    place = workplace(context)
    return place.noted(signals(place.rollout(), place.config.criteria))
