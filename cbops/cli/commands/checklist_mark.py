"""`cbops checklist mark`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.options import By, words
from cbops.cli.wiring import workplace
from cbops.errors import UsageError
from cbops.flows.notes import Mark, mark_checklist
from cbops.flows.outcome import Outcome
from cbops.model.answers.monitor import ChecklistAnswer
from cbops.model.checklist import ITEMS, ItemId


def command(
    context: typer.Context,
    items: Annotated[
        list[str], typer.Argument(metavar="ITEM...", help=f"One or more of: {', '.join(ITEMS)}; or: all.")
    ],
    note: Annotated[
        str | None, typer.Option("--note", metavar="TEXT", parser=words, help="What it rests on.")
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="It was looked at and does not hold.")] = False,
    by: By = None,
) -> Outcome[ChecklistAnswer]:
    """Record a person's word on an item.

    'canary enable' wants every item attested, or set aside on record.
    """
    place = workplace(context)
    mark = Mark(items=_items(items), state="failed" if failed else "attested", note=note)
    folder = place.rollout()
    return place.told(folder, mark_checklist(folder, place.who(by), mark))


def _items(named: list[str]) -> tuple[ItemId, ...]:
    if named == ["all"]:
        return tuple(ITEMS)
    unknown = [name for name in named if name not in ITEMS]
    if unknown:
        raise UsageError(
            f"there is no checklist item '{unknown[0]}'", hint=f"Items: {', '.join(ITEMS)}; or all."
        )
    return tuple(item for item in ITEMS if item in named)
