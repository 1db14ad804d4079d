"""Expressions as PromQL text, and what is asked to tell 'never true' from 'never any data'."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from cbops.model.promql import (
    NAME,
    Aggregate,
    Binary,
    Call,
    Expr,
    Negative,
    Number,
    Paren,
    Selector,
    Subquery,
    Text,
    duration,
)
from cbops.model.series import Matcher

COMPARISONS = frozenset(("==", "!=", ">", "<", ">=", "<="))
_PLAIN_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_PLAIN_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def text_of(expr: Expr) -> str:  # noqa: PLR0911 - a case for each kind
    """The expression on one line; parsing it gives the same data."""
    match expr:
        case Number():
            return _number(expr.value)
        case Text():
            return quoted(expr.value)
        case Selector():
            ranged = "" if expr.range_ms is None else f"[{duration(expr.range_ms)}]"
            return _joined(_series(expr) + ranged, expr.shift)
        case Call():
            return f"{expr.function}({', '.join(map(text_of, expr.args))})"
        case Aggregate():
            inner = (
                text_of(expr.expr) if expr.param is None else f"{text_of(expr.param)}, {text_of(expr.expr)}"
            )
            grouping = f" {expr.grouping} ({', '.join(expr.labels)}) " if expr.grouping else ""
            return f"{expr.op}{grouping}({inner})"
        case Binary():
            return _binary(expr)
        case Subquery():
            step = "" if expr.step_ms is None else duration(expr.step_ms)
            return _joined(f"{text_of(expr.expr)}[{duration(expr.range_ms)}:{step}]", expr.shift)
        case Negative():
            return f"-{text_of(expr.expr)}"
        case Paren():
            return f"({text_of(expr.expr)})"


def relaxed(expr: Expr) -> Expr:
    """The expression with comparisons that answer 0 or 1 instead of filtering: it has data wherever the operands
    have some. What `unless` takes away stays as it is.
    """
    match expr:
        case Binary():
            left = relaxed(expr.left)
            right = expr.right if expr.op == "unless" else relaxed(expr.right)
            return replace(expr, left=left, right=right, boolean=expr.boolean or expr.op in COMPARISONS)
        case Aggregate() | Subquery() | Negative() | Paren():
            return replace(expr, expr=relaxed(expr.expr))
        case Call():
            return replace(expr, args=tuple(map(relaxed, expr.args)))
        case _:
            return expr


def quoted(value: str) -> str:
    """A PromQL string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def condition(matcher: Matcher) -> str:
    """One condition of a selector."""
    label = matcher.label if _PLAIN_LABEL.fullmatch(matcher.label) else quoted(matcher.label)
    return f"{label}{matcher.op}{quoted(matcher.value)}"


def _joined(text: str, shift: str) -> str:
    return f"{text} {shift}" if shift else text


def _series(selector: Selector) -> str:
    first, *rest = selector.matchers
    if first.label == NAME and first.op == "=" and _PLAIN_NAME.fullmatch(first.value):
        conditions = ",".join(map(condition, rest))
        return f"{first.value}{{{conditions}}}" if rest else first.value
    return "{" + ",".join(map(condition, selector.matchers)) + "}"


def _binary(expr: Binary) -> str:
    words = [text_of(expr.left), expr.op]
    if expr.boolean:
        words.append("bool")
    if expr.matching:
        words.append(f"{expr.matching} ({', '.join(expr.labels)})")
    if expr.group:
        words.append(f"{expr.group} ({', '.join(expr.group_labels)})")
    return " ".join([*words, text_of(expr.right)])


def _number(value: float) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    return repr(value).removesuffix(".0")
