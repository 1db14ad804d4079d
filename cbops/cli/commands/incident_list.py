"""`cbops incident list`."""

from __future__ import annotations

import typer

from cbops.cli.wiring import workplace
from cbops.flows.notes import list_incidents
from cbops.flows.outcome import Outcome
from cbops.model.answers.monitor import IncidentsAnswer


def command(context: typer.Context) -> Outcome[IncidentsAnswer]:
    """List the declared incidents."""
    place = workplace(context)
    folder = place.rollout()
    return place.told(folder, list_incidents(folder))
