"""`cbops ticket sync`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from cbops.cli.options import By, words
from cbops.cli.trackers import trackers
from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.sending import sync
from cbops.model.answers.sending import TicketSyncAnswer


def command(
    context: typer.Context,
    *,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="NAME", parser=words, help="This target of cbops.yaml. Default: each."),
    ] = None,
    by: By = None,
) -> Outcome[TicketSyncAnswer]:
    """Take over what became of sent tickets there (exit 7 where one could not be looked at).

    Closed there: resolved here, with who closed it as its resolution. Opened again there: investigated here.
    """
    place = workplace(context)
    outcome = sync(place.rollout(), place.who(by), trackers(place, to))
    return replace(outcome, warnings=tuple(place.notes))
