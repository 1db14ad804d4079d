"""`cbops monitor daily`."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from cbops.cli.log_files import Logs, logs_reader
from cbops.cli.options import AsOf, By, calendar_date
from cbops.cli.wiring import workplace
from cbops.cli.working import working
from cbops.errors import UsageError
from cbops.flows.monitor import Sources, Wanted, collect, single
from cbops.flows.outcome import Outcome
from cbops.flows.ports import NumberPort


def command(
    context: typer.Context,
    *,
    day: Annotated[int | None, typer.Option("--day", min=1, help="The day's number.")] = None,
    on: Annotated[
        date | None,
        typer.Option("--date", metavar="DATE", parser=calendar_date, help="The day's date."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every day so far, past day 7 too.")] = False,
    logs: Logs = None,
    as_of: AsOf = None,
    by: By = None,
) -> Outcome[Any]:
    """Collect a day into the log (default: the last ended day).

    Collecting again updates the measurements and keeps what people wrote.
    """
    if sum((day is not None, on is not None, everything)) > 1:
        raise UsageError("--day, --date and --all exclude each other", hint="Give one of them.")
    place = workplace(context)
    samples = place.samples()
    sources = Sources(
        samples=samples,
        admin=place.admin(),
        metrics=place.config.metrics,
        criteria=place.config.criteria,
        logs=logs_reader(logs),
        numbers=samples if isinstance(samples, NumberPort) else None,
    )
    wanted = Wanted(as_of=as_of or place.clock.now(), day=day, date=on, all=everything)
    folder = place.rollout()
    with working(place.settings, "collecting every day" if everything else "collecting the day"):
        outcome = place.told(folder, collect(folder, sources, place.who(by), wanted))
    return outcome if everything else single(outcome)
