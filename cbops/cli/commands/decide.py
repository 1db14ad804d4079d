"""`cbops decide`."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from cbops.cli.options import Reason, words
from cbops.cli.wiring import workplace
from cbops.flows.judgement import decide
from cbops.flows.outcome import Outcome
from cbops.flows.steps.gates import Gate
from cbops.model.answers.judgement import DecideAnswer
from cbops.model.verdict import Recommendation


def command(
    context: typer.Context,
    decision: Annotated[Recommendation, typer.Argument(help="What was decided.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", parser=words, help="Who decides, by name.")],
    reason: Reason,
) -> Outcome[DecideAnswer]:
    """Record a person's decision.

    The last recommendation goes on record with it; one that differs is said, not refused.
    """
    place = workplace(context)
    folder = place.rollout()
    who = place.who()
    gate = Gate.of(place.config, replace(who, actor=by))
    return place.told(folder, decide(folder, who, decision, by, reason, gate=gate))
