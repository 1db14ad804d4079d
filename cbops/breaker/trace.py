"""Recorded requests in columns."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cbops.errors import InputError

Outcome = Literal["s", "f", "i", "l"]
OUTCOMES = "sfil"

_HINT = "A row is (arrival in ms, latency in ms, outcome): two whole numbers, and s, f, i or l."


@dataclass(frozen=True, slots=True)
class Trace:
    """Requests in the order in which they were given, which need not be that of arrival.

    `arrival` and `latency` are signed 64-bit milliseconds, `outcome` one ASCII letter a request:
    `s` success, `f` failure, `i` not recorded by the breaker, `l` result lost.
    """

    arrival: array[int]
    latency: array[int]
    outcome: bytes

    def __post_init__(self) -> None:
        if not len(self.arrival) == len(self.latency) == len(self.outcome):
            raise InputError(
                f"a trace's columns differ in length: {len(self.arrival)} arrivals, {len(self.latency)} "
                f"latencies, {len(self.outcome)} outcomes",
                hint="Give every request an arrival, a latency and an outcome.",
            )

    def __len__(self) -> int:
        return len(self.outcome)

    @classmethod
    def from_rows(cls, rows: Iterable[tuple[int, int, Outcome]]) -> Trace:
        """The same requests in columns; InputError names the first row that isn't a request."""
        arrivals, latencies, outcomes = array("q"), array("q"), bytearray()
        for number, row in enumerate(rows):
            try:
                arrival, latency, outcome = row
                arrivals.append(arrival)
                latencies.append(latency)
            except (TypeError, ValueError, OverflowError) as error:
                raise InputError(f"row {number} of the trace, {row!r}, is no request", hint=_HINT) from error
            if latency < 0:
                raise InputError(f"row {number} of the trace has a latency of {latency} ms", hint=_HINT)
            if outcome not in tuple(OUTCOMES):
                raise InputError(f"row {number} of the trace has the outcome {outcome!r}", hint=_HINT)
            outcomes.append(ord(outcome))
        return cls(arrivals, latencies, bytes(outcomes))

    def order(self) -> list[int]:
        """The requests' indices by arrival; those of one millisecond stay in the order given."""
        return sorted(range(len(self)), key=self.arrival.__getitem__)
