"""Declared incidents, and what each circuit's trace holds of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cbops.breaker.forecast.arrays import Longs, grown
from cbops.breaker.forecast.parts import Parts
from cbops.model.base import to_ms
from cbops.model.events import IncidentAdded
from cbops.model.traffic import Circuit


class Incidents:
    """Results and failures in each incident, by circuit.

    An incident is of the circuits of its provider. Where the trace doesn't name providers, it is of all
    circuits, provided that all incidents given are of one provider.
    """

    def __init__(self, declared: Sequence[IncidentAdded]) -> None:
        self._declared = sorted(declared, key=lambda each: (each.start, each.end))
        self._spans = [(to_ms(each.start), to_ms(each.end)) for each in self._declared]
        self._single = len({each.provider for each in declared}) == 1
        # By incident: requests, results and failures of each circuit.
        self._counts: list[Longs] = [np.zeros((0, 3), np.int64) for _ in self._spans]

    def feed(self, parts: Parts, circuits: Sequence[Circuit]) -> None:
        """Take note of a chunk."""
        if not self._spans or not len(parts):
            return
        first, last = int(parts.arrival[parts.starts].min()), int(parts.arrival[parts.ends - 1].max())
        for number, (begin, end) in enumerate(self._spans):
            if end < first or begin > last:
                continue
            part = np.array(
                [
                    place
                    for place, code in enumerate(parts.codes.tolist())
                    if self._is_of(number, circuits[code])
                ],
                np.int64,
            )
            low, high = (
                parts.find(part, np.full(len(part), begin)),
                parts.find(part, np.full(len(part), end + 1)),
            )
            counts = grown(self._counts[number], int(parts.codes[-1]) + 1)
            counts[parts.codes[part], 0] += high - low
            counts[parts.codes[part], 1] += parts.results[high] - parts.results[low]
            counts[parts.codes[part], 2] += parts.failures_before(high) - parts.failures_before(low)
            self._counts[number] = counts

    def met(self, codes: Longs) -> list[tuple[int, int, Longs, Longs]]:
        """Each incident's begin and end (ms), in order, the places of those circuits of `codes` that had a request in
        it, and (results, failures) of each.
        """
        found = []
        for (begin, end), counts in zip(self._spans, self._counts, strict=True):
            mine = grown(counts, int(codes[-1]) + 1 if len(codes) else 0)[codes]
            places = np.flatnonzero(mine[:, 0])
            found.append((begin, end, places, mine[places, 1:]))
        return found

    def _is_of(self, number: int, circuit: Circuit) -> bool:
        if circuit.provider is None:
            return self._single
        return circuit.provider == self._declared[number].provider
