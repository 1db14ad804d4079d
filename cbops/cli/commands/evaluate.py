"""`cbops evaluate`."""

from __future__ import annotations

import typer

from cbops.cli.options import AsOf, By
from cbops.cli.wiring import workplace
from cbops.flows.judgement import evaluate
from cbops.flows.outcome import Outcome
from cbops.model.answers.judgement import EvaluateAnswer


def command(context: typer.Context, as_of: AsOf = None, by: By = None) -> Outcome[EvaluateAnswer]:
    """Judge the five criteria and recommend (exit 0, 10 or 20).

    Judges what 'monitor daily' collected; works without the router and the metrics.
    """
    place = workplace(context)
    folder = place.rollout()
    when = as_of or place.clock.now()
    return place.told(folder, evaluate(folder, place.who(by), place.config, when, place.admin()))
