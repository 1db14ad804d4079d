"""Columns of requests, and their gathering into chunks of one size."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from cbops.clients.traces.engine import Numbers


@dataclass(frozen=True, slots=True)
class Rows:
    """Arrivals and latencies in milliseconds, outcomes as letters, circuits as places."""

    arrival: Numbers
    latency: Numbers
    outcome: Numbers
    circuit: Numbers

    def __len__(self) -> int:
        return len(self.outcome)

    def part(self, first: int, last: int) -> Rows:
        """Some neighbouring rows."""
        span = slice(first, last)
        return Rows(self.arrival[span], self.latency[span], self.outcome[span], self.circuit[span])

    def chosen(self, mask: Numbers) -> Rows:
        """The rows where the mask is true."""
        return Rows(self.arrival[mask], self.latency[mask], self.outcome[mask], self.circuit[mask])


class Gathering:
    """Copies batches into columns of `size` rows each."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._filled = 0
        self._room = _room(0)

    def add(self, rows: Rows) -> Iterator[Rows]:
        """Take rows in; gives each chunk that became full."""
        taken = 0
        while taken < len(rows):
            if not len(self._room):
                self._room = _room(self._size)
            count = min(len(rows) - taken, self._size - self._filled)
            place = slice(self._filled, self._filled + count)
            part = rows.part(taken, taken + count)
            self._room.arrival[place] = part.arrival
            self._room.latency[place] = part.latency
            self._room.outcome[place] = part.outcome
            self._room.circuit[place] = part.circuit
            taken += count
            self._filled += count
            if self._filled == self._size:
                yield self._emptied()

    def rest(self) -> Iterator[Rows]:
        """The last chunk, when there is one."""
        if self._filled:
            yield self._emptied()

    def _emptied(self) -> Rows:
        full = self._room.part(0, self._filled)
        self._room, self._filled = _room(0), 0
        return full


def _room(size: int) -> Rows:
    return Rows(
        np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.uint8), np.empty(size, np.int32)
    )
