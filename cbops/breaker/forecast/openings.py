"""Why a circuit would have opened, in a sentence with the evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Literal

from cbops.breaker.forecast.arrays import Floats, Longs
from cbops.breaker.forecast.judging import EXPECTED, UNEXPECTED, UNEXPLAINED, Around, Classes
from cbops.breaker.forecast.opened import Opened
from cbops.breaker.forecast.settings import HEALTH_ALPHA
from cbops.breaker.forecast.troubles import Troubles
from cbops.breaker.forecast.words import counted, percent, span
from cbops.breaker.statistics import wilson

Source = Literal["incident", "trace", "none"]

_BESIDES = "besides the failure that opened it"


class Causes:
    """Sources and sentences; `say` tells a time in words."""

    def __init__(self, troubles: Troubles, say: Callable[[int], str]) -> None:
        self._troubles = troubles
        self._say = say
        self._begins, self._ends = troubles.begins.tolist(), troubles.ends.tolist()
        self._told: dict[int, tuple[str, str]] = {}  # one outage may explain very many openings

    def of(
        self, opened: Opened, around: Around, kinds: Classes, by: Longs, thresholds: Floats
    ) -> Iterator[tuple[Source, str]]:
        """Of each opening: `kinds` are their classes, `by` the places of the outages that explain them or -1.

        `thresholds` are the rates from which on the provider of each circuit is failing.
        """
        declared = self._troubles.declared.tolist()
        rows = zip(
            by.tolist(),
            opened.at.tolist(),
            kinds.tolist(),
            opened.window.tolist(),
            around.results.tolist(),
            around.failures.tolist(),
            thresholds[opened.circuit].tolist(),
            strict=True,
        )
        for outage, at, kind, (in_window, failed), results, failures, threshold in rows:
            if outage >= 0:
                yield "incident" if declared[outage] else "trace", self._explained(outage, at)
            else:
                source: Source = "none" if kind == UNEXPLAINED else "trace"
                yield source, _unexplained(kind, in_window, failed, results, failures, threshold)

    def _explained(self, outage: int, at: int) -> str:
        if outage not in self._told:
            self._told[outage] = self._words(outage)
        named, failed = self._told[outage]
        begins, ends = self._begins[outage], self._ends[outage]
        if at > ends:
            return f"{named} had ended {span(at - ends)} before ({failed})."
        if at < begins:
            return f"{named} began {span(begins - at)} later ({failed})."
        return f"{named} covers it ({failed})."

    def _words(self, outage: int) -> tuple[str, str]:
        troubles = self._troubles
        what = "A declared incident" if troubles.declared[outage] else "An outage that the trace shows"
        return (
            f"{what} from {self._say(self._begins[outage])} to {self._say(self._ends[outage])}",
            f"{int(troubles.failures[outage]):,} of {counted(int(troubles.results[outage]), 'call')} failed in it",
        )


@lru_cache(10_000)
def _around(results: int, failures: int) -> str:
    return f"{failures:,} of {counted(results, 'result')} around it failed"


@lru_cache(10_000)
def _unexplained(  # noqa: PLR0917 - a row of columns
    kind: int, in_window: int, failed: int, results: int, failures: int, threshold: float
) -> str:
    """About an opening that no outage explains; many are alike."""
    around = _around(results, failures)
    if kind == EXPECTED:
        return f"The provider was failing: {_BESIDES}, {around}."
    held = f"{counted(failed, 'failure')} among {counted(in_window, 'result')} in the window opened it; {_BESIDES}"
    if kind == UNEXPECTED:
        high = wilson(failures, results, HEALTH_ALPHA)[1]
        rates = f"below {percent(high)} with confidence (failing: {percent(threshold)})"
        return f"The provider was well: {held}, {around}, that is {rates}."
    told = around if results else "there is no result near it"
    return f"Nothing tells whether the provider was failing: {held}, {told}."
