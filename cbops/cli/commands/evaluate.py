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

    Judges what 'monitor daily' collected; needs neither the router nor the metrics.
    """
    place = workplace(context)
    folder = place.rollout()
    return place.told(folder, evaluate(folder, place.who(by), place.config, as_of or place.clock.now()))
