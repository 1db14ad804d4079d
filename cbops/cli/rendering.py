"""What the commands share that render files for Prometheus and Grafana, with or without a rollout."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cbops.cli.wiring import Workplace, anywhere, settings_of, workplace
from cbops.errors import CbopsError, UsageError, WrongStageError
from cbops.flows.steps.placing import RULES, Chosen, Rendered, choose_dialect
from cbops.model.config import MetricsConfig

Dialect = Annotated[
    Literal["router", "documented", "auto"],
    typer.Option("--dialect", help="How transitions are labelled; auto asks the metrics source."),
]
Out = Annotated[Path | None, typer.Option("--out", metavar="PATH", help="Where else to write it.")]
Stdout = Annotated[bool, typer.Option("--stdout", help="Print it instead of writing it.")]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that cbops didn't write.")]


def around(context: typer.Context, *, told: bool) -> tuple[Workplace | None, Path | None]:
    """(workplace, the rollout's folder); it is an error to have no rollout only where one was named.

    `told`: whose rules and where to is on the command line, so it needn't be clear which rollout is meant.
    """
    if settings_of(context).rollout is not None:
        place = workplace(context)
        return place, place.rollout()
    found = anywhere(context)
    if found is None:
        return None, None
    try:
        return found, found.rollout()
    except WrongStageError:
        return found, None
    except UsageError:
        if not told:
            raise
        return found, None


def chosen_dialect(
    asked: Literal["router", "documented", "auto"],
    context: typer.Context,
    place: Workplace | None,
    metrics: MetricsConfig,
    what: Rendered = RULES,
) -> Chosen:
    """The one that was asked for, else the configuration's, else what the metrics source shows."""
    if asked != "auto":
        return Chosen(asked, "option")
    if place is None:
        return choose_dialect(
            metrics, None, None, "there is no cbops.yaml, so no metrics source to ask", what
        )
    if metrics.dialect != "auto":
        return choose_dialect(metrics, None, None, "", what)
    try:
        source, now = place.samples(), workplace(context).clock.now()
    except CbopsError as error:
        return choose_dialect(metrics, None, None, error.message, what)
    return choose_dialect(metrics, source, now, "", what)
