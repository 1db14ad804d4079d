"""`cbops report final`."""

from __future__ import annotations

import typer

from cbops.cli.documents import NoPictures, Out, Stdout, place_of
from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.report import final
from cbops.model.answers.record import ReportAnswer


def command(
    context: typer.Context,
    out: Out = None,
    stdout: Stdout = False,
    no_pictures: NoPictures = False,
) -> Outcome[ReportAnswer]:
    """Write the final report.

    To final-report.md in the rollout's folder: decision, criteria, timeline, what was set aside, lessons, tuning.
    """
    place = workplace(context)
    folder = place.rollout()
    where = place_of(place, out, stdout=stdout, no_pictures=no_pictures)
    return place.told(folder, final(folder, place.config.criteria, where))
