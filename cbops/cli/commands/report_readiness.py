"""`cbops report readiness`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cbops.cli.examining import premises_of
from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.readiness import report
from cbops.model.answers.readiness import ReadinessAnswer


def command(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option("--out", metavar="PATH", help="Where else to write it.")] = None,
    stdout: Annotated[bool, typer.Option("--stdout", help="Print it instead of writing it.")] = False,
    days: Annotated[
        int, typer.Option("--days", metavar="N", min=1, max=60, help="How far back to look for data.")
    ] = 7,
) -> Outcome[ReadinessAnswer]:
    """Write the page that says go or no-go (exit 7 for no-go).

    To readiness.md in the rollout's folder: the checklist with its evidence, every check of 'cbops doctor', and
    each blocking reason with the command that resolves it.
    """
    place = workplace(context)
    folder = place.rollout()
    looked = report(folder, premises_of(place, (), days), out=out, stdout=stdout, own=place.templates)
    return place.told(folder, looked)
