"""`cbops canary status`."""

from __future__ import annotations

import typer

from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.status import status
from cbops.model.answers.canary import StatusAnswer


def command(context: typer.Context) -> Outcome[StatusAnswer]:
    """Where the rollout stands, on one screen.

    Reads the journal; the live policy only when a change is in flight, and what
    fires now where an Alertmanager is configured.
    """
    place = workplace(context)
    return status(place.rollout(), place.clock.now(), place.admin, place.alertmanager)
