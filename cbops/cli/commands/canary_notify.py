"""`cbops canary notify`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from cbops.cli.options import By, instant, words
from cbops.cli.wiring import workplace
from cbops.flows.notes import notify
from cbops.flows.outcome import Outcome
from cbops.model.answers.canary import NotifyAnswer


def command(
    context: typer.Context,
    how: Annotated[str, typer.Option("--how", metavar="HOW", parser=words, help="For example: mail, phone.")],
    answer: Annotated[
        str | None, typer.Option("--answer", metavar="ANSWER", parser=words, help="What the owner said.")
    ] = None,
    at: Annotated[
        datetime | None, typer.Option("--at", metavar="TIME", parser=instant, help="When. Default: now.")
    ] = None,
    by: By = None,
) -> Outcome[NotifyAnswer]:
    """Record that the owner was told, how, and the answer."""
    place = workplace(context)
    folder = place.rollout()
    return place.told(folder, notify(folder, place.who(by), how=how, answer=answer, at=at))
