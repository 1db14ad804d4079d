"""The search itself: the traffic gathered, the policies scored one after the other by several threads."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice

from cbops.breaker import compiled
from cbops.breaker.forecast.parts import Parts, split
from cbops.breaker.forecast.tallies import Known, Tallies
from cbops.breaker.replay import REPAYS_LOADING
from cbops.breaker.search.days import Days
from cbops.breaker.search.gathering import Gathering, busiest_rpm
from cbops.breaker.search.scoring import Row, Scorer, unrecorded_share
from cbops.breaker.search.space import Candidate
from cbops.errors import InputError
from cbops.model.events import IncidentAdded
from cbops.model.traffic import Engine, TrafficChunk


class Gathered:
    """Feed all chunks, then `ready`. InputError for what `Tallies` refuse, and beyond the memory."""

    def __init__(
        self, *, memory_bytes: int, workers: int = 2, incidents: Sequence[IncidentAdded] = ()
    ) -> None:
        self._gathering = Gathering(memory_bytes, workers)
        self._incidents = incidents
        self._tallies = Tallies(incidents)

    @property
    def requests(self) -> int:
        """How many were fed."""
        return self._gathering.requests

    def feed(self, chunk: TrafficChunk) -> None:
        """Take over a chunk; one that begins makes everything before it forgotten."""
        self._gathering.feed(chunk)
        if chunk.begins and self._tallies.begun:
            self._tallies = Tallies(self._incidents)
        if len(chunk):
            self._tallies.check(chunk)
            self._tallies.feed(chunk, split(chunk, None))

    def ready(self) -> Ready:
        """The traffic, ready to be searched; at least one request must have been fed. Only once."""
        return Ready(self._gathering.parts(), self._tallies.known(self._gathering.circuits))


@dataclass(frozen=True)
class Ready:
    """All requests by circuit, and what is known of each circuit."""

    parts: Parts
    known: Known

    @property
    def busiest_rpm(self) -> float:
        """Requests per minute in the busiest hour of the busiest circuit."""
        return busiest_rpm(self.parts)

    @property
    def outages(self) -> int:
        """Of all circuits together."""
        return len(self.known.troubles)

    @property
    def unrecorded(self) -> float:
        """Share of the results that the breaker never gets: ignored or lost."""
        return unrecorded_share(self.known.outcomes)

    def scorer(self, policies: int, *, timezone: str, engine: Engine) -> Scorer:
        """What plays so many policies; the compiled kernel is loaded where they repay that.

        ConfigError for an unknown zone; InputError for "compiled" without the extra.
        """
        days = Days.of([self.parts.arrival], timezone)
        machine = None
        if engine == "compiled" or (
            engine == "auto" and policies * len(self.parts.arrival) >= REPAYS_LOADING
        ):
            machine = compiled.load()
            if machine is None and engine == "compiled":
                raise InputError(
                    "the compiled replay needs Numba, which is not installed",
                    hint="Install the extra: pip install 'cbops[fast]'.",
                )
        return Scorer(self.parts, self.known, days, machine)


def scores(
    scorer: Scorer, candidates: Sequence[Candidate], workers: int
) -> Generator[tuple[int, Row], None, None]:
    """Each candidate's place and row, as they come; only a few are on the way at any time.

    Closing it early (also by Ctrl-C) waits for those few and starts no others.
    """
    waiting = iter(enumerate(candidates))
    running: dict[Future[Row], int] = {}
    pool = ThreadPoolExecutor(workers)
    try:
        while True:
            for place, candidate in islice(waiting, 2 * workers - len(running)):
                running[pool.submit(scorer.score, candidate.settings)] = place
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                yield running.pop(future), future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
