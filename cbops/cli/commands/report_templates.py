"""`cbops report templates`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.templates import templates
from cbops.model.answers.templates import TemplatesAnswer


def command(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Only those with this in their name, with variables.")
    ] = None,
) -> Outcome[TemplatesAnswer]:
    """List the documents' templates, their variables, and which are your own.

    A file in the folder that 'templates' of cbops.yaml names stands in for the shipped template of its name. What is
    seen to be wrong with it, without rendering, is a warning.
    """
    return templates(workplace(context).templates, name)
