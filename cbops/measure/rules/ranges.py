"""Between which values an expression lies, as far as its form tells: for comparisons that can never hold."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from cbops.measure.names import ALERTS, ERROR_RATE, STATE, TRIGGER_REASON, UP
from cbops.measure.rules.known import GAUGE, Known
from cbops.measure.rules.printing import COMPARISONS
from cbops.model.promql import (
    Aggregate,
    Binary,
    Call,
    Expr,
    Negative,
    Number,
    Paren,
    Selector,
    Subquery,
)

Range = tuple[float, float]
ALL: Range = (-math.inf, math.inf)
POSITIVE: Range = (0.0, math.inf)
ONE: Range = (1.0, 1.0)
_METRICS: dict[str, Range] = {UP: (0, 1), ALERTS: ONE, ERROR_RATE: (0, 1), STATE: (0, 2), TRIGGER_REASON: ONE}
_COUNTERS = ("_total", "_count", "_bucket")
_POSITIVE = frozenset("rate irate increase changes resets stddev_over_time stdvar_over_time abs".split())  # noqa: SIM905
_SAME = frozenset(
    "avg_over_time min_over_time max_over_time last_over_time first_over_time sort sort_desc sort_by_label "  # noqa: SIM905
    "sort_by_label_desc label_replace label_join".split()
)
_FIXED: dict[str, Range] = {
    "absent": ONE,
    "absent_over_time": ONE,
    "present_over_time": ONE,
    "count_over_time": (1.0, math.inf),
}
_ONE_OF = frozenset("min max avg topk bottomk quantile limitk limit_ratio".split())  # noqa: SIM905
_MIRROR = {">": "<", "<": ">", ">=": "<=", "<=": ">="}


@dataclass(frozen=True, slots=True)
class Ranges:
    """`recorded`: the expressions behind the series that the rules record, by name."""

    known: Known
    recorded: Mapping[str, tuple[Expr, ...]] = field(default_factory=dict)

    def of(self, expr: Expr, seen: frozenset[str] = frozenset()) -> Range:  # noqa: PLR0911 - a case for each kind
        """The lowest and the highest value; both ends belong to it."""
        match expr:
            case Number():
                return (expr.value, expr.value) if not math.isnan(expr.value) else ALL
            case Paren() | Subquery():
                return self.of(expr.expr, seen)
            case Negative():
                low, high = self.of(expr.expr, seen)
                return -high, -low
            case Selector():
                return self._selector(expr, seen)
            case Call():
                return self._call(expr, seen)
            case Aggregate():
                return self._aggregate(expr, seen)
            case Binary():
                return self._binary(expr, seen)
            case _:
                return ALL

    def _selector(self, expr: Selector, seen: frozenset[str]) -> Range:
        name = expr.name
        if name is None:
            return ALL
        if name in self.recorded:
            if name in seen:
                return ALL
            return _union(*(self.of(each, seen | {name}) for each in self.recorded[name]))
        documented = self.known.documented(name)
        if documented == STATE:
            for one in expr.conditions:
                if one.label == self.known.theirs("state") and one.op == "=" and one.value in GAUGE:
                    return float(GAUGE[one.value]), float(GAUGE[one.value])
        if documented in _METRICS:
            return _METRICS[documented]
        return POSITIVE if documented.endswith(_COUNTERS) else ALL

    def _call(self, expr: Call, seen: frozenset[str]) -> Range:  # noqa: PLR0911 - a case for each kind
        if expr.function in _FIXED:
            return _FIXED[expr.function]
        if expr.function in _POSITIVE:
            return POSITIVE
        if not expr.args:
            return ALL
        ranges = [self.of(each, seen) for each in expr.args]
        first = ranges[0]
        if expr.function in _SAME or expr.function == "vector":
            return first
        if expr.function == "sum_over_time":
            return POSITIVE if first[0] >= 0 else ALL
        if expr.function == "clamp_min":
            return max(first[0], ranges[1][0]), max(first[1], ranges[1][1])
        if expr.function == "clamp_max":
            return min(first[0], ranges[1][0]), min(first[1], ranges[1][1])
        return ALL

    def _aggregate(self, expr: Aggregate, seen: frozenset[str]) -> Range:
        if expr.op in ("count", "count_values"):
            return 1.0, math.inf
        if expr.op == "group":
            return ONE
        if expr.op in ("stddev", "stdvar"):
            return POSITIVE
        inner = self.of(expr.expr, seen)
        if expr.op == "sum":
            return (inner[0], math.inf) if inner[0] >= 0 else ALL
        return inner if expr.op in _ONE_OF else ALL

    def _binary(self, expr: Binary, seen: frozenset[str]) -> Range:
        left = self.of(expr.left, seen)
        if expr.op in ("and", "unless"):
            return left
        right = self.of(expr.right, seen)
        if expr.op in COMPARISONS:
            return (0.0, 1.0) if expr.boolean else _narrowed(expr.op, left, right)
        if expr.op == "or":
            return _union(left, right)
        return _arithmetic(expr.op, left, right)


def never(op: str, left: Range, right: Range) -> bool:
    """Whether the comparison holds for no pair of values in the two ranges."""
    if op in ("<", "<="):
        return never(_MIRROR[op], right, left)
    if op == ">":
        return left[1] <= right[0]
    if op == ">=":
        return left[1] < right[0]
    if op == "==":
        return left[1] < right[0] or right[1] < left[0]
    return left == right and left[0] == left[1]  # !=


def always(op: str, left: Range, right: Range) -> bool:
    """Whether it holds for every pair of them."""
    opposite = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "==": "!=", "!=": "=="}
    return never(opposite[op], left, right)


def _narrowed(op: str, left: Range, right: Range) -> Range:
    """What is left of a side that a comparison filters; itself where nothing would be."""
    low, high = left
    if op in (">", ">=", "=="):
        low = max(low, right[0])
    if op in ("<", "<=", "=="):
        high = min(high, right[1])
    return (low, high) if low <= high else left


def _union(*ranges: Range) -> Range:
    return min(low for low, _ in ranges), max(high for _, high in ranges)


def _arithmetic(op: str, left: Range, right: Range) -> Range:
    if op == "+":
        return _known(left[0] + right[0], left[1] + right[1])
    if op == "-":
        return _known(left[0] - right[1], left[1] - right[0])
    if left[0] < 0 or right[0] < 0:
        return ALL
    if op == "*":
        return _times(left[0], right[0]), _times(left[1], right[1])
    if op == "/":
        # 0 / 0 is no number and meets no comparison; another number over 0 is infinite.
        low = left[0] / right[1] if right[1] > 0 and left[0] < math.inf else 0.0
        return low, left[1] / right[0] if right[0] > 0 and left[1] < math.inf else math.inf
    return ALL


def _times(one: float, other: float) -> float:
    return 0.0 if 0.0 in (one, other) else one * other


def _known(low: float, high: float) -> Range:
    return (-math.inf if math.isnan(low) else low, math.inf if math.isnan(high) else high)
