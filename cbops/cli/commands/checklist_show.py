"""`cbops checklist show`."""

from __future__ import annotations

import typer

from cbops.cli.wiring import workplace
from cbops.flows.notes import show_checklist
from cbops.flows.outcome import Outcome
from cbops.model.answers.monitor import ChecklistAnswer


def command(context: typer.Context) -> Outcome[ChecklistAnswer]:
    """Show the checklist before the rollout."""
    place = workplace(context)
    folder = place.rollout()
    return place.told(folder, show_checklist(folder))
