"""`cbops report log`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.report import log
from cbops.model.answers.record import ReportAnswer


def command(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option("--out", metavar="PATH", help="Where else to write it.")] = None,
    stdout: Annotated[bool, typer.Option("--stdout", help="Print it instead of writing it.")] = False,
    blank: Annotated[bool, typer.Option("--blank", help="The empty log, before any rollout.")] = False,
) -> Outcome[ReportAnswer]:
    """Write the execution log.

    To execution-log.md in the rollout's folder, from the record alone: writing it again gives the same bytes.
    """
    place = workplace(context)
    if blank:
        return log(None, place.config.criteria, out=out, stdout=stdout, own=place.templates)
    folder = place.rollout()
    written = log(folder, place.config.criteria, out=out, stdout=stdout, own=place.templates)
    return place.told(folder, written)
