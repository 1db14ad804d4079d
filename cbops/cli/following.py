"""`canary status --watch`: the same answer again and again, in place; lines of what changed where there is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from cbops.cli.emit import in_place
from cbops.cli.settings import Settings
from cbops.cli.watching import Lines, told
from cbops.errors import InterruptedByUserError
from cbops.flows.outcome import Outcome
from cbops.flows.ports import Clock
from cbops.model.base import Frozen

T = TypeVar("T", bound=Frozen)


def follow(
    look: Callable[[], Outcome[T]],
    clock: Clock,
    *,
    every: float,
    until: datetime | None,
    settings: Settings,
    term: str | None,
) -> Outcome[T]:
    """Look every so many seconds until then (null: until Ctrl-C, exit 130) and return the last answer."""
    last: Outcome[T] | None = None
    try:
        if settings.quiet or not in_place(sys.stdout, term):
            log = Lines(sys.stdout)
            while last is None or _waited(clock, every, until):
                now = look()
                for line in _new(last, now, quiet=settings.quiet):
                    log.line(clock.now(), line)
                last = now
        else:
            with told(settings, term) as teller:
                while last is None or _waited(clock, every, until):
                    last = look()
                    teller.screen(_screen(last, clock.now(), every))
    except KeyboardInterrupt:
        if last is None:
            raise
        return replace(last, exit_status=InterruptedByUserError.exit_status)
    return last


def _waited(clock: Clock, every: float, until: datetime | None) -> bool:
    """Whether there is time for another look, which has come now."""
    if until is not None and clock.now() + timedelta(seconds=every) > until:
        return False
    clock.wait(every)
    return True


def _told(outcome: Outcome[T]) -> tuple[str, ...]:
    warnings = tuple(f"warning: {each}" for each in outcome.warnings)
    return (outcome.headline, *outcome.body, *warnings)


def _screen(outcome: Outcome[T], now: datetime, every: float) -> tuple[str, ...]:
    return (*_told(outcome), "", f"{now:%Y-%m-%d %H:%M:%S} UTC; every {every:g} s; Ctrl-C ends")


def _new(before: Outcome[T] | None, now: Outcome[T], *, quiet: bool) -> tuple[str, ...]:
    """The lines that were not there before; a change below the first line brings that too."""
    if quiet:
        return (now.headline,) if before is None or before.headline != now.headline else ()
    known = _told(before) if before else ()
    new = tuple(line for line in _told(now) if line not in known)
    gone = any(line not in _told(now) for line in known)
    return (now.headline, *(line for line in new if line != now.headline)) if new or gone else ()
