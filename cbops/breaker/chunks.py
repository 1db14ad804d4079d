"""What the two ways of running the kernel have in common: what goes from chunk to chunk, and what comes out."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, MutableSequence, Sequence
from dataclasses import dataclass, field

from cbops.breaker.kernel import NUMBERS

# Transitions that one call of the kernel has room for; it is called again while it fills them.
ROOM = 4096


@dataclass(frozen=True, slots=True)
class Carry:
    """A replay between two chunks.

    `numbers` is the circuit in the kernel's places. `at` and `failed` are admitted results by time: first
    the `recorded` ones that are in the window, then those that are still out, in order of arrival where
    their times are equal.
    """

    numbers: Sequence[int] = (0,) * NUMBERS
    at: Sequence[int] = ()
    failed: Sequence[int] = ()
    recorded: int = 0


@dataclass(slots=True)
class Moves:
    """Transitions in columns: time in ms, the kernel's code of what it was, what the window held (see there)."""

    at: MutableSequence[int] = field(default_factory=lambda: array("q"))
    why: array[int] = field(default_factory=lambda: array("B"))
    results: array[int] = field(default_factory=lambda: array("q"))
    failures: array[int] = field(default_factory=lambda: array("q"))

    def add(
        self, at: Sequence[int], why: Iterable[int], results: Iterable[int], failures: Iterable[int]
    ) -> None:
        """Take over the transitions of one call."""
        try:
            self.at.extend(array("q", at))
        except OverflowError:  # a latency may lead beyond 64 bits
            self.at = [*self.at, *at]
        self.why.extend(why)
        self.results.extend(results)
        self.failures.extend(failures)


@dataclass(frozen=True, slots=True)
class Played:
    """A chunk's outcome: the indices denied (64-bit, in order of arrival), and how many of s, f, i and l."""

    carry: Carry
    denied: array[int]
    denied_outcomes: tuple[int, ...]
