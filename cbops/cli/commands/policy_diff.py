"""`cbops policy diff`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from cbops.cli.options import RolloutPolicy, RolloutTenant
from cbops.cli.targets import target_of
from cbops.cli.wiring import workplace
from cbops.clients.files import read_block
from cbops.flows.outcome import Outcome
from cbops.flows.policy import diff
from cbops.model.answers.canary import PolicyDiffAnswer
from cbops.model.policy import CANARY_BLOCK


def command(
    context: typer.Context,
    tenant: RolloutTenant = None,
    policy: RolloutPolicy = None,
    policy_file: Annotated[
        Path | None,
        typer.Option(
            "--policy-file",
            metavar="FILE",
            help="A JSON file with the circuit_breaker block. Default: the canary's.",
        ),
    ] = None,
) -> Outcome[PolicyDiffAnswer]:
    """Show what enabling would change in the live policy."""
    place = workplace(context)
    block = read_block(policy_file) if policy_file else CANARY_BLOCK
    named = target_of(place, tenant, policy)
    outcome = diff(place.admin(), named.tenant, named.policy, block, provider=named.provider)
    return place.told(named.folder, outcome) if named.folder else outcome
