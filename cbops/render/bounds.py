"""How much a template may do in one rendering: loops, text, and what its values may grow to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

MAX_OUTPUT = 16 * 1024 * 1024  # characters
MAX_WORK = 2_000_000  # nodes of loops and included templates, each time they are gone through
MAX_RANGE = 1_000
MAX_NUMBER = 10**12


class BoundError(Exception):
    """A template asks for too much."""


@dataclass(slots=True)
class Budget:
    """What is left of one rendering."""

    work: int = MAX_WORK
    output: int = MAX_OUTPUT

    def spend(self, work: int) -> None:
        """BoundError when nothing is left."""
        self.work -= work
        if self.work < 0:
            raise BoundError(f"its loops and includes go on beyond the bound of {MAX_WORK:,} steps")

    def put(self, characters: int) -> None:
        """BoundError when the document is too long."""
        self.output -= characters
        if self.output < 0:
            raise BoundError(f"the document grows beyond the bound of {MAX_OUTPUT // 1024**2} MiB")


_CURRENT: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextmanager
def bounded() -> Iterator[Budget]:
    """Everything inside is one rendering."""
    budget = Budget()
    token = _CURRENT.set(budget)
    try:
        yield budget
    finally:
        _CURRENT.reset(token)


def spend(work: int) -> None:
    """From the rendering that goes on; nothing outside of one."""
    budget = _CURRENT.get()
    if budget is not None:
        budget.spend(work)


def steps(values: Iterable[object], cost: int) -> Iterator[object]:
    """The values of a loop whose body has `cost` nodes."""
    for value in values:
        spend(cost)
        yield value


def small_range(*bounds: int) -> range:
    """`range` for templates. BoundError beyond its length."""
    made = range(*bounds)
    try:
        length = len(made)
    except OverflowError:  # longer than a machine's word
        length = MAX_RANGE + 1
    if length > MAX_RANGE:
        raise BoundError(f"a range has more than {MAX_RANGE:,} numbers")
    spend(length)
    return made


def arithmetic(operator: str, left: object, right: object) -> int:
    """`left operator right` of whole numbers. TypeError for anything else, BoundError when it grows too large.

    Text and lists are left out: they could be doubled until no memory is left.
    """
    if not (isinstance(left, int) and isinstance(right, int)):
        raise TypeError(f"'{operator}' is for whole numbers; put texts beside one another instead")
    if max(abs(left), abs(right)) > MAX_NUMBER:
        raise BoundError(f"a number is larger than {MAX_NUMBER:,}")
    return {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "//": lambda: left // right,
        "%": lambda: left % right,
    }[operator]()
