"""The slow judge of openings and of what became of outages: one by one, without columns."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from cbops.breaker.forecast.outages import failing_threshold
from cbops.breaker.forecast.settings import HEALTH_ALPHA, INCIDENT_SLACK_MS, MIN_FAILURES
from cbops.breaker.forecast.words import counted, percent, span
from cbops.breaker.statistics import wilson
from cbops.model.verdict import Classification

Source = Literal["incident", "trace", "none"]

_BESIDES = "besides the failure that opened it"


@dataclass(frozen=True, slots=True)
class Trouble:
    """An outage of a circuit (ms): declared, or by its own results."""

    begins: int
    ends: int
    source: Literal["incident", "trace"]
    results: int
    failures: int

    def reach(self, window_ms: float) -> tuple[int, float]:
        """From when to when it explains an opening: as long as its failures are in the window."""
        slack = INCIDENT_SLACK_MS if self.source == "incident" else 0
        residue = max(0.0, window_ms) if self.failures else 0.0
        return self.begins - slack, self.ends + max(slack, residue)


@dataclass(frozen=True, slots=True)
class Opening:
    """From closed→open to the next close; times in ms, `before` and `after` are (results, failures)."""

    at: int
    closed: int | None
    reopened: int
    reason: str
    window: tuple[int, int]
    before: tuple[int, int]
    after: tuple[int, int]
    denied: tuple[int, int, int, int]

    @property
    def others(self) -> tuple[int, int]:
        """(results, failures) around it, without the failure that opened it."""
        before = max(self.window, self.before)
        results, failures = before[0] + self.after[0], before[1] + self.after[1]
        own = min(1, failures)
        return results - own, failures - own

    def closed_by(self, time: int) -> bool:
        """Whether it was over then."""
        return self.closed is not None and self.closed <= time


@dataclass(frozen=True, slots=True)
class Cause:
    """What an opening is taken to be, and why."""

    classification: Classification
    source: Source
    sentence: str


class Causes:
    """Tells the causes of one circuit's openings under one policy.

    `usual` is the circuit's usual failure rate, `say` a time in words.
    """

    def __init__(
        self, troubles: Sequence[Trouble], window_ms: float, usual: float, say: Callable[[int], str]
    ) -> None:
        # What people declared comes first, then what lies nearest.
        ranked = sorted(troubles, key=lambda each: (each.source, -each.begins))
        self._reaches = [(*each.reach(window_ms), each) for each in ranked]
        self._threshold = failing_threshold(usual)
        self._say = say
        self._told: dict[Trouble, tuple[str, str]] = {}  # one outage may explain very many openings

    def of(self, opening: Opening) -> Cause:
        """An opening's cause."""
        for begin, end, trouble in self._reaches:
            if begin <= opening.at <= end:
                return Cause("expected", trouble.source, self._explained(trouble, opening.at))
        results, failures = opening.others
        low, high = wilson(failures, results, HEALTH_ALPHA)
        around = f"{failures:,} of {counted(results, 'result')} around it failed"
        if failures >= MIN_FAILURES and low > self._threshold:
            return Cause("expected", "trace", f"The provider was failing: {_BESIDES}, {around}.")
        held = (
            f"{counted(opening.window[1], 'failure')} among {counted(opening.window[0], 'result')} in the window "
            f"opened it; {_BESIDES}"
        )
        if results and high < self._threshold:
            rates = f"below {percent(high)} with confidence (failing: {percent(self._threshold)})"
            return Cause("unexpected", "trace", f"The provider was well: {held}, {around}, that is {rates}.")
        told = around if results else "there is no result near it"
        return Cause(
            "unexplained", "none", f"Nothing tells whether the provider was failing: {held}, {told}."
        )

    def _explained(self, trouble: Trouble, at: int) -> str:
        if trouble not in self._told:
            self._told[trouble] = self._words(trouble)
        named, failed = self._told[trouble]
        if at > trouble.ends:
            return f"{named} had ended {span(at - trouble.ends)} before ({failed})."
        if at < trouble.begins:
            return f"{named} began {span(trouble.begins - at)} later ({failed})."
        return f"{named} covers it ({failed})."

    def _words(self, trouble: Trouble) -> tuple[str, str]:
        what = "A declared incident" if trouble.source == "incident" else "An outage that the trace shows"
        return (
            f"{what} from {self._say(trouble.begins)} to {self._say(trouble.ends)}",
            f"{trouble.failures:,} of {counted(trouble.results, 'call')} failed in it",
        )


def met(trouble: Trouble, openings: list[Opening], window_ms: float) -> tuple[int | None, int | None]:
    """After how many ms the circuit opened in the outage, and closed after it; see `Outage`."""
    begins, until = trouble.begins, trouble.reach(window_ms)[1]
    first = bisect_left(openings, begins, key=lambda each: each.at)
    if first and not openings[first - 1].closed_by(begins):
        first -= 1  # open when it began
    mine = []
    for opening in openings[first:]:
        if opening.at > until:
            break
        mine.append(opening)
    if not mine:
        return None, 0
    closed = mine[-1].closed
    return max(0, mine[0].at - begins), None if closed is None else max(0, closed - trouble.ends)
