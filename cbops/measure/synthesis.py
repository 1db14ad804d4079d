"""A trace synthesised from counters: what the circuits of a tenant saw, as an approximation; pure.

Exact are the numbers of successes and failures per scrape interval and circuit, births and restarts counted
(`counting`). Made up, by the fixed rule of `spreading`, is where in its interval a request lies.
Source: the metrics section of the domain description.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cbops.measure.counting import Increment, increase, increments, select
from cbops.measure.names import (
    DECISIONS,
    EVENTS,
    FALLBACK_REASON,
    LATENCY_COUNT,
    LATENCY_SUM,
    TRANSITIONS,
    documented,
    server_query,
)
from cbops.measure.scrapes import restarts_in, scrape_health
from cbops.measure.spreading import Burst, Columns, Spread
from cbops.measure.targets import Targets, find_targets
from cbops.measure.transitions import dialect_of
from cbops.model.base import from_ms, to_ms
from cbops.model.config import MetricsConfig
from cbops.model.series import LOOKBACK, Fetched, Matcher, Series, SeriesQuery
from cbops.model.spans import united
from cbops.model.traffic import Circuit, TrafficChunk, TrafficSummary

_LOOKBACK_MS = round(LOOKBACK.total_seconds() * 1000)
_HOUR_MS = 3_600_000


def counters_query(config: MetricsConfig, tenant: str) -> SeriesQuery:
    """What to fetch of a tenant for `Synthesis.take`: raw samples."""
    return server_query(
        config,
        "the tenant's results, for a replay",
        (EVENTS, TRANSITIONS, DECISIONS, LATENCY_SUM, LATENCY_COUNT),
        (Matcher("tenant_id", "=", tenant),),
    )


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whose traffic, over (start, end]; `providers` null: every provider's. `past`: `end` is not the present."""

    tenant: str
    providers: frozenset[str] | None
    start: datetime
    end: datetime
    past: bool = False


@dataclass(slots=True)
class _Facts:
    """What was found so far. Spans are milliseconds."""

    providers: set[str] = field(default_factory=set)
    samples: int = 0
    interval_seconds: float | None = None
    unseen: list[tuple[int, int]] = field(default_factory=list)
    restarts: int = 0
    documented: bool = False
    latency: bool = False
    denied: int = 0  # of the wanted circuits
    fail_fast: int = 0  # of all the tenant's
    fallbacks: int | None = None
    requests: int = 0
    first: int | None = None
    last: int | None = None


@dataclass(slots=True)
class _Interval:
    """One circuit between two scrapes."""

    after: int
    success: int = 0
    failure: int = 0


class Synthesis:
    """Fed with the samples of consecutive pieces of time, tells the requests in them.

    It keeps what is between two scrapes, never the requests: memory is that of one piece's samples. After the
    last piece, `summary` is complete.
    """

    def __init__(
        self, config: MetricsConfig, wanted: Wanted, origin: Literal["prometheus", "embedded"]
    ) -> None:
        self._config, self._wanted, self._origin = config, wanted, origin
        self._start, self._end = to_ms(wanted.start), to_ms(wanted.end)
        self._circuits: dict[Circuit, int] = {}
        self._spread = Spread()
        self._facts = _Facts()

    @property
    def providers(self) -> frozenset[str]:
        """The tenant's providers that the samples name, wanted or not."""
        return frozenset(self._facts.providers)

    @property
    def samples(self) -> int:
        """Samples of the wanted results inside the time asked for."""
        return self._facts.samples

    def take(
        self, counters: Fetched, scrapes: Fetched | None, start: datetime, end: datetime
    ) -> Iterator[TrafficChunk]:
        """The next piece, (start, end]: every request that can be told by now.

        `counters` answers `counters_query`, `scrapes` says which scrapes succeeded (`scrape_query`).
        """
        series = documented(self._config, counters)
        targets = find_targets(series, documented(self._config, scrapes))
        window = to_ms(start), to_ms(end)
        self._look(series, targets, window)
        self._spread.add(self._bursts(series, targets, window))
        # Until an instance is scraped again, nobody knows what it counted since its last scrape; after a
        # longer pause than a source looks back, nothing is counted over it.
        scraped = [one.times[-1] for one in targets.all if one.times]
        horizon = max(min(scraped, default=window[1]), window[1] - _LOOKBACK_MS)
        yield from self._chunks(self._end if window[1] >= self._end else min(horizon, window[1]))

    @property
    def summary(self) -> TrafficSummary:
        """What was synthesised."""
        facts = self._facts
        return TrafficSummary(
            origin=self._origin,
            approximate=True,
            past=self._wanted.past,
            note=self._note(),
            begins=None if facts.first is None else from_ms(facts.first),
            ends=None if facts.last is None else from_ms(facts.last),
            requests=facts.requests,
            denied_in_production=facts.denied - self._sent_nonetheless(),
        )

    def _wanted_series(self, series: Iterable[Series], name: str, **labels: str) -> tuple[Series, ...]:
        providers = self._wanted.providers
        return tuple(
            one
            for one in select(series, name, labels)
            if (provider := one.labels.get("provider_id")) and (providers is None or provider in providers)
        )

    def _look(self, series: Sequence[Series], targets: Targets, window: tuple[int, int]) -> None:
        """Everything about a piece but its requests."""
        facts, (start, end) = self._facts, window
        facts.providers |= {one.labels.get("provider_id", "") for one in select(series, EVENTS)} - {""}
        facts.samples += sum(
            start < at <= end for one in self._wanted_series(series, EVENTS) for at in one.times
        )
        health = scrape_health(targets, start, end)
        facts.interval_seconds = health.interval_seconds or facts.interval_seconds
        facts.unseen += [(to_ms(gap.start), to_ms(gap.end)) for gap in health.gaps]
        facts.restarts += len(restarts_in(targets, start, end))
        facts.documented = facts.documented or dialect_of(series, self._config.dialect) == "documented"
        facts.latency = facts.latency or bool(self._wanted_series(series, LATENCY_COUNT))

        def counted(found: Iterable[Series]) -> int:
            return round(increase(found, targets, start, end))

        facts.denied += counted(self._wanted_series(series, EVENTS, event_type="fail_fast"))
        facts.fail_fast += counted(select(series, EVENTS, {"event_type": "fail_fast"}))
        if decisions := select(series, DECISIONS):
            chosen = counted(select(decisions, DECISIONS, {"reason": FALLBACK_REASON}))
            facts.fallbacks = (facts.fallbacks or 0) + chosen

    def _bursts(self, series: Sequence[Series], targets: Targets, window: tuple[int, int]) -> Iterator[Burst]:
        def rises(name: str, **labels: str) -> Iterator[tuple[Circuit, Increment]]:
            for one in self._wanted_series(series, name, **labels):
                target = targets.of(one)
                circuit = Circuit(
                    instance=target.instance or None,
                    tenant=self._wanted.tenant,
                    provider=one.labels["provider_id"],
                )
                yield from ((circuit, rise) for rise in increments(one, target, *window))

        found: dict[tuple[Circuit, int], _Interval] = {}
        for kind in ("success", "failure"):
            for key, (after, number) in _whole(rises(EVENTS, event_type=kind)).items():
                interval = found.setdefault(key, _Interval(after))
                interval.after = min(interval.after, after)
                setattr(interval, kind, number)
        means = _means(rises(LATENCY_COUNT), rises(LATENCY_SUM))
        for (circuit, at), one in sorted(found.items(), key=lambda item: item[0][1]):
            place = self._circuits.setdefault(circuit, len(self._circuits))
            # What a first interval began before the time asked for is told inside it, as days count it.
            after = max(one.after, self._start)
            yield Burst(place, after, at, one.success, one.failure, means.get((circuit, at), 0))

    def _chunks(self, horizon: int) -> Iterator[TrafficChunk]:
        for columns in self._spread.until(horizon):
            yield self._chunk(columns)

    def _chunk(self, columns: Columns) -> TrafficChunk:
        facts = self._facts
        begins = facts.requests == 0
        facts.requests += len(columns)
        facts.first = columns.arrival[0] if facts.first is None else facts.first
        facts.last = columns.arrival[-1]
        return TrafficChunk(
            arrival=columns.arrival,
            latency=columns.latency,
            outcome=columns.outcome,
            circuit=columns.circuit,
            circuits=tuple(self._circuits),
            begins=begins,
        )

    def _sent_nonetheless(self) -> int:
        """Denied requests that no fallback took: a stock router sends them all the same, so they are among
        the results already.
        """
        facts = self._facts
        if self._config.denied_without_fallback == "rejected" or facts.fallbacks is None:
            return 0
        return min(facts.denied, max(0, facts.fail_fast - facts.fallbacks))

    def _note(self) -> str:
        facts = self._facts
        every = "" if facts.interval_seconds is None else f" scraped every {facts.interval_seconds:g} s"
        latency = "its mean latency" if facts.latency else "a latency of 0, as none is exported"
        made = (
            f"synthesised from counters{every}: each interval's successes and failures, exact in number, are spread "
            f"evenly over it, with {latency}"
        )
        unseen = (
            "failures that stood close together by chance, ignored (4xx, cancelled) and lost results, and what "
            "they cause, are not seen"
        )
        told = (made, unseen, *self._missing())
        return "; ".join(told)

    def _missing(self) -> Iterator[str]:
        facts = self._facts
        unseen = sum(last - first for first, last in united(facts.unseen))
        if unseen:
            share = unseen / max(1, self._end - self._start)
            yield (
                f"{unseen / _HOUR_MS:.1f} h ({share:.1%}) of the time has no samples: nothing is made up for it, "
                "and what the counters rose over a gap is spread over the gap"
            )
        if facts.restarts:
            which = (
                "a restart of a router" if facts.restarts == 1 else f"{facts.restarts} restarts of routers"
            )
            yield f"what {which} hid before it was scraped is missing"
        if facts.documented:
            yield "this router does not count denied requests, so how many were left out is unknown"
        if nonetheless := self._sent_nonetheless():
            yield f"{nonetheless} denied requests were sent all the same and are among the results"


def _whole(rises: Iterable[tuple[Circuit, Increment]]) -> dict[tuple[Circuit, int], tuple[int, int]]:
    """(after, whole number) per circuit and scrape; fractions of a result are carried on to the next scrape."""
    sums: dict[tuple[Circuit, int], tuple[int, float]] = {}
    for circuit, rise in rises:
        after, by = sums.get((circuit, rise.at), (rise.at, 0.0))
        earlier = rise.at - 1 if rise.after is None else rise.after
        sums[circuit, rise.at] = min(after, earlier), by + rise.by
    found: dict[tuple[Circuit, int], tuple[int, int]] = {}
    owed: dict[Circuit, float] = {}
    for (circuit, at), (after, by) in sorted(sums.items(), key=lambda item: item[0][1]):
        due = owed.get(circuit, 0.0) + by
        number = max(0, round(due))
        owed[circuit] = due - number
        if number:
            found[circuit, at] = after, number
    return found


def _means(
    counts: Iterable[tuple[Circuit, Increment]], sums: Iterable[tuple[Circuit, Increment]]
) -> Mapping[tuple[Circuit, int], int]:
    """The mean latency per circuit and scrape, in whole milliseconds."""
    results: dict[tuple[Circuit, int], float] = {}
    totals: dict[tuple[Circuit, int], float] = {}
    for found, rises in ((results, counts), (totals, sums)):
        for circuit, rise in rises:
            found[circuit, rise.at] = found.get((circuit, rise.at), 0.0) + rise.by
    return {key: round(totals.get(key, 0.0) / number) for key, number in results.items() if number > 0}
