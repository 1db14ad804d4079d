"""A chunk of traffic, put in order of circuit."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from cbops.breaker.compiled import Machine
from cbops.breaker.forecast.arrays import FAILURE, SUCCESS, Flags, Longs, Octets, Places, column, find
from cbops.breaker.trace import Trace
from cbops.model.traffic import TrafficChunk


@dataclass(frozen=True)
class Parts:
    """Requests by circuit, and in order of arrival within each.

    `codes` are the circuits that have requests, ascending; the part of `codes[i]` is
    `edges[i]` to `edges[i + 1]` of the columns.
    """

    codes: Places = field(repr=False)
    edges: Longs = field(repr=False)
    arrival: Longs = field(repr=False)
    latency: Longs = field(repr=False)
    outcome: Octets = field(repr=False)
    machine: Machine | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def starts(self) -> Longs:
        """Where each part begins."""
        return self.edges[:-1]

    @property
    def ends(self) -> Longs:
        """Behind the last request of each part."""
        return self.edges[1:]

    @cached_property
    def is_result(self) -> Flags:
        """Whether the breaker records the outcome."""
        found: Flags = (self.outcome == SUCCESS) | (self.outcome == FAILURE)
        return found

    @cached_property
    def results(self) -> Longs:
        """Results before each request, over all parts; one number more than there are requests."""
        found = np.zeros(len(self.outcome) + 1, np.int64)
        np.cumsum(self.is_result, out=found[1:])
        return found

    @cached_property
    def failures(self) -> Longs:
        """Where the failures stand in the columns."""
        return np.flatnonzero(self.outcome == FAILURE)

    def failures_before(self, places: Longs) -> Longs:
        """Failures before each of these places, over all parts."""
        return np.searchsorted(self.failures, places)

    def trace(self, part: int) -> Trace:
        """One part, for the replay."""
        part_of = slice(int(self.edges[part]), int(self.edges[part + 1]))
        # Seen as memory they give Python's numbers, not NumPy's.
        return Trace(
            self.arrival[part_of].data,
            self.latency[part_of].data,
            self.outcome[part_of].data,
        )

    def find(self, part: Longs, time: Longs) -> Longs:
        """For each pair the place of the part's first request that arrives at the time or later."""
        if len(self) == 1:
            return np.searchsorted(self.arrival, time)
        if self.machine is not None:
            found = np.empty(len(time), np.int64)
            self.machine.find_all(self.edges, self.arrival, part, time, found)
            return found
        return find(self.edges, self.arrival, part, time)

    def part_of(self, places: Longs) -> Longs:
        """Which part each place is in; the places ascend."""
        return np.repeat(np.arange(len(self)), np.diff(np.searchsorted(places, self.edges)))


def split(chunk: TrafficChunk, machine: Machine | None) -> Parts:
    """The chunk by circuit: shared columns where there is one circuit, else a stable sort."""
    arrival, latency = column(chunk.arrival, np.int64), column(chunk.latency, np.int64)
    outcome, circuit = column(chunk.outcome, np.uint8), column(chunk.circuit, np.int32)
    if len(circuit) == 0:
        return Parts(circuit, np.zeros(1, np.int64), arrival, latency, outcome, machine)
    if len(chunk.circuits) == 1 or int(circuit.min()) == int(circuit.max()):
        return Parts(circuit[:1].copy(), np.array([0, len(circuit)]), arrival, latency, outcome, machine)
    counts = np.bincount(circuit, minlength=len(chunk.circuits))
    behind = np.cumsum(counts)
    codes = np.flatnonzero(counts)
    edges = np.append(np.zeros(1, np.int64), behind[codes])
    if machine is not None:
        columns = (np.empty_like(arrival), np.empty_like(latency), np.empty_like(outcome))
        machine.scatter(circuit, behind - counts, arrival, latency, outcome, *columns)
    else:
        # Few bits are sorted by counting, many by comparing.
        narrow = circuit.astype(np.uint16) if len(chunk.circuits) <= 1 << 16 else circuit
        order = np.argsort(narrow, kind="stable")
        columns = (arrival[order], latency[order], outcome[order])
    return Parts(codes.astype(np.int32), edges, *columns, machine)
