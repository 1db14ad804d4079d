"""Screens that stay in place, of `monitor watch` and `canary status --watch`; lines where there is no terminal for them."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import current_thread, main_thread
from types import FrameType
from typing import TextIO

from cbops.cli.emit import colour_wanted, in_place, plain
from cbops.cli.lazy import lazy
from cbops.cli.settings import Settings
from cbops.flows.steps.telling import Teller

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
        """A log that is full or was taken away must not end the guard; there may be room again for the next line."""
        with suppress(OSError, ValueError):
            print(line, file=self.stream, flush=True)


class Live(Teller):
    """One screen, drawn anew after each reading and whenever the terminal gets another size.

    It is the terminal's other screen: what was printed before stays as it was, and comes back at the end.
    """

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour
        self._text = lazy("rich.text", "Text")
        console = lazy("rich.console", "Console")(no_color=None if colour else True, highlight=False)
        self._live = lazy("rich.live", "Live")(console=console, auto_refresh=False, screen=True)
        self._drawing = False

    def screen(self, lines: tuple[str, ...]) -> None:
        """How it stands, the first line in bold; long lines are folded, not cut."""
        text = self._text(overflow="fold")
        for number, line in enumerate(lines):
            text.append(plain(line) + "\n", style="bold" if self._colour and not number else None)
        self._live.update(text)
        self._draw()

    def _draw(self) -> None:
        """Once at a time: a change of size may come while something is drawn."""
        if not self._drawing:
            self._drawing = True
            try:
                self._live.refresh()
            finally:
                self._drawing = False

    def _resized(self, _number: int, _frame: FrameType | None) -> None:
        self._draw()

    @contextmanager
    def shown(self) -> Iterator[Live]:
        """The screen for as long as the block lasts; however it ends, cursor and screen are as before."""
        with self._live:
            if current_thread() is not main_thread():  # only the main thread gets signals
                yield self
                return
            before = signal.signal(signal.SIGWINCH, self._resized)
            try:
                yield self
            finally:
                signal.signal(signal.SIGWINCH, before)


@contextmanager
def told(settings: Settings, term: str | None) -> Iterator[Teller]:
    """Whoever is told, for this run's format: with JSON, stdout is left to the one document."""
    if settings.format == "json":
        yield Lines(sys.stderr, quiet=True)
    elif settings.quiet or not in_place(sys.stdout, term):
        yield Lines(sys.stdout, quiet=settings.quiet)
    else:
        with Live(colour=colour_wanted(sys.stdout, settings, term)).shown() as teller:
            yield teller
