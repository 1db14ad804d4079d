"""Recorded traffic through several policies at once, chunk by chunk."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict

import numpy as np

from cbops.breaker.forecast.arrays import FAILURE, IGNORED, LOST, SUCCESS, Longs, Octets, column, grown
from cbops.breaker.forecast.books import Books
from cbops.breaker.forecast.circuit import Known, Written
from cbops.breaker.forecast.failures import Failures
from cbops.breaker.forecast.histogram import Histogram
from cbops.breaker.forecast.incidents import Incidents
from cbops.breaker.forecast.openings import Trouble
from cbops.breaker.forecast.outages import find_outages, usual_rate
from cbops.breaker.forecast.parts import Parts, split
from cbops.breaker.forecast.players import Players
from cbops.breaker.forecast.sentences import sentences
from cbops.breaker.forecast.settings import INCIDENT_SLACK_MS
from cbops.breaker.forecast.surroundings import Tails
from cbops.breaker.forecast.timeline import timeline_of
from cbops.breaker.forecast.totals import totals_of
from cbops.breaker.forecast.words import teller
from cbops.breaker.machine import Policy
from cbops.breaker.settings import Settings, resolve
from cbops.errors import InputError
from cbops.model.base import JsonObject
from cbops.model.events import IncidentAdded
from cbops.model.forecast import CircuitForecast, Forecast, PolicyForecast
from cbops.model.policy import BreakerPolicy
from cbops.model.traffic import Circuit, Engine, TrafficChunk, TrafficSummary

# Times that a date can hold: the years 1 to 9999.
_EARLIEST, _LATEST = -62_135_596_800_000, 253_402_300_799_999


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
        self._outcomes: Longs = np.zeros((0, 4), np.int64)
        self._results, self._failed = Histogram(), Histogram()
        self._failures = Failures()
        self._incidents = Incidents(self._declared)
        self._tails = Tails()
        self._books = {name: Books() for name in self._policies}
        self._players = Players(self._settings, self._engine, self._workers, self._expected)
        self._latest: int | None = None

    def feed(self, chunk: TrafficChunk) -> None:
        """Play the next requests; one that `begins` makes everything before it forgotten."""
        if chunk.begins and self._latest is not None:
            self._begin()
        self._circuits = chunk.circuits
        if not len(chunk):
            return
        arrival = column(chunk.arrival, np.int64)
        self._check(arrival, column(chunk.latency, np.int64))
        parts = split(chunk, self._players.choose(len(chunk)))
        circuits = int(parts.codes[-1]) + 1
        self._tails.room(circuits)
        # Playing needs the columns alone, and leaves a thread free where there is one circuit.
        with ThreadPoolExecutor(1) as pool:
            tallied = pool.submit(self._tally, arrival, column(chunk.outcome, np.uint8), parts)
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
        known = self._known()
        written: dict[str, Written] = {}
        policies = []
        for name, (moves, endings) in self._players.finish().items():
            self._books[name].finish(self._tails, moves)
            written[name] = Written(
                self._books[name], self._settings[name], dict(endings), len(self._circuits)
            )
            circuits = tuple(written[name].forecast(code, each, say) for code, each in known.items())
            policies.append(self._policy(name, circuits))
        timeline = None
        if self._results.counts.size:
            denied = {name: books.steps for name, books in self._books.items()}
            timeline = timeline_of(self._results, self._failed, denied, written)
        return Forecast(traffic=summary, policies=tuple(policies), timeline=timeline, timezone=self._timezone)

    def _policy(self, name: str, circuits: tuple[CircuitForecast, ...]) -> PolicyForecast:
        policy = self._policies[name]
        return PolicyForecast(
            name=name,
            block=None if policy is None else _block(policy),
            totals=totals_of(circuits),
            circuits=circuits,
        )

    def _check(self, arrival: Longs, latency: Longs) -> None:
        first, last = int(arrival[0]), int(arrival[-1])
        if (self._latest is not None and first < self._latest) or not (arrival[1:] >= arrival[:-1]).all():
            raise InputError(
                "the trace's requests are not in order of arrival",
                hint="Sort the chunks before they are fed.",
            )
        self._latest = last
        if not (first >= _EARLIEST and last + int(latency.max()) <= _LATEST):
            raise InputError(
                f"the trace has a time beyond the years 1 to 9999 (arrivals from {first} to {last} ms since 1970, "
                f"latencies up to {int(latency.max())} ms)",
                hint="Give times in the unit that the mapping names; milliseconds since 1970 by default.",
            )

    def _tally(self, arrival: Longs, outcome: Octets, parts: Parts) -> None:
        """Everything that doesn't depend on a policy; arrival and outcome as they came."""
        failed = outcome == FAILURE
        self._results.add_sorted(arrival, (outcome == SUCCESS) | failed)
        self._failed.add_sorted(arrival, failed)
        self._outcomes = grown(self._outcomes, int(parts.codes[-1]) + 1)
        for place, letter in enumerate((SUCCESS, FAILURE, IGNORED, LOST)):
            counts = np.add.reduceat(parts.outcome == letter, parts.starts, dtype=np.int64)
            self._outcomes[parts.codes, place] += counts
        self._failures.feed(parts)
        self._incidents.feed(parts, self._circuits)

    def _known(self) -> dict[int, Known]:
        """Each circuit that had a request, in the order in which they were first met."""
        rows = self._failures.rows()
        edges = np.searchsorted(rows.circuit, np.arange(len(self._circuits) + 1)).tolist()
        found = {}
        for code, circuit in enumerate(self._circuits):
            if code >= len(self._outcomes) or not self._outcomes[code].any():
                continue
            mine = rows.part(edges[code], edges[code + 1])
            results = int(self._outcomes[code, :2].sum())
            usual = usual_rate(mine, results)
            declared = self._incidents.of(code)
            own = tuple(
                Trouble(each.begins, each.ends, "trace", each.results, each.failures)
                for each in find_outages(mine, results, usual)
                if not any(_overlap(each.begins, each.ends, incident) for incident in declared)
            )
            troubles = tuple(sorted((*declared, *own), key=lambda each: each.begins))
            found[code] = Known(circuit, self._outcomes[code], troubles, usual)
        return found


def _overlap(begins: int, ends: int, incident: Trouble) -> bool:
    return begins <= incident.ends + INCIDENT_SLACK_MS and incident.begins - INCIDENT_SLACK_MS <= ends


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
