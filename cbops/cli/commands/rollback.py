"""`cbops rollback`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.confirm import confirm
from cbops.cli.options import By, Yes, seconds, words
from cbops.cli.show import show_plan
from cbops.cli.targets import rollback_target
from cbops.cli.wiring import emergency
from cbops.flows.outcome import Outcome
from cbops.flows.rollback import RollbackRequest, Scope, planned, rollback
from cbops.model.answers.canary import RollbackAnswer


def command(
    context: typer.Context,
    *,
    scope: Annotated[
        Scope | None,
        typer.Option(
            "--scope",
            help="What to disable. Default: the policy named, else what is pending, else the policy.",
        ),
    ] = None,
    tenant: Annotated[
        str | None, typer.Option("--tenant", metavar="TENANT", parser=words, help="Default: the rollout's.")
    ] = None,
    policy: Annotated[
        str | None, typer.Option("--policy", metavar="POLICY", parser=words, help="Default: the rollout's.")
    ] = None,
    reason: Annotated[
        str, typer.Option("--reason", metavar="REASON", parser=words, help="Why; on record.")
    ] = "no reason was given",
    wait: Annotated[
        float,
        typer.Option(
            "--wait", metavar="TIME", parser=seconds, help="How long to wait for the proof: 90s, 15m."
        ),
    ] = 0,
    admin_url: Annotated[
        str | None,
        typer.Option(
            "--admin-url", metavar="URL", parser=words, help="The router, when cbops.yaml can't be read."
        ),
    ] = None,
    yes: Yes = False,
    by: By = None,
) -> Outcome[RollbackAnswer]:
    """Disable the breaker and prove that it no longer acts.

    Works from any state, also with --tenant and --policy alone. Exit 7 while the proof is open.
    Scope tenant needs --tenant alone, and scope global neither, where there is no rollout.
    """
    place, warnings = emergency(context, admin_url)
    named = rollback_target(place, tenant, policy, scope)
    admin = place.admin()
    request = RollbackRequest(
        folder=named.folder,
        rollout=named.folder.name if named.folder else None,
        tenant=named.tenant,
        policy=named.policy,
        scope=named.scope,
        reason=reason,
        wait_seconds=wait,
    )
    warnings = (*warnings, *named.warnings)
    shown = not yes and show_plan(place.settings, planned(admin, request), warnings)
    what = {"global": "every tenant", "tenant": f"every policy of {named.tenant}"}.get(
        named.scope, f"{named.policy} of {named.tenant}"
    )
    confirm(f"Disable the breaker of {what}?", yes=yes)
    return rollback(
        admin,
        place.samples_or_none(),
        place.config.metrics,
        place.who(by),
        request,
        warnings=() if shown else warnings,
    )
