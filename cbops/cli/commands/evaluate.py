"""`cbops evaluate`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.log_files import Logs, logs_reader
from cbops.cli.options import AsOf, By
from cbops.cli.wiring import workplace
from cbops.cli.working import working
from cbops.errors import UsageError
from cbops.flows.judgement import evaluate, repeat_evaluation
from cbops.flows.outcome import Outcome
from cbops.model.answers.judgement import EvaluateAnswer


def command(
    context: typer.Context,
    as_of: AsOf = None,
    logs: Logs = None,
    repeat: Annotated[
        bool,
        typer.Option("--repeat", help="The last judgement again, from the record alone; 7 if it differs."),
    ] = False,
    by: By = None,
) -> Outcome[EvaluateAnswer]:
    """Judge the five criteria and recommend (exit 0, 10 or 20).

    Judges what 'monitor daily' collected; works without the router and the metrics.
    """
    place = workplace(context)
    folder = place.rollout()
    if repeat:
        if as_of is not None or logs or by is not None:
            raise UsageError(
                "--repeat judges as it was judged: it takes no --as-of, --logs or --by",
                hint="Judge anew without --repeat.",
            )
        with working(place.settings, "judging again"):
            return repeat_evaluation(folder, place.config)
    when, reader = as_of or place.clock.now(), logs_reader(logs)
    with working(place.settings, "judging"):
        return place.told(folder, evaluate(folder, place.who(by), place.config, when, place.admin(), reader))
