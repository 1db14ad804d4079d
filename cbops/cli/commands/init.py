"""`cbops init`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cbops.flows.init import init
from cbops.flows.outcome import Outcome
from cbops.model.answers.record import InitAnswer


def command(
    folder: Annotated[
        Path,
        typer.Argument(metavar="DIR", show_default=False, help="The folder to prepare. Default: this one."),
    ] = Path(),
) -> Outcome[InitAnswer]:
    """Write cbops.yaml, tenants.yaml and rollouts/ where they are missing.

    What is there already is kept as it is.
    """
    return init(folder)
