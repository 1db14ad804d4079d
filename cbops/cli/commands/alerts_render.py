"""`cbops alerts render`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.rendering import Dialect, Force, Out, Stdout, around, chosen_dialect
from cbops.errors import UsageError
from cbops.flows.alerts import render, scope_of
from cbops.flows.outcome import Outcome
from cbops.flows.steps.placing import Place
from cbops.model.answers.alerts import AlertsRenderAnswer
from cbops.model.config import MetricsConfig
from cbops.model.rules import TenantLabel


def tenant_list(text: str) -> tuple[str, ...]:
    """a,b → ("a", "b")."""
    found = tuple(word.strip() for word in text.split(","))
    if not all(found):
        raise typer.BadParameter(f"'{text}' is not a list of tenants such as a,b")
    return found


def tenant_label(text: str | TenantLabel) -> TenantLabel:
    """LABEL=VALUE."""
    if isinstance(text, TenantLabel):
        return text
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value:
        raise typer.BadParameter(f"'{text}' is not a label such as breaker=enabled")
    return TenantLabel(name=name.strip(), value=value)


def command(
    context: typer.Context,
    *,
    dialect: Dialect = "auto",
    tenants: Annotated[
        str | None,
        typer.Option(
            "--tenants", metavar="A,B", help="Whose breaker is enabled. Default: the rollout's, else all."
        ),
    ] = None,
    labels: Annotated[
        list[TenantLabel] | None,
        typer.Option(
            "--tenant-label",
            metavar="LABEL=VALUE",
            parser=tenant_label,
            help="The label of their series, instead of a list. Repeatable.",
        ),
    ] = None,
    with_watch: Annotated[
        bool, typer.Option("--with-watch", help="Also alerts for a guard (monitor watch) that doesn't run.")
    ] = False,
    out: Out = None,
    stdout: Stdout = False,
    force: Force = False,
) -> Outcome[AlertsRenderAnswer]:
    """Write Prometheus rules: the alerts, and what a dashboard needs.

    To alerts.yml in the rollout's folder, else to circuit-breaker-alerts.yml here. Needs no rollout, no server
    and no cbops.yaml; writing it again with the same settings gives the same bytes.
    """
    if tenants is not None and labels:
        raise UsageError("--tenants and --tenant-label exclude each other", hint="Give one of the two.")
    told = (tenants is not None or bool(labels)) and (out is not None or stdout)
    place, folder = around(context, told=told)
    metrics = place.config.metrics if place else MetricsConfig()
    scope = scope_of(folder, tenant_list(tenants) if tenants is not None else (), tuple(labels or ()))
    chosen = chosen_dialect(dialect, context, place, metrics)
    outcome = render(
        scope, chosen, metrics, Place(folder, out, stdout=stdout, force=force), with_watch=with_watch
    )
    return place.noted(outcome) if place else outcome
