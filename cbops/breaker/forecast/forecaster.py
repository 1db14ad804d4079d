"""Recorded traffic through several policies at once, chunk by chunk."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict

from cbops.breaker.forecast.books import Books
from cbops.breaker.forecast.circuit import forecasts_of
from cbops.breaker.forecast.parts import split
from cbops.breaker.forecast.players import Players
from cbops.breaker.forecast.sentences import sentences
from cbops.breaker.forecast.surroundings import Tails
from cbops.breaker.forecast.tallies import Tallies
from cbops.breaker.forecast.timeline import timeline_of
from cbops.breaker.forecast.totals import totals_of
from cbops.breaker.forecast.words import teller
from cbops.breaker.forecast.written import Written
from cbops.breaker.machine import Policy
from cbops.breaker.settings import Settings, resolve
from cbops.model.base import JsonObject
from cbops.model.events import IncidentAdded
from cbops.model.forecast import CircuitForecast, Forecast, PolicyForecast, Timeline
from cbops.model.policy import BreakerPolicy
from cbops.model.traffic import Circuit, Engine, TrafficChunk, TrafficSummary


class Forecaster:
    """Many circuits under several policies, by name; a policy None is no breaker at all.

    Feed all chunks, then `finish`. Memory is bounded by the chunk, the circuits and the transitions, not by the
    number of requests. `engine` as in `Replayer`; circuits are replayed by up to `workers` threads. `expected` is
    about how many requests will come, if known: a long replay then needn't wait for the compiled kernel.
    PolicyError when a block is wrong; InputError for "compiled" without the extra, for a chunk out of order and
    for times beyond the year 9999.
    """

    def __init__(
        self,
        policies: Mapping[str, Policy | None],
        *,
        incidents: Sequence[IncidentAdded] = (),
        engine: Engine = "auto",
        workers: int = 2,
        timezone: str = "UTC",
        expected: int = 0,
    ) -> None:
        self._policies = dict(policies)
        self._settings = {name: None if each is None else _settings(each) for name, each in policies.items()}
        self._declared = tuple(incidents)
        self._engine = engine
        self._workers = workers
        self._timezone = timezone
        self._expected = expected
        self._begin()

    def _begin(self) -> None:
        self._circuits: tuple[Circuit, ...] = ()
        self._tallies = Tallies(self._declared)
        self._tails = Tails()
        self._books = {name: Books() for name in self._policies}
        self._players = Players(self._settings, self._engine, self._workers, self._expected)

    def feed(self, chunk: TrafficChunk) -> None:
        """Play the next requests; one that `begins` makes everything before it forgotten."""
        if chunk.begins and self._tallies.begun:
            self._begin()
        self._circuits = chunk.circuits
        if not len(chunk):
            return
        self._tallies.check(chunk)
        parts = split(chunk, self._players.choose(len(chunk)))
        self._tails.room(int(parts.codes[-1]) + 1)
        # Playing needs the columns alone, and leaves a thread free where there is one circuit.
        with ThreadPoolExecutor(1) as pool:
            tallied = pool.submit(self._tallies.feed, chunk, parts)
            played = self._players.feed(parts)
            tallied.result()
        for name, (places, moves) in played.items():
            self._books[name].feed(parts, self._tails, places, moves)
        self._tails.feed(parts)

    def finish(self, summary: TrafficSummary) -> Forecast:
        """Record the results still out, and tell; nothing can be fed afterwards."""
        with _without_collections():
            forecast = self._tell(summary)
        return forecast.model_copy(update={"summary": sentences(forecast)})

    def _tell(self, summary: TrafficSummary) -> Forecast:
        self._tails.room(len(self._circuits))
        say = teller(summary.clock, self._timezone)
        written = self._written()
        policies = tuple(self._policy(name, each, forecasts_of(each, say)) for name, each in written.items())
        timeline = self._timeline(written)
        return Forecast(traffic=summary, policies=policies, timeline=timeline, timezone=self._timezone)

    def _written(self) -> dict[str, Written]:
        known = self._tallies.known(self._circuits)
        found = {}
        for name, (moves, endings) in self._players.finish().items():
            self._books[name].finish(self._tails, moves)
            found[name] = Written.of(self._books[name], self._settings[name], endings, known)
        return found

    def _timeline(self, written: Mapping[str, Written]) -> Timeline | None:
        tallies = self._tallies
        if not tallies.results.counts.size:
            return None
        denied = {name: books.steps for name, books in self._books.items()}
        return timeline_of(tallies.results, tallies.failed, denied, written)

    def _policy(self, name: str, written: Written, circuits: tuple[CircuitForecast, ...]) -> PolicyForecast:
        policy = self._policies[name]
        return PolicyForecast(
            name=name,
            block=None if policy is None else _block(policy),
            totals=totals_of(written),
            circuits=circuits,
        )


@contextmanager
def _without_collections() -> Iterator[None]:
    """A forecast of many openings is many small objects, none of them garbage: they need not be looked through."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _settings(policy: Policy) -> Settings:
    return policy if isinstance(policy, Settings) else resolve(policy)


def _block(policy: Policy) -> JsonObject:
    if isinstance(policy, BreakerPolicy):
        return policy.model_dump()
    return asdict(policy) if isinstance(policy, Settings) else dict(policy)
