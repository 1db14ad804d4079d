"""`cbops canary approve`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cbops.cli.confirm import confirm
from cbops.cli.options import By, Yes, words
from cbops.cli.show import show_plan
from cbops.cli.signing import KeyPlace, signer
from cbops.cli.wiring import Workplace, workplace
from cbops.clients.files import read_block
from cbops.flows.approve import approve, last_evaluation
from cbops.flows.enable import circuits_now, plan_lines, preview, traffic_now
from cbops.flows.outcome import Outcome
from cbops.flows.steps.checks import Metrics
from cbops.flows.steps.gates import plan_digest
from cbops.model.answers.safeguards import ApproveAnswer
from cbops.model.policy import CANARY_BLOCK


class ApprovableStep(StrEnum):
    """What can be approved."""

    ENABLE = "enable"
    PROCEED = "proceed"


def command(
    context: typer.Context,
    step: Annotated[ApprovableStep, typer.Argument(help="What is approved.")],
    *,
    policy_file: Annotated[
        Path | None,
        typer.Option(
            "--policy-file", metavar="FILE", help="As canary enable will be given it. Default: the canary's."
        ),
    ] = None,
    note: Annotated[
        str | None, typer.Option("--note", metavar="TEXT", parser=words, help="For the record.")
    ] = None,
    sign: Annotated[bool, typer.Option("--sign", help="Sign it with signing.key. Implied by --key.")] = False,
    key: KeyPlace = None,
    yes: Yes = False,
    by: By = None,
) -> Outcome[ApproveAnswer]:
    """Approve that somebody else enables or proceeds.

    Shows what exactly is approved; if that changes afterwards, the approval counts no more. One's own never counts.
    """
    place = workplace(context)
    folder = place.rollout()
    what, lines, warnings = _shown(place, folder, step, policy_file)
    with_key = signer(place, key) if key or sign else None
    show_plan(place.settings, lines, warnings)
    confirm(f"Approve that somebody else does this ({step.value})?", yes=yes)
    rules = place.config.approvals
    needed = rules.enable if step is ApprovableStep.ENABLE else rules.proceed
    who = place.who(by)
    done = approve(folder, who, step.value, what, needed=needed, note=note, signer=with_key)
    return place.told(folder, done)


def _shown(
    place: Workplace, folder: Path, step: ApprovableStep, policy_file: Path | None
) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """(the digest of what is approved, what a person must see of it, warnings)."""
    if step is ApprovableStep.PROCEED:
        what, told = last_evaluation(folder)
        return what, (f"  {told}",), ()
    block = read_block(policy_file) if policy_file else CANARY_BLOCK
    now = place.clock.now()
    circuits = circuits_now(folder, place.samples, place.config.metrics, now)
    traffic = traffic_now(folder, Metrics(place.samples, place.config, now))
    seen = preview(folder, place.admin(), block, (), circuits, traffic=traffic, now=place.clock.now())
    return plan_digest(seen.plan), plan_lines(seen, verbose=place.settings.verbose), seen.warnings
