"""`cbops incident add`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from cbops.cli.options import By, instant, words
from cbops.cli.wiring import workplace
from cbops.clients.files import read_incidents
from cbops.errors import UsageError
from cbops.flows.notes import add_incidents
from cbops.flows.outcome import Outcome
from cbops.model.answers.monitor import IncidentsAnswer
from cbops.model.events import IncidentAdded


def command(
    context: typer.Context,
    *,
    provider: Annotated[
        str | None, typer.Option("--provider", metavar="PROVIDER", parser=words, help="Who failed.")
    ] = None,
    start: Annotated[
        datetime | None, typer.Option("--from", metavar="TIME", parser=instant, help="Since when (ISO 8601).")
    ] = None,
    end: Annotated[
        datetime | None, typer.Option("--to", metavar="TIME", parser=instant, help="Until when (ISO 8601).")
    ] = None,
    note: Annotated[
        str | None, typer.Option("--note", metavar="TEXT", parser=words, help="What is known.")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", metavar="FILE", help='JSON: [{"provider": …, "from": …, "to": …}].'),
    ] = None,
    by: By = None,
) -> Outcome[IncidentsAnswer]:
    """Declare an incident of a provider.

    An open while its provider had an incident is expected.
    """
    place = workplace(context)
    folder = place.rollout()
    if file is not None:
        if provider or start or end or note:
            raise UsageError("--file takes no other option of an incident", hint="Give --file alone.")
        return place.told(folder, add_incidents(folder, place.who(by), tuple(read_incidents(file))))
    if provider is None or start is None or end is None:
        raise UsageError(
            "an incident needs --provider, --from and --to", hint="Or read them from a file: --file FILE"
        )
    incident = IncidentAdded.model_validate({"provider": provider, "from": start, "to": end, "note": note})
    return place.told(folder, add_incidents(folder, place.who(by), (incident,)))
