"""`cbops checklist show`."""

from __future__ import annotations

import typer

from cbops.cli.wiring import workplace
from cbops.flows.checklist import show
from cbops.flows.outcome import Outcome
from cbops.model.answers.checklist import ChecklistAnswer


def command(context: typer.Context) -> Outcome[ChecklistAnswer]:
    """Show the checklist before the rollout.

    Each item with its state, what that rests on, until when it is good, and what resolves it.
    """
    place = workplace(context)
    folder = place.rollout()
    return place.told(folder, show(folder, place.clock.now()))
