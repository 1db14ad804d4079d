"""Recorded traffic held in memory, by circuit: a search plays it again and again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from cbops.breaker.forecast.arrays import Longs, Octets, Places, column
from cbops.breaker.forecast.parts import Parts
from cbops.errors import InputError
from cbops.model.traffic import Circuit, TrafficChunk

# Measured at the peak, rounded up (benchmarks/tune.py): a request takes its columns (17), the order of its result (13)
# and the count of results before it (9), some of them twice for a moment; and for each thread the events of its policy's
# windows and what it denies.
BYTES_A_REQUEST, BYTES_A_WORKER = 56, 20

HOUR_MS = 3_600_000

N = TypeVar("N", np.int64, np.uint8)


@dataclass(slots=True)
class _Pieces:
    """What the chunks had of one circuit."""

    arrival: list[Longs] = field(default_factory=list)
    latency: list[Longs] = field(default_factory=list)
    outcome: list[Octets] = field(default_factory=list)


class Gathering:
    """Takes chunks and keeps every request, as long as they fit into `memory_bytes`."""

    def __init__(self, memory_bytes: int, workers: int = 2) -> None:
        self._memory = memory_bytes
        self._each = BYTES_A_REQUEST + BYTES_A_WORKER * workers
        self._begin()

    def _begin(self) -> None:
        self._pieces: list[_Pieces] = []
        self.circuits: tuple[Circuit, ...] = ()
        self.requests = 0

    def feed(self, chunk: TrafficChunk) -> None:
        """Take over a chunk's requests; one that begins forgets all before.

        Beyond the memory requests are only counted, so that the error can say how much all would need.
        """
        if chunk.begins:
            self._begin()
        self.requests += len(chunk)
        self.circuits = chunk.circuits
        if self._too_large:
            self._pieces.clear()
            return
        self._pieces += [_Pieces() for _ in range(len(chunk.circuits) - len(self._pieces))]
        arrival, latency = column(chunk.arrival, np.int64), column(chunk.latency, np.int64)
        outcome = column(chunk.outcome, np.uint8)
        for place, rows in _by_circuit(column(chunk.circuit, np.int32)):
            pieces = self._pieces[place]
            pieces.arrival.append(arrival[rows])
            pieces.latency.append(latency[rows])
            pieces.outcome.append(outcome[rows])

    @property
    def _too_large(self) -> bool:
        return self.requests * self._each > self._memory

    def parts(self) -> Parts:
        """All requests by circuit, in order of arrival within each; the places are those in `circuits`. Only once.

        InputError when they do not fit into the memory.
        """
        if self._too_large:
            raise InputError(
                f"a search keeps all requests in memory: {self.requests:,} of them need about "
                f"{_mebibytes(self.requests * self._each)}, and there is room for {_mebibytes(self._memory)} "
                "(--memory without the share for reading)",
                hint="Give more with --memory, or take less traffic: fewer files, or --tenant and --provider.",
            )
        codes = [place for place, pieces in enumerate(self._pieces) if pieces.arrival]
        sizes = [sum(map(len, self._pieces[place].outcome)) for place in codes]
        kept, self._pieces = self._pieces, []
        return Parts(
            codes=np.array(codes, np.int32),
            edges=np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes, dtype=np.int64))),
            arrival=_joined([pieces.arrival for pieces in kept], np.int64),
            latency=_joined([pieces.latency for pieces in kept], np.int64),
            outcome=_joined([pieces.outcome for pieces in kept], np.uint8),
        )


def _by_circuit(circuit: Places) -> Iterator[tuple[int, NDArray[np.intp] | slice]]:
    """The rows of each circuit in a chunk, in their order."""
    if not len(circuit):
        return
    if (circuit == circuit[0]).all():
        yield int(circuit[0]), slice(None)
        return
    order = np.argsort(circuit, kind="stable")
    places, begins = np.unique(circuit[order], return_index=True)
    for place, rows in zip(places, np.split(order, begins[1:]), strict=True):
        yield int(place), rows


def _joined(pieces: list[list[NDArray[N]]], kind: type[N]) -> NDArray[N]:
    """The pieces as one column; they are let go."""
    whole = np.concatenate([np.empty(0, kind), *(piece for each in pieces for piece in each)])
    for each in pieces:
        each.clear()
    return whole


def _mebibytes(size: int) -> str:
    return f"{-(-size >> 20):,} MiB"


def busiest_rpm(parts: Parts) -> float:
    """Requests per minute in the busiest hour (of the clock) of the busiest circuit."""
    busiest = 0
    for begin, end in zip(parts.starts.tolist(), parts.ends.tolist(), strict=True):
        busiest = max(
            busiest, int(np.unique(parts.arrival[begin:end] // HOUR_MS, return_counts=True)[1].max())
        )
    return busiest / 60
