"""`cbops checklist verify`."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from cbops.cli.confirm import confirm
from cbops.cli.examining import premises_of
from cbops.cli.items import checklist_items
from cbops.cli.options import By, Yes
from cbops.cli.wiring import workplace
from cbops.errors import UsageError
from cbops.flows.outcome import Outcome
from cbops.flows.verification import BY_MACHINE, Looking, verify
from cbops.model.answers.checklist import ChecklistVerifyAnswer

DAYS = 7  # how far back data are looked for, as 'doctor' does


def command(
    context: typer.Context,
    items: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ITEM]...", help=f"Some of: {', '.join(BY_MACHINE)}. Default: all of them."),
    ] = None,
    *,
    reload: Annotated[
        bool,
        typer.Option(
            "--reload/--no-reload", help="Reload the canary's unchanged policy, to see that it works."
        ),
    ] = True,
    yes: Yes = False,
    by: By = None,
) -> Outcome[ChecklistVerifyAnswer]:
    """Verify what a machine can of the checklist (exit 7 unless all is right).

    Every policy is looked at, the live one is validated and reloaded unchanged (you are asked), the loaded alert
    rules and the dashboard's queries are held against the data, a rollback is rehearsed on a practice router of
    its own, and the newest load test is looked up. What was found is put on record with its evidence.
    """
    wanted = checklist_items(items or ())
    beyond = [item for item in wanted if item not in BY_MACHINE]
    if beyond and items and "all" not in items:
        raise UsageError(
            f"no machine can verify '{beyond[0]}'",
            hint=f"Have a person attest it: cbops checklist mark {beyond[0]} --person NAME",
        )
    wanted = tuple(item for item in wanted if item in BY_MACHINE and (reload or item != "reload_works"))
    place = workplace(context)
    folder = place.rollout()
    if "reload_works" in wanted:
        confirm("Reload the canary's own policy, unchanged, to see that the reload works?", yes=yes)
    looking = Looking(
        rollouts=place.rollouts,
        ages=place.config.checklist.max_age_days,
        admin=place.admin,
        premises=lambda: premises_of(place, (), DAYS),
        monotonic=time.monotonic,
    )
    return place.told(folder, verify(folder, place.who(by), looking, wanted))
