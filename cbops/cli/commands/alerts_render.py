"""`cbops alerts render`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cbops.cli.rendering import around, asked_dialect
from cbops.errors import UsageError
from cbops.flows.alerts import render, scope_of
from cbops.flows.outcome import Outcome
from cbops.flows.steps.placing import Chosen, Place
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
    dialect: Annotated[
        Literal["router", "documented", "auto"],
        typer.Option("--dialect", help="How transitions are labelled; auto asks the metrics source."),
    ] = "auto",
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
    out: Annotated[Path | None, typer.Option("--out", metavar="PATH", help="Where else to write it.")] = None,
    stdout: Annotated[bool, typer.Option("--stdout", help="Print it instead of writing it.")] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Write over a file that cbops didn't write.")
    ] = False,
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
    chosen = Chosen(dialect, "option") if dialect != "auto" else asked_dialect(context, place, metrics)
    outcome = render(scope, chosen, metrics, Place(folder, out, stdout=stdout, force=force))
    return place.noted(outcome) if place else outcome
