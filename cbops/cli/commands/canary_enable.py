"""`cbops canary enable`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from cbops.cli.confirm import confirm
from cbops.cli.options import By, Yes, words
from cbops.cli.show import show_plan
from cbops.cli.wiring import workplace
from cbops.clients.files import read_block
from cbops.flows.enable import apply, circuits_now, dry_run, plan_lines, preview
from cbops.flows.outcome import Outcome
from cbops.flows.steps.requirements import require
from cbops.model.answers.canary import EnableAnswer
from cbops.model.policy import CANARY_BLOCK


def command(
    context: typer.Context,
    *,
    policy_file: Annotated[
        Path | None,
        typer.Option(
            "--policy-file",
            metavar="FILE",
            help="A JSON file with the circuit_breaker block. Default: the canary's.",
        ),
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option(
            "--override",
            metavar="[ITEM=]REASON",
            parser=words,
            help="Go on although a requirement (ITEM; default: each that is open) is open; on record.",
        ),
    ] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Show the plan and touch nothing.")] = False,
    yes: Yes = False,
    by: By = None,
) -> Outcome[EnableAnswer]:
    """Enable the breaker in the canary's live policy.

    Only the circuit_breaker block of the live policy changes. The plan is shown first, then: write,
    reload, read back, compare.
    """
    place = workplace(context)
    folder, admin = place.rollout(), place.admin()
    block = read_block(policy_file) if policy_file else CANARY_BLOCK
    circuits = circuits_now(folder, place.samples, place.config.metrics, place.clock.now())
    seen = preview(folder, admin, block, tuple(override or ()), circuits)
    if dry:
        return dry_run(seen)
    require(seen.requirements)
    shown = show_plan(place.settings, plan_lines(seen), seen.warnings)
    target = seen.plan.target
    confirm(f"Enable the breaker of {target.policy} of {target.tenant}?", yes=yes)
    outcome = place.noted(apply(folder, admin, place.who(by), seen))
    return replace(outcome, warnings=tuple(place.notes)) if shown else outcome
