"""`cbops policy show`."""

from __future__ import annotations

import typer

from cbops.cli.options import RolloutPolicy, RolloutTenant
from cbops.cli.targets import target_of
from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.policy import show
from cbops.model.answers.canary import PolicyShowAnswer


def command(
    context: typer.Context,
    tenant: RolloutTenant = None,
    policy: RolloutPolicy = None,
) -> Outcome[PolicyShowAnswer]:
    """Show the live policy and its effective breaker."""
    place = workplace(context)
    named = target_of(place, tenant, policy)
    outcome = show(place.admin(), named.tenant, named.policy)
    return place.told(named.folder, outcome) if named.folder else outcome
