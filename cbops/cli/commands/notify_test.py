"""`cbops notify test`."""

from __future__ import annotations

from typing import Annotated

import typer

from cbops.cli.channels import channels
from cbops.cli.options import words
from cbops.cli.wiring import workplace
from cbops.errors import ConfigError
from cbops.flows.notify import try_channels
from cbops.flows.outcome import Outcome
from cbops.model.answers.sending import NotifyTestAnswer


def command(
    context: typer.Context,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", parser=words, help="Default: every channel.")
    ] = None,
) -> Outcome[NotifyTestAnswer]:
    """Send a test message to the channels of cbops.yaml (exit 7 where one does not take it).

    Nothing goes on record.
    """
    place = workplace(context)
    if not place.config.notifications.channels:
        raise ConfigError(
            f"{place.config_path} names no channels (notifications.channels)",
            hint="Name one: docs/notifications.md",
        )
    made = channels(place.config, place.environ, place.base)
    return try_channels(made, tuple(names or ()), place.clock.now())
