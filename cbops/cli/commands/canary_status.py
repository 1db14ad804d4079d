"""`cbops canary status`."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Annotated

import typer

from cbops.cli.lazy import lazy
from cbops.cli.options import interval, seconds
from cbops.cli.wiring import workplace
from cbops.errors import UsageError
from cbops.flows.outcome import Outcome
from cbops.flows.status import status
from cbops.model.answers.status import StatusAnswer

EVERY = 5.0


def command(
    context: typer.Context,
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep the screen up to date, until Ctrl-C (exit 130).")
    ] = False,
    every: Annotated[
        float | None,
        typer.Option(
            "--interval",
            metavar="TIME",
            parser=interval,
            help="With --watch: between two looks. Default: 5s.",
        ),
    ] = None,
    duration: Annotated[
        float | None,
        typer.Option("--for", metavar="TIME", parser=seconds, help="With --watch: end after that time."),
    ] = None,
) -> Outcome[StatusAnswer]:
    """Where the rollout stands, on one screen.

    The first line says what to do next. Reads the journal; the live policy only
    when a change is in flight, and what fires now where an Alertmanager is
    configured.
    """
    place = workplace(context)
    folder = place.rollout()
    admin, alertmanager = cache(place.admin), cache(place.alertmanager)

    def look() -> Outcome[StatusAnswer]:
        return status(folder, place.clock.now(), admin, alertmanager)

    if not watch and (every is not None or duration is not None):
        raise UsageError("--interval and --for say how to watch", hint="Add --watch, or leave them out.")
    if not watch:
        return look()
    if place.settings.format == "json":
        raise UsageError(
            "--watch has no JSON: the answer is one document", hint="Ask again and again without --watch."
        )
    until = place.clock.now() + timedelta(seconds=duration) if duration else None
    last: Outcome[StatusAnswer] = lazy("cbops.cli.following", "follow")(
        look,
        place.clock,
        every=every or EVERY,
        until=until,
        settings=place.settings,
        term=place.environ.get("TERM"),
    )
    return last
