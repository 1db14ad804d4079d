"""`cbops alerts render`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from cbops.cli.wiring import Workplace, anywhere, settings_of, workplace
from cbops.errors import CbopsError, UsageError, WrongStageError
from cbops.flows.alerts import Chosen, Place, choose_dialect, render, scope_of
from cbops.flows.outcome import Outcome
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
    place, folder = _around(context, told=told)
    metrics = place.config.metrics if place else MetricsConfig()
    scope = scope_of(folder, tenant_list(tenants) if tenants is not None else (), tuple(labels or ()))
    chosen = Chosen(dialect, "option") if dialect != "auto" else _asked(context, place, metrics)
    outcome = render(scope, chosen, metrics, Place(folder, out, stdout=stdout, force=force))
    return place.noted(outcome) if place else outcome


def _around(context: typer.Context, *, told: bool) -> tuple[Workplace | None, Path | None]:
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


def _asked(context: typer.Context, place: Workplace | None, metrics: MetricsConfig) -> Chosen:
    if place is None:
        return choose_dialect(metrics, None, None, "there is no cbops.yaml, so no metrics source to ask")
    if metrics.dialect != "auto":
        return choose_dialect(metrics, None, None, "")
    try:
        source, now = place.samples(), workplace(context).clock.now()
    except CbopsError as error:
        return choose_dialect(metrics, None, None, error.message)
    return choose_dialect(metrics, source, now, "")
