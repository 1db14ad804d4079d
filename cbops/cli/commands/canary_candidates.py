"""`cbops canary candidates`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.wiring import workplace
from cbops.cli.working import working
from cbops.flows.outcome import Outcome
from cbops.flows.select import Field, candidates
from cbops.model.answers.canary import CandidatesAnswer


def command(
    context: typer.Context,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many to print; JSON has them all.")] = 20,
) -> Outcome[CandidatesAnswer]:
    """Rank the tenants as canaries, with reasons.

    Policies come from the admin API, owners from tenants.yaml, traffic from the metrics; what nobody knows
    is unknown, never good.
    """
    place = workplace(context)
    field = Field(
        admin=place.admin(),
        samples=place.samples,
        tenants=place.tenants(),
        config=place.config,
        now=place.clock.now(),
    )
    with working(place.settings, "weighing the tenants"):
        return candidates(field, limit=limit)
