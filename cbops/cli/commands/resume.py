"""`cbops resume`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.options import By, words
from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.resume import resume
from cbops.flows.steps.gates import Gate
from cbops.model.answers.canary import ResumeAnswer


def command(
    context: typer.Context,
    *,
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--override",
            metavar="ITEM=REASON",
            parser=words,
            help="Finish an enabling although of 'freeze' or 'approval' one is open; on record.",
        ),
    ] = None,
    by: By = None,
) -> Outcome[ResumeAnswer]:
    """Finish or abandon what was in flight.

    For an enabling that was interrupted: the live policy says whether the write arrived.
    """
    place = workplace(context)
    who = place.who(by)
    gate = Gate.of(place.config, who)
    return place.noted(resume(place.rollout(), place.admin(), who, gate, tuple(override or ())))
