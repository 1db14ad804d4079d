"""The Typer app for one command line: the command that was asked for is real, all others are only named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from cbops.cli.examples import block
from cbops.cli.lazy import lazy
from cbops.cli.settings import EPILOG, Format
from cbops.cli.table import GROUPS, TABLE, Entry, Located

ABOUT = "Roll out a circuit breaker safely: canary, daily evidence, judgement, decision, rollback."


def build(located: Located, *, completing: bool = False) -> typer.Typer:
    """The app. A located command stands alone in it, which is enough to run it; `completing` and help need
    the names of the others too.
    """
    siblings = completing or located.entry is None
    about_root = located == Located()
    root = _typer(None, ABOUT, completion=about_root or completing)
    root.callback()(_global_options if about_root or completing else _nothing)
    groups: dict[str, typer.Typer] = {}
    for entry in TABLE:
        here = entry == located.entry
        if not here and not siblings:
            continue
        parent = root
        if entry.group:
            if entry.group not in groups:
                groups[entry.group] = _typer(entry.group, GROUPS[entry.group], completion=False)
                root.add_typer(groups[entry.group])
            parent = groups[entry.group]
        _register(parent, entry, real=here)
    return root


def command_of(entry: Entry) -> Callable[..., Any]:
    """The function of a command, its module imported now."""
    function: Callable[..., Any] = lazy(entry.module, "command")
    return function


def _typer(name: str | None, about: str, *, completion: bool) -> typer.Typer:
    # Plain help: it can be piped, brackets in it mean nothing, and it needs no Rich.
    return typer.Typer(
        name=name,
        help=about,
        epilog=EPILOG if name else None,
        add_completion=completion,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


def _register(parent: typer.Typer, entry: Entry, *, real: bool) -> None:
    function = command_of(entry) if real else _nothing
    help_text = None if real else entry.summary
    epilog = f"{block(entry.words)}{EPILOG}" if real else EPILOG
    # A docstring's first line is at most a line, and the list shows it whole.
    parent.command(entry.name, help=help_text, short_help=entry.summary, epilog=epilog)(function)


def _nothing() -> None:
    """Stands for what is not needed now."""


def _global_options(
    *,
    config: Annotated[
        Path | None, typer.Option(help="Default: cbops.yaml, searched from here upward.", metavar="PATH")
    ] = None,
    rollout: Annotated[
        str | None, typer.Option(help="Default: the only active one, else the only one.", metavar="ID")
    ] = None,
    output: Annotated[Format, typer.Option("--format", help="JSON is one document on stdout.")] = "text",
    quiet: Annotated[bool, typer.Option("--quiet", help="Print the headline alone.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Print what led to an error.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colour; so does NO_COLOR.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """For the help alone: these are taken out of the words before Typer sees them."""
