"""`cbops journal show`."""

from __future__ import annotations

import typer

from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.record import show
from cbops.model.answers.record import JournalShowAnswer


def command(context: typer.Context) -> Outcome[JournalShowAnswer]:
    """Show the record of the rollout."""
    place = workplace(context)
    folder = place.rollout()
    return place.told(folder, show(folder))
