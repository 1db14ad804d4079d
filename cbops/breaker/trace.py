"""Recorded requests in columns."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from operator import le
from typing import Literal

from cbops.breaker import compiled
from cbops.breaker.columns import OUTCOMES, count_outcomes, letters, milliseconds
from cbops.errors import InputError

Outcome = Literal["s", "f", "i", "l"]

_HINT = "A row is (arrival in ms, latency in ms, outcome): two whole numbers, and s, f, i or l."


@dataclass(frozen=True)
class Trace:
    """Requests in the order in which they were given, which need not be that of arrival.

    `arrival` and `latency` are signed 64-bit milliseconds, `outcome` one ASCII letter a request:
    `s` success, `f` failure, `i` not recorded by the breaker, `l` result lost. The columns may be shared
    with whoever gave them and must not change afterwards: what is worked out from them is kept.
    """

    arrival: Sequence[int] = field(repr=False)
    latency: Sequence[int] = field(repr=False)
    outcome: Sequence[int] = field(repr=False)

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
                raise _negative(number, latency)
            if outcome not in tuple(OUTCOMES):
                raise InputError(f"row {number} of the trace has the outcome {outcome!r}", hint=_HINT)
            outcomes.append(ord(outcome))
        return cls(arrivals, latencies, bytes(outcomes))

    @classmethod
    def from_columns(cls, arrival: Iterable[int], latency: Iterable[int], outcome: Iterable[object]) -> Trace:
        """The same requests; columns of 64-bit integers and 8-bit letters (NumPy's too) are not copied.

        Outcomes are letters as text or bytes, or their ASCII codes. InputError names a column of another
        kind, and the first row with a negative latency or an unknown outcome.
        """
        trace = cls(
            milliseconds(arrival, "arrival"), milliseconds(latency, "latency"), letters(outcome, "outcome")
        )
        if len(trace) and compiled.lowest(trace.latency) < 0:
            raise _negative(*next(pair for pair in enumerate(trace.latency) if pair[1] < 0))
        return trace

    @cached_property
    def in_order(self) -> bool:
        """Whether the requests are given in order of arrival."""
        return all(map(le, self.arrival, islice(self.arrival, 1, None)))

    @cached_property
    def outcomes(self) -> tuple[int, ...]:
        """How many requests ended as s, f, i and l."""
        return count_outcomes(bytes(self.outcome))

    @cached_property
    def merged(self) -> compiled.Merged | None:
        """Requests and results in order, for the compiled kernel (13 to 26 bytes a request, kept).

        None where 64 bits can't hold them, or the kernel isn't there.
        """
        return compiled.merge(self.arrival, self.latency, self.outcome)

    def order(self) -> Sequence[int]:
        """The requests' indices by arrival; those of one millisecond stay in the order given."""
        if self.in_order:
            return range(len(self))
        return sorted(range(len(self)), key=self.arrival.__getitem__)


def _negative(number: int, latency: int) -> InputError:
    return InputError(f"row {number} of the trace has a latency of {latency} ms", hint=_HINT)
