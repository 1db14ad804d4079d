"""Counted results as single requests: spread evenly over the time in which they were counted; pure.

The rule, the same for every interval (after, at] of N results, M of them failures, and free of chance, so that
the same counters always give the same answer: request k (from 0) arrives at after + (2k + 1) / 2N of the
interval's length, and failure i is the request that brings k * M / N past its next whole number, counted from
the middle. Nothing is known of the order inside an interval; the even one assumes least: no cluster that
wasn't counted, and no pause either.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import heappop, heappush

CHUNK = 65_536  # requests that are worth handing over together, and at most held in one slice
SLICE_MS = 300_000

_SUCCESS, _FAILURE = b"s", ord("f")


@dataclass(slots=True)
class Burst:
    """Results of one circuit that were counted in (after, at], milliseconds; `sent` of them are told already."""

    circuit: int
    after: int
    at: int
    success: int
    failure: int
    latency: int
    sent: int = 0

    @property
    def total(self) -> int:
        """All its results."""
        return self.success + self.failure

    def until(self, time: int) -> int:
        """How many of its requests arrive up to that time."""
        if time >= self.at:
            return self.total
        if time <= self.after:
            return 0
        odd = (2 * self.total * (time - self.after + 1) - 1) // (self.at - self.after)
        return min((odd + 1) // 2, self.total)

    def arrivals(self, first: int, last: int) -> Iterator[int]:
        """When the requests from `first` to before `last` arrive; ascending, after `after` and not after `at`."""
        after, length, parts = self.after, self.at - self.after, 2 * self.total
        odd = range(2 * first + 1, 2 * last + 1, 2)
        if length >= parts:
            return (after + each * length // parts for each in odd)
        return (after + max(1, each * length // parts) for each in odd)

    def outcomes(self, first: int, last: int) -> bytes:
        """The letters of the requests from `first` to before `last`."""
        letters = bytearray(_SUCCESS * (last - first))
        total, failures, middle = self.total, self.failure, (self.total - 1) // 2
        for nth in range((first * failures + middle) // total, (last * failures + middle) // total):
            letters[-((middle - (nth + 1) * total) // failures) - 1 - first] = _FAILURE
        return bytes(letters)


@dataclass(slots=True)
class Columns:
    """Requests in order of arrival; see TrafficChunk."""

    arrival: array[int]
    latency: array[int]
    outcome: array[int]
    circuit: array[int]

    @staticmethod
    def empty() -> Columns:
        """Without a request."""
        return Columns(array("q"), array("q"), array("B"), array("i"))

    def __len__(self) -> int:
        return len(self.outcome)

    def add(self, burst: Burst, last: int) -> None:
        """What is not told yet of a burst, up to before request `last`."""
        number = last - burst.sent
        self.arrival.extend(burst.arrivals(burst.sent, last))
        self.latency.extend(array("q", [burst.latency]) * number)
        self.outcome.frombytes(burst.outcomes(burst.sent, last))
        self.circuit.extend(array("i", [burst.circuit]) * number)
        burst.sent = last

    def extend(self, other: Columns) -> None:
        """What comes later."""
        self.arrival += other.arrival
        self.latency += other.latency
        self.outcome += other.outcome
        self.circuit += other.circuit

    def sorted(self) -> Columns:
        """By arrival; at one millisecond they stay as they are."""
        order = sorted(range(len(self)), key=self.arrival.__getitem__)
        return Columns(
            array("q", [self.arrival[place] for place in order]),
            array("q", [self.latency[place] for place in order]),
            array("B", [self.outcome[place] for place in order]),
            array("i", [self.circuit[place] for place in order]),
        )


class Spread:
    """Bursts in, requests in order of arrival over all circuits out; holds bursts and one slice of requests."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, int, int, Burst]] = []  # a heap
        self._running: list[Burst] = []
        self._told = -(1 << 62)  # everything up to here is told

    def add(self, bursts: Iterable[Burst]) -> None:
        """More of them; what would begin before the time that is told already begins there."""
        for burst in bursts:
            burst.after = max(burst.after, self._told)
            heappush(self._waiting, (burst.after, burst.circuit, burst.at, burst))

    def until(self, horizon: int) -> Iterator[Columns]:
        """Every request that arrives up to `horizon`, in chunks of at least CHUNK but for the last."""
        chunk = Columns.empty()
        while self._running or self._waiting:
            if not self._running:
                self._told = max(self._told, self._waiting[0][0])
            if self._told >= horizon:
                break
            chunk.extend(self._slice(horizon))
            if len(chunk) >= CHUNK:
                yield chunk
                chunk = Columns.empty()
        if len(chunk):
            yield chunk

    def _slice(self, horizon: int) -> Columns:
        """The next requests, as many as a few minutes or a chunk hold."""
        edge = min(self._told + SLICE_MS, horizon)
        while self._waiting and self._waiting[0][0] < edge:
            self._running.append(heappop(self._waiting)[-1])
        while edge - self._told > 1 and sum(one.until(edge) - one.sent for one in self._running) > CHUNK:
            edge = self._told + (edge - self._told) // 2
        found, latest, mixed = Columns.empty(), edge, False
        for burst in self._running:
            last = burst.until(edge)
            if last > burst.sent:
                mixed = mixed or (len(found) > 0 and next(burst.arrivals(burst.sent, last)) < latest)
                found.add(burst, last)
                latest = found.arrival[-1]
        self._running = [one for one in self._running if one.sent < one.total]
        self._told = edge
        return found.sorted() if mixed else found
