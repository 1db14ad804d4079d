"""`cbops monitor note`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.options import By, words
from cbops.cli.wiring import workplace
from cbops.flows.notes import NoteKind, add_note
from cbops.flows.outcome import Outcome
from cbops.model.answers.monitor import NoteAnswer


def command(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", parser=words, help="What to write down.")],
    day: Annotated[int | None, typer.Option("--day", min=1, help="The day's number. Default: today.")] = None,
    kind: Annotated[NoteKind, typer.Option("--kind", help="Where it stands in the log.")] = "note",
    by: By = None,
) -> Outcome[NoteAnswer]:
    """Add an issue, an action or a note to a day."""
    place = workplace(context)
    folder = place.rollout()
    return place.told(folder, add_note(folder, place.who(by), day=day, kind=kind, text=text))
