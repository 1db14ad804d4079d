"""`cbops report log`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.documents import NoPictures, Out, Stdout, place_of
from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.report import log
from cbops.model.answers.record import ReportAnswer


def command(
    context: typer.Context,
    out: Out = None,
    stdout: Stdout = False,
    no_pictures: NoPictures = False,
    blank: Annotated[bool, typer.Option("--blank", help="The empty log, before any rollout.")] = False,
) -> Outcome[ReportAnswer]:
    """Write the execution log.

    To execution-log.md in the rollout's folder, from the record alone: writing it again gives the same bytes.
    """
    place = workplace(context)
    where = place_of(place, out, stdout=stdout, no_pictures=no_pictures)
    if blank:
        return log(None, place.config.criteria, where)
    folder = place.rollout()
    return place.told(folder, log(folder, place.config.criteria, where))
