"""`cbops canary adopt`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from cbops.cli.options import Beside, By, PolicyOption, ProviderOption, TenantArgument, instant
from cbops.cli.wiring import workplace
from cbops.flows.adopt import adopt
from cbops.flows.outcome import Outcome
from cbops.model.answers.canary import AdoptAnswer
from cbops.model.tenant import Target


def command(
    context: typer.Context,
    *,
    tenant: TenantArgument,
    policy: PolicyOption,
    provider: ProviderOption,
    enabled_at: Annotated[
        datetime,
        typer.Option("--enabled-at", metavar="TIME", parser=instant, help="When it was enabled (ISO 8601)."),
    ],
    beside: Beside = None,
    by: By = None,
) -> Outcome[AdoptAnswer]:
    """Open a rollout for a breaker that was enabled outside cbops.

    Needs no checklist; the live policy is put on record when the admin API can be read. Where another
    rollout of the policy is not over, it needs --beside.
    """
    place = workplace(context)
    target = Target(tenant=tenant, policy=policy, provider=provider)
    return adopt(
        place.rollouts,
        place.config,
        place.tenants(),
        place.admin(),
        place.who(by),
        target=target,
        enabled_at=enabled_at,
        beside=beside,
    )
