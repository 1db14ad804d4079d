"""`monitor scrape`: fill the embedded sample store from a router's /metrics."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Protocol

from cbops.flows.outcome import Outcome
from cbops.flows.ports import Clock
from cbops.flows.steps.wording import plural
from cbops.model.answers.monitor import ScrapeAnswer
from cbops.model.base import to_ms


class Scraped(Protocol):
    """What one scrape gave."""

    @property
    def lines(self) -> int:
        """The number of samples."""
        ...

    @property
    def error(self) -> str | None:
        """Why it failed; null: it didn't."""
        ...


class ScrapePort(Protocol):
    """Scrapes one target into one store."""

    def scrape(self, at_ms: int) -> Scraped:
        """One scrape, stored as of that time."""
        ...


class StorePort(Protocol):
    """Where the samples go."""

    def flush(self) -> None:
        """Make what was scraped visible and durable."""
        ...


def _next(due: datetime, every: float, now: datetime) -> datetime:
    """The next instant of the grid that isn't over.

    What was missed (a slow answer, a machine asleep) stays a gap: a sample must not bear a time at which
    nothing was measured.
    """
    missed = max(0, math.ceil((now - due).total_seconds() / every) - 1)
    return due + timedelta(seconds=every * (missed + 1))


def scrape(
    scraper: ScrapePort,
    store: StorePort,
    clock: Clock,
    *,
    url: str,
    path: str,
    every: float,
    until: datetime | None,
) -> Outcome[ScrapeAnswer]:
    """Scrape at a fixed interval until that instant (None: once); Ctrl-C ends it with what was got.

    A failed scrape is stored as `up` 0 and does not end it. StorageError when the store refuses.
    """
    samples, failures = 0, []
    times: list[datetime] = []
    due = clock.now()
    try:
        while True:
            got = scraper.scrape(to_ms(due))
            store.flush()
            times.append(due)
            samples += got.lines
            failures += [got.error] if got.error else []
            due = _next(due, every, clock.now())
            if until is None or due > until:
                break
            clock.wait(max(0.0, (due - clock.now()).total_seconds()))
    except KeyboardInterrupt:
        store.flush()
    answer = ScrapeAnswer(
        url=url,
        store=path,
        scrapes=len(times),
        failed=len(failures),
        samples=samples,
        first=times[0] if times else None,
        last=times[-1] if times else None,
    )
    return Outcome(
        data=answer,
        headline=f"{plural(len(times), 'scrape')} of {url}, {len(failures)} failed, {samples:,} samples in {path}.",
        warnings=(f"the last failure: {failures[-1]}",) if failures else (),
        next_step="Collect a day from them: cbops monitor daily",
    )
