"""The option that names the router's logs, and how they are read."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from cbops.cli.lazy import lazy
from cbops.cli.options import words

if TYPE_CHECKING:
    from cbops.model.telemetry import LogFacts

Logs = Annotated[
    list[str] | None,
    typer.Option(
        "--logs",
        metavar="FILE",
        parser=words,
        help="The router's JSON logs (also .gz, globs); again for more. On record.",
    ),
]


def logs_reader(patterns: list[str] | None) -> Callable[[str], LogFacts] | None:
    """What reads them for a tenant; None where none were named."""
    if not patterns:
        return None
    read: Callable[..., LogFacts] = lazy("cbops.clients.router_logs", "read_router_logs")
    return partial(read, tuple(patterns))
