"""`cbops checklist mark`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from cbops.cli.items import checklist_items
from cbops.cli.options import By, calendar_date, words
from cbops.cli.wiring import workplace
from cbops.flows.checklist import Mark, mark
from cbops.flows.outcome import Outcome
from cbops.model.answers.checklist import ChecklistAnswer
from cbops.model.checklist import ITEMS


def command(
    context: typer.Context,
    items: Annotated[
        list[str], typer.Argument(metavar="ITEM...", help=f"One or more of: {', '.join(ITEMS)}; or: all.")
    ],
    *,
    note: Annotated[
        str | None, typer.Option("--note", metavar="TEXT", parser=words, help="What it rests on.")
    ] = None,
    person: Annotated[
        list[str] | None,
        typer.Option(
            "--person",
            metavar="NAME",
            parser=words,
            help="Who was trained, or understood; may be given several times. Default: who marks.",
        ),
    ] = None,
    read: Annotated[
        list[str] | None,
        typer.Option(
            "--read", metavar="DOC", parser=words, help="What they read; may be given several times."
        ),
    ] = None,
    on: Annotated[
        date | None, typer.Option("--on", metavar="DATE", parser=calendar_date, help="When. Default: today.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="It was looked at and does not hold.")] = False,
    by: By = None,
) -> Outcome[ChecklistAnswer]:
    """Record a person's word on an item.

    What 'checklist verify' found counts before it. 'canary enable' wants every item verified or attested, or set
    aside on record.
    """
    place = workplace(context)
    wanted = Mark(
        items=checklist_items(items),
        state="failed" if failed else "attested",
        note=note,
        people=tuple(person or ()),
        read=tuple(read or ()),
        on=on,
    )
    folder = place.rollout()
    return place.told(folder, mark(folder, place.who(by), wanted, place.config.checklist.max_age_days))
