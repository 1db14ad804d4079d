"""`cbops doctor`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from cbops.cli.examining import premises_of
from cbops.cli.options import words
from cbops.cli.wiring import Workplace, anywhere, workplace
from cbops.errors import ConfigError
from cbops.flows.doctor import examine
from cbops.flows.outcome import Outcome
from cbops.model.answers.doctor import DoctorAnswer


def command(
    context: typer.Context,
    *,
    tenant: Annotated[
        list[str] | None,
        typer.Option(
            "--tenant",
            metavar="TENANT",
            parser=words,
            help="Look at this tenant; may be given several times. Default: the rollouts', else those of tenants.yaml.",
        ),
    ] = None,
    days: Annotated[
        int, typer.Option("--days", metavar="N", min=1, max=60, help="How far back to look for data.")
    ] = 7,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit 7 for warnings, and for what is unknown, too.")
    ] = False,
) -> Outcome[DoctorAnswer]:
    """Look whether everything is reachable and right (exit 7 for a problem).

    Settings, records, the router's admin API, metrics, scraping, alert rules, Alertmanager, dashboard queries and
    clocks. Each check stands for itself, and nothing is written anywhere.
    """
    place, warnings = _place(context)
    outcome = examine(premises_of(place, tuple(tenant or ()), days), strict=strict)
    return replace(outcome, warnings=(*outcome.warnings, *warnings))


def _place(context: typer.Context) -> tuple[Workplace, tuple[str, ...]]:
    """The workplace; with the real time where the practice router's is asked for and can't be had."""
    try:
        return workplace(context), ()
    except ConfigError as error:
        place = anywhere(context)
        if place is None:
            raise
        return place, (f"the real time is used: {error.message}",)
