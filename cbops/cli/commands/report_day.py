"""`cbops report day`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.documents import NoPictures, Out, Stdout, place_of
from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.report import day
from cbops.model.answers.record import ReportAnswer


def command(
    context: typer.Context,
    number: Annotated[
        int | None, typer.Option("--day", metavar="N", min=1, help="Default: the last day that was measured.")
    ] = None,
    out: Out = None,
    stdout: Stdout = False,
    no_pictures: NoPictures = False,
) -> Outcome[ReportAnswer]:
    """Write the entry of a day.

    To day-N.md in the rollout's folder: state, figures, alerts, issues, actions, tickets and notes of that day.
    """
    place = workplace(context)
    folder = place.rollout()
    where = place_of(place, out, stdout=stdout, no_pictures=no_pictures)
    return place.told(folder, day(folder, place.config.criteria, where, number))
