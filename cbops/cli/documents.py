"""The options that the rollout's documents share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cbops.cli.wiring import Workplace
from cbops.flows.steps.documents import Place

Out = Annotated[Path | None, typer.Option("--out", metavar="PATH", help="Where else to write it.")]
Stdout = Annotated[bool, typer.Option("--stdout", help="Print it instead of writing it.")]
NoPictures = Annotated[bool, typer.Option("--no-pictures", help="Leave the pictures out.")]


def place_of(place: Workplace, out: Path | None, *, stdout: bool, no_pictures: bool) -> Place:
    """Where the document goes, and by whose templates it is written."""
    return Place(out=out, stdout=stdout, own=place.templates, pictures=not no_pictures)
