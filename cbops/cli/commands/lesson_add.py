"""`cbops lesson add`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.options import By, words
from cbops.cli.wiring import workplace
from cbops.flows.notes import LessonKind, add_lesson
from cbops.flows.outcome import Outcome
from cbops.model.answers.monitor import LessonAnswer


def command(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", parser=words, help="What was learned.")],
    kind: Annotated[LessonKind, typer.Option("--kind", help="Where it stands in the log.")],
    by: By = None,
) -> Outcome[LessonAnswer]:
    """Add a lesson to the log."""
    place = workplace(context)
    folder = place.rollout()
    return place.told(folder, add_lesson(folder, place.who(by), kind=kind, text=text))
