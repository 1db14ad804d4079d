"""`cbops report weekly`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.documents import NoPictures, Out, Stdout, place_of
from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.report import weekly
from cbops.model.answers.record import ReportAnswer


def command(
    context: typer.Context,
    number: Annotated[
        int | None,
        typer.Option("--week", metavar="N", min=1, help="1 is days 1 to 7. Default: the last measured."),
    ] = None,
    out: Out = None,
    stdout: Stdout = False,
    no_pictures: NoPictures = False,
) -> Outcome[ReportAnswer]:
    """Write the summary of a week.

    To weekly-summary-N.md in the rollout's folder: opens, error rate, latency, tickets by kind, recommendations.
    """
    place = workplace(context)
    folder = place.rollout()
    where = place_of(place, out, stdout=stdout, no_pictures=no_pictures)
    return place.told(folder, weekly(folder, place.config.criteria, where, number))
