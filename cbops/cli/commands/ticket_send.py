"""`cbops ticket send`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from cbops.cli.confirm import confirm
from cbops.cli.options import By, Yes, words
from cbops.cli.trackers import trackers
from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.sending import errands, preview, send
from cbops.flows.steps.wording import plural
from cbops.model.answers.sending import TicketSendAnswer


def command(
    context: typer.Context,
    tickets: Annotated[
        list[str] | None,
        typer.Argument(metavar="ID|all", parser=words, help="Default: all that are open or were sent."),
    ] = None,
    *,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="NAME", parser=words, help="This target of cbops.yaml. Default: each."),
    ] = None,
    dry: Annotated[
        bool, typer.Option("--dry-run", help="Show the exact requests, without the secrets; send nothing.")
    ] = False,
    yes: Yes = False,
    by: By = None,
) -> Outcome[TicketSendAnswer]:
    """Send tickets to where your team works (exit 7 where one could not be sent).

    Each is looked up before it is opened there, so sending again is harmless; what happened since goes as a comment.
    """
    place = workplace(context)
    folder, who = place.rollout(), place.who(by)
    made = trackers(place, to)
    todo = errands(folder, who, made, tuple(tickets or ()))
    if dry:
        return place.noted(preview(made, todo))
    waiting = [each for each in todo[1] if each.letter.news]
    if waiting:
        names = ", ".join(dict.fromkeys(each.target for each in waiting))
        number = len({each.ticket.number for each in waiting})
        confirm(f"Send {plural(number, 'ticket')} to {names}?", yes=yes)
    outcome = send(folder, who, made, todo)
    return replace(outcome, warnings=tuple(place.notes))
