"""`cbops demo`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from cbops.cli.demo import Progress as Told
from cbops.cli.demo import play
from cbops.cli.options import words
from cbops.cli.settings import Settings
from cbops.cli.wiring import settings_of
from cbops.flows.outcome import Outcome
from cbops.model.answers.record import DemoAnswer
from cbops.simulator.scenarios import SCENARIOS, scenario


def command(
    context: typer.Context,
    name: Annotated[
        str, typer.Option("--scenario", metavar="NAME", parser=words, help=f"One of: {', '.join(SCENARIOS)}.")
    ] = "sound",
    seed: Annotated[int | None, typer.Option("--seed", help="Default: the scenario's.")] = None,
    folder: Annotated[
        Path, typer.Option("--dir", metavar="DIR", help="Where to leave the work folder; must be empty.")
    ] = Path("demo"),
) -> Outcome[DemoAnswer]:
    """Play the whole of phase 1 on the embedded router, in about a minute.

    Real HTTP, the real breaker, virtual time. Exits like 'evaluate': 0 proceed, 10 extend, 20 rollback.
    """
    played = scenario(name)
    with _progress(settings_of(context)) as told:
        return play(played, played.seed if seed is None else seed, folder, told)


@contextmanager
def _progress(settings: Settings) -> Iterator[Told]:
    """A bar on stderr where somebody looks at it; otherwise nothing, the outcome tells every step."""
    if settings.quiet or settings.format == "json" or not sys.stderr.isatty():
        yield lambda _what, _done: None
        return
    console = Console(stderr=True, no_color=settings.no_color or None)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=1.0)

        def told(what: str, done: float) -> None:
            bar.update(task, description=what[:60], completed=done)

        yield told
