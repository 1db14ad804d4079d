"""PromQL expressions as data: what a parser found, without its objects.

Frozen dataclasses, because a rule file has thousands of nodes. Durations are milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cbops.model.series import Matcher

NAME = "__name__"
_UNITS = ((604_800_000, "w"), (86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms"))


@dataclass(frozen=True, slots=True)
class Number:
    """A number."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    value: str


@dataclass(frozen=True, slots=True)
class Selector:
    """Series by name and labels; a condition on `__name__` is a matcher like the others, the first where there is
    a plain name. `range_ms` null: an instant. `shift` is what follows: `offset 5m`, `@ end()`.
    """

    matchers: tuple[Matcher, ...]
    range_ms: int | None = None
    shift: str = ""

    @property
    def name(self) -> str | None:
        """The one metric it is about; null for a pattern or none."""
        return next((one.value for one in self.matchers if one.label == NAME and one.op == "="), None)

    @property
    def plain(self) -> Selector:
        """The same series, now."""
        return Selector(self.matchers)

    @property
    def conditions(self) -> tuple[Matcher, ...]:
        """The matchers on labels."""
        return tuple(one for one in self.matchers if one.label != NAME)


@dataclass(frozen=True, slots=True)
class Call:
    """A function of arguments."""

    function: str
    args: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`sum by (labels) (expr)`; `grouping` empty: without a list."""

    op: str
    expr: Expr
    param: Expr | None = None
    grouping: Literal["", "by", "without"] = ""
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Binary:
    """Two sides and what is between them. `boolean`: a comparison that answers 0 or 1 instead of filtering."""

    op: str
    left: Expr
    right: Expr
    boolean: bool = False
    matching: Literal["", "on", "ignoring"] = ""
    labels: tuple[str, ...] = ()
    group: Literal["", "group_left", "group_right"] = ""
    group_labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subquery:
    """An expression over a range; `step_ms` null: the server's."""

    expr: Expr
    range_ms: int
    step_ms: int | None = None
    shift: str = ""


@dataclass(frozen=True, slots=True)
class Negative:
    """-expr."""

    expr: Expr


@dataclass(frozen=True, slots=True)
class Paren:
    """(expr)."""

    expr: Expr


Expr: TypeAlias = Number | Text | Selector | Call | Aggregate | Binary | Subquery | Negative | Paren


def children(expr: Expr) -> tuple[Expr, ...]:
    """The expressions right under this one, from left to right."""
    match expr:
        case Call():
            return expr.args
        case Aggregate():
            return (expr.expr,) if expr.param is None else (expr.param, expr.expr)
        case Binary():
            return expr.left, expr.right
        case Subquery() | Negative() | Paren():
            return (expr.expr,)
        case _:
            return ()


def walk(expr: Expr) -> Iterator[Expr]:
    """The expression and all under it, a parent before its children."""
    yield expr
    for child in children(expr):
        yield from walk(child)


def bare(expr: Expr) -> Expr:
    """Without the brackets around it."""
    while isinstance(expr, Paren):
        expr = expr.expr
    return expr


def selectors(expr: Expr) -> tuple[Selector, ...]:
    """All that it selects, in order."""
    return tuple(one for one in walk(expr) if isinstance(one, Selector))


def duration(milliseconds: int) -> str:
    """As PromQL writes it: 90 s are 1m30s."""
    said, rest = "", milliseconds
    for size, unit in _UNITS:
        count, rest = divmod(rest, size)
        said += f"{count}{unit}" if count else ""
    return said or "0s"
