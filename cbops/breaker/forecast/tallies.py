"""What recorded traffic tells whatever the policy: outcomes, outages and usual failure rates of its circuits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from cbops.breaker.forecast.arrays import FAILURE, IGNORED, LOST, SUCCESS, Floats, Longs, column, grown
from cbops.breaker.forecast.failures import Failures
from cbops.breaker.forecast.histogram import Histogram
from cbops.breaker.forecast.incidents import Incidents
from cbops.breaker.forecast.outages import failing_threshold, find_outages
from cbops.breaker.forecast.parts import Parts
from cbops.breaker.forecast.troubles import Troubles
from cbops.breaker.forecast.usual import usual_rates
from cbops.errors import InputError
from cbops.model.events import IncidentAdded
from cbops.model.traffic import Circuit, TrafficChunk

# Times that a date can hold: the years 1 to 9999.
_EARLIEST, _LATEST = -62_135_596_800_000, 253_402_300_799_999


@dataclass(frozen=True, slots=True)
class Known:
    """The circuits that had a request, in the order in which they were first met; `codes` are their places in the
    traffic's circuits.

    `outcomes` are s, f, i and l of each, `thresholds` the rates from which on each one's provider is failing.
    """

    codes: Longs
    circuits: tuple[Circuit, ...]
    outcomes: Longs
    thresholds: Floats
    troubles: Troubles

    def __len__(self) -> int:
        return len(self.codes)


class Tallies:
    """Takes chunks in order of arrival; InputError for one out of order, and for times beyond the year 9999."""

    def __init__(self, incidents: Sequence[IncidentAdded] = ()) -> None:
        self.results, self.failed = Histogram(), Histogram()
        self._outcomes: Longs = np.zeros((0, 4), np.int64)
        self._failures = Failures()
        self._incidents = Incidents(incidents)
        self._latest: int | None = None

    @property
    def begun(self) -> bool:
        """Whether there was a request."""
        return self._latest is not None

    def check(self, chunk: TrafficChunk) -> None:
        """Refuse a chunk that can't come next; it holds a request."""
        arrival, latency = column(chunk.arrival, np.int64), column(chunk.latency, np.int64)
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

    def feed(self, chunk: TrafficChunk, parts: Parts) -> None:
        """Take note of a chunk that was checked, as it came and by circuit."""
        arrival, outcome = column(chunk.arrival, np.int64), column(chunk.outcome, np.uint8)
        failed = outcome == FAILURE
        self.results.add_sorted(arrival, (outcome == SUCCESS) | failed)
        self.failed.add_sorted(arrival, failed)
        self._outcomes = grown(self._outcomes, int(parts.codes[-1]) + 1)
        for place, letter in enumerate((SUCCESS, FAILURE, IGNORED, LOST)):
            counts = np.add.reduceat(parts.outcome == letter, parts.starts, dtype=np.int64)
            self._outcomes[parts.codes, place] += counts
        self._failures.feed(parts)
        self._incidents.feed(parts, chunk.circuits)

    def known(self, circuits: Sequence[Circuit]) -> Known:
        """What there is to know in the end; `circuits` are all of the traffic."""
        codes = np.flatnonzero(self._outcomes.any(axis=1))
        outcomes = self._outcomes[codes]
        rows = self._failures.rows()
        # Every row is of a circuit that had a request.
        edges = np.append(np.searchsorted(rows.circuit, codes), len(rows))
        results = outcomes[:, :2].sum(axis=1)
        usual = usual_rates(rows, edges[:-1], edges[1:], results).tolist()
        return Known(
            codes,
            tuple(circuits[code] for code in codes.tolist()),
            outcomes,
            np.array([failing_threshold(each) for each in usual]),
            Troubles.put_together(codes, self._incidents, find_outages(rows, edges, results, usual)),
        )
