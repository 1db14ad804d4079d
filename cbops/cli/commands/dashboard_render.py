"""`cbops dashboard render`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.rendering import Dialect, Force, Out, Stdout, around, chosen_dialect
from cbops.flows.dashboard import Asked, render
from cbops.flows.outcome import Outcome
from cbops.flows.steps.placing import DASHBOARD, Place
from cbops.model.answers.dashboard import DashboardRenderAnswer
from cbops.model.config import MetricsConfig


def command(
    context: typer.Context,
    *,
    dialect: Dialect = "auto",
    tenant: Annotated[
        str | None,
        typer.Option("--tenant", metavar="T", help="Shown first. Default: the rollout's, else all."),
    ] = None,
    provider: Annotated[
        str | None, typer.Option("--provider", metavar="P", help="Shown first. Default: all.")
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            metavar="RATE",
            min=0,
            max=1,
            help="The line in the error rates. Default: the rollout's policy, else 0.5.",
        ),
    ] = None,
    out: Out = None,
    stdout: Stdout = False,
    force: Force = False,
) -> Outcome[DashboardRenderAnswer]:
    """Write a Grafana dashboard of the rollout.

    To dashboard.json in the rollout's folder, else to circuit-breaker-dashboard.json here. Needs no rollout, no
    server, no recording rules and no cbops.yaml; writing it again with the same settings gives the same bytes.
    """
    place, folder = around(context, told=tenant is not None and (out is not None or stdout))
    metrics = place.config.metrics if place else MetricsConfig()
    chosen = chosen_dialect(dialect, context, place, metrics, DASHBOARD)
    outcome = render(
        Asked(tenant, provider, threshold),
        chosen,
        metrics,
        Place(folder, out, stdout=stdout, force=force, what=DASHBOARD),
    )
    return place.noted(outcome) if place else outcome
