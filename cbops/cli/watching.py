"""The guard's screen: lines where stdout is no terminal, one screen that stays in place where it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TextIO

from cbops.cli.emit import plain
from cbops.cli.lazy import lazy
from cbops.cli.settings import Settings
from cbops.flows.watch import Teller

SCREENS = 60  # readings between two that a log shows in full


class Lines(Teller):
    """What happens, a line each with its time; how it stands at the beginning and now and then."""

    def __init__(self, stream: TextIO, *, quiet: bool = False) -> None:
        self.stream, self.quiet, self._seen = stream, quiet, 0

    def line(self, at: datetime, text: str) -> None:
        """Something happened."""
        if not self.quiet:
            self._write(f"{at:%Y-%m-%dT%H:%M:%SZ} {plain(text)}")

    def screen(self, lines: tuple[str, ...]) -> None:
        """The first one, and one of so many."""
        if not self.quiet and self._seen % SCREENS == 0:
            for line in lines[:6]:
                self._write(plain(line))
        self._seen += 1

    def _write(self, line: str) -> None:
        """A log that is full or was taken away must not end the guard."""
        try:
            print(line, file=self.stream, flush=True)
        except (OSError, ValueError):
            self.quiet = True


class Live(Teller):
    """One screen, drawn anew after each reading."""

    def __init__(self, width: int, *, colour: bool) -> None:
        text = lazy("rich.console", "Console")
        self._text = lazy("rich.text", "Text")
        console = text(width=width, no_color=None if colour else True)
        self.live = lazy("rich.live", "Live")(console=console, auto_refresh=False)

    def screen(self, lines: tuple[str, ...]) -> None:
        """How it stands; long lines are folded, not cut."""
        self.live.update(self._text("\n".join(plain(line) for line in lines), overflow="fold"), refresh=True)


@contextmanager
def told(settings: Settings, width: int) -> Iterator[Teller]:
    """Whoever is told, for this run's format: with JSON, stdout is left to the one document."""
    if settings.format == "json":
        yield Lines(sys.stderr, quiet=True)
    elif settings.quiet or not sys.stdout.isatty():
        yield Lines(sys.stdout, quiet=settings.quiet)
    else:
        teller = Live(width, colour=not settings.no_color)
        with teller.live:
            yield teller
