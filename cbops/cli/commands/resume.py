"""`cbops resume`."""

from __future__ import annotations

import typer

from cbops.cli.options import By
from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.resume import resume
from cbops.model.answers.canary import ResumeAnswer


def command(context: typer.Context, by: By = None) -> Outcome[ResumeAnswer]:
    """Finish or abandon what was in flight.

    For an enabling that was interrupted: the live policy says whether the write arrived.
    """
    place = workplace(context)
    return place.noted(resume(place.rollout(), place.admin(), place.who(by)))
