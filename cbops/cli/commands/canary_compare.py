"""`cbops canary compare`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from cbops.cli.options import By, calendar_date, words
from cbops.cli.wiring import workplace
from cbops.flows.judgement import compare
from cbops.flows.outcome import Outcome
from cbops.flows.steps.comparing import Wished
from cbops.model.answers.canary import CompareAnswer


def command(  # noqa: PLR0917 - options of a command line
    context: typer.Context,
    controls: Annotated[
        str | None,
        typer.Option(
            "--controls", metavar="T1,T2", parser=words, help="Compare with these tenants and no other."
        ),
    ] = None,
    no_controls: Annotated[bool, typer.Option("--no-controls", help="Compare with no tenant.")] = False,
    baseline_from: Annotated[
        date | None,
        typer.Option(
            "--baseline-from", metavar="DATE", parser=calendar_date, help="First day of the baseline."
        ),
    ] = None,
    baseline_to: Annotated[
        date | None,
        typer.Option("--baseline-to", metavar="DATE", parser=calendar_date, help="Its last day, included."),
    ] = None,
    by_rule: Annotated[bool, typer.Option("--by-rule", help="Both by rule again.")] = False,
    reason: Annotated[
        str | None,
        typer.Option("--reason", metavar="REASON", parser=words, help="Why; on record. Needed to set."),
    ] = None,
    by: By = None,
) -> Outcome[CompareAnswer]:
    """Show or set by hand what the canary is compared with.

    Without options it shows the controls and the baseline, and writes nothing.
    """
    place = workplace(context)
    folder = place.rollout()
    wished = Wished(
        controls=None if controls is None else tuple(part.strip() for part in controls.split(",")),
        no_controls=no_controls,
        baseline_from=baseline_from,
        baseline_to=baseline_to,
        by_rule=by_rule,
        reason=reason,
    )
    return place.told(folder, compare(folder, place.who(by), place.config.criteria, wished))
