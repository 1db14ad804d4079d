"""`cbops alerts check`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cbops.cli.lazy import lazy
from cbops.cli.wiring import workplace
from cbops.flows.alerts import check
from cbops.flows.outcome import Outcome
from cbops.model.answers.alerts import AlertsCheckAnswer


def command(
    context: typer.Context,
    *,
    rules: Annotated[
        list[Path], typer.Argument(metavar="RULES…", help="Prometheus rule files, checked together.")
    ],
    days: Annotated[
        int, typer.Option("--days", metavar="N", min=1, max=60, help="How far back to look for data.")
    ] = 7,
) -> Outcome[AlertsCheckAnswer]:
    """Hold rule files against the data (exit 7 for an error).

    Does each selector match series that exist, with these labels and values, and has the rule ever had data? Finds
    rules in the other dialect, and expressions that are well known to be wrong. Nothing is written.
    """
    place = workplace(context)
    read = lazy("cbops.clients.rule_files", "read_rules")
    files = [read(path) for path in dict.fromkeys(rules)]
    return check(files, place.rules(), place.config.metrics, place.clock.now(), days)
