"""`cbops rollback`."""

from __future__ import annotations

import sys
from typing import Annotated, Literal

import typer

from cbops.cli.confirm import confirm
from cbops.cli.emit import plain
from cbops.cli.options import By, Yes, seconds, words
from cbops.cli.show import show_plan
from cbops.cli.targets import rollback_target
from cbops.cli.wiring import emergency
from cbops.errors import UsageError
from cbops.flows.outcome import Outcome
from cbops.flows.rollback import RollbackRequest, Scope, planned, rollback
from cbops.flows.steps.restoring import Chosen, choose
from cbops.model.answers.canary import RollbackAnswer

AT_A_TERMINAL = 60.0  # seconds


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
    strategy: Annotated[
        Literal["disable", "restore"],
        typer.Option("--strategy", help="restore: the version from before the enabling, as a whole."),
    ] = "disable",
    to_version: Annotated[
        str | None,
        typer.Option("--to-version", metavar="VERSION", parser=words, help="Which version to restore."),
    ] = None,
    wait: Annotated[
        float | None,
        typer.Option(
            "--wait",
            metavar="TIME",
            parser=seconds,
            help="How long to wait for the proof: 90s, 15m. Default: 1m at a terminal, else 0.",
        ),
    ] = None,
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
    Restoring also undoes what else was changed since then, which is shown before you are asked; the breaker
    ends up disabled in any case.
    """
    if to_version is not None and strategy != "restore":
        raise UsageError("--to-version is for a restored version", hint="Add --strategy restore.")
    place, warnings = emergency(context, admin_url)
    named = rollback_target(place, tenant, policy, scope)
    if strategy == "restore" and named.scope != "policy":
        raise UsageError(
            f"--strategy restore is for one policy, not for scope {named.scope}", hint="Add --scope policy."
        )
    admin = place.admin()
    chosen = Chosen(to_version)
    if strategy == "restore" and to_version is None:
        chosen = choose(named.folder, admin, named.tenant, named.policy)
    request = RollbackRequest(
        folder=named.folder,
        rollout=named.folder.name if named.folder else None,
        tenant=named.tenant,
        policy=named.policy,
        scope=named.scope,
        reason=reason,
        wait_seconds=_wait() if wait is None else wait,
        restore=chosen.version,
    )
    warnings = (*warnings, *named.warnings, *chosen.warnings)
    shown = not yes and show_plan(place.settings, planned(admin, request), warnings)
    what = {"global": "every tenant", "tenant": f"every policy of {named.tenant}"}.get(
        named.scope, f"{named.policy} of {named.tenant}"
    )
    question = f"Disable the breaker of {what}?"
    if chosen.version is not None:
        question = f"Restore version {chosen.version} of {what} as a whole?"
    confirm(question, yes=yes)
    return place.noted(
        rollback(
            admin,
            place.samples_or_none(),
            place.config.metrics,
            place.who(by),
            request,
            warnings=() if shown else warnings,
            told=None if place.settings.quiet else _told,
        )
    )


def _wait() -> float:
    """A person at a terminal sees how the wait goes and can end it; a script isn't held up unasked."""
    return AT_A_TERMINAL if sys.stderr is not None and sys.stderr.isatty() else 0


def _told(words: str) -> None:
    print(plain(words), file=sys.stderr)
    sys.stderr.flush()
