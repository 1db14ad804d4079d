"""What a command is at, and for how long, while somebody waits before a terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from cbops.cli.emit import colour_wanted, in_place
from cbops.cli.lazy import lazy
from cbops.cli.settings import Settings
from cbops.cli.wiring import environment


@contextmanager
def working(settings: Settings, what: str) -> Iterator[None]:
    """`collecting days  0:00:12` on stderr, gone when the work is done; nothing where nobody looks."""
    term = environment().get("TERM")
    if settings.quiet or settings.format == "json" or not in_place(sys.stderr, term):
        yield
        return
    with lazy("cbops.cli.counting", "elapsing")(what, colour=colour_wanted(sys.stderr, settings, term)):
        yield
