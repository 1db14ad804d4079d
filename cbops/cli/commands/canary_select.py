"""`cbops canary select`."""

from __future__ import annotations

import typer

from cbops.cli.options import Beside, By, Override, PolicyOption, ProviderOption, TenantArgument
from cbops.cli.wiring import workplace
from cbops.flows.outcome import Outcome
from cbops.flows.select import Choice, Field, select
from cbops.model.answers.canary import SelectAnswer
from cbops.model.tenant import Target


def command(
    context: typer.Context,
    *,
    tenant: TenantArgument,
    policy: PolicyOption,
    provider: ProviderOption,
    override: Override = None,
    beside: Beside = None,
    by: By = None,
) -> Outcome[SelectAnswer]:
    """Choose the canary and open a rollout.

    A tenant that fails a required criterion, or of which too little is known, needs --override; a policy
    that has a rollout which is not over needs --beside.
    """
    place = workplace(context)
    field = Field(
        admin=place.admin(),
        samples=place.samples,
        tenants=place.tenants(),
        config=place.config,
        now=place.clock.now(),
    )
    choice = Choice(
        target=Target(tenant=tenant, policy=policy, provider=provider), override=override, beside=beside
    )
    return select(place.rollouts, field, place.who(by), choice)
