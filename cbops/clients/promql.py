"""PromQL text as data, read by promql-parser. Loaded only by the command that checks rules."""

from __future__ import annotations

import re
from datetime import UTC, timedelta
from typing import Any, Literal

import promql_parser as parser

from cbops.model.base import to_ms
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

_OPS: tuple[tuple[Any, Literal["=", "!=", "=~", "!~"]], ...] = (  # the parser's have no hash
    (parser.MatchOp.Equal, "="),
    (parser.MatchOp.NotEqual, "!="),
    (parser.MatchOp.Re, "=~"),
    (parser.MatchOp.NotRe, "!~"),
)
_MAX_OPERATORS = 250
_MAX_DEPTH = 50  # of brackets
_STRINGS = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`|#[^\n]*')
_CONDITIONS = re.compile(r"\{[^{}]*\}")
_OPERATORS = re.compile(r"[-+*/%^]|[=!<>]=|[<>]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)


class PromqlError(ValueError):
    """The text is no PromQL; the message says why, in the parser's words."""


class PromqlTooLongError(PromqlError):
    """It may be PromQL; it is too long, or too deep, to be read here."""


def parse_promql(text: str) -> Expr:
    """The expression as data; PromqlError where it is none, PromqlTooLongError where it can't be read."""
    _check_size(text)
    try:
        return _read(parser.parse(text))
    except ValueError as error:
        raise PromqlError(" ".join(str(error).split())) from None


def _check_size(text: str) -> None:
    """The parser recurses on the machine's own stack, and overflows it for a chain of thousands of operators."""
    plain = _CONDITIONS.sub("", _STRINGS.sub("", text))
    depth = deepest = 0
    for char in plain:
        depth += (char in "([") - (char in ")]")
        deepest = max(deepest, depth)
    if deepest > _MAX_DEPTH or sum(1 for _ in _OPERATORS.finditer(plain)) > _MAX_OPERATORS:
        raise PromqlTooLongError(
            f"more than {_MAX_OPERATORS} operators, or brackets nested more than {_MAX_DEPTH} deep"
        )


def _read(found: Any) -> Expr:  # noqa: ANN401, C901, PLR0911 - the parser's nodes have no common type; a case each
    match found:
        case parser.NumberLiteral():
            return Number(found.val)
        case parser.StringLiteral():
            return Text(found.val)
        case parser.VectorSelector():
            return _selector(found, None)
        case parser.MatrixSelector():
            return _selector(found.vector_selector, _ms(found.range))
        case parser.Call():
            return Call(found.func.name, tuple(map(_read, found.args)))
        case parser.AggregateExpr():
            return _aggregate(found)
        case parser.BinaryExpr():
            return _binary(found)
        case parser.SubqueryExpr():
            step = None if found.step is None else _ms(found.step)
            return Subquery(_read(found.expr), _ms(found.range), step, _shift(found))
        case parser.UnaryExpr():
            return Negative(_read(found.expr))
        case parser.ParenExpr():
            return Paren(_read(found.expr))
        case _:
            raise PromqlError(f"a {type(found).__name__}, which cbops doesn't know")


def _selector(found: parser.VectorSelector, range_ms: int | None) -> Selector:
    if found.matchers.or_matchers:
        raise PromqlError("'or' between the conditions of a selector, which Prometheus doesn't know")
    name = () if found.name is None else (Matcher(NAME, "=", found.name),)
    conditions = tuple(Matcher(one.name, _op(one.op), one.value) for one in found.matchers.matchers)
    plain = tuple(one for one in conditions if one.label == NAME)
    rest = tuple(one for one in conditions if one.label != NAME)
    return Selector((*name, *plain, *rest), range_ms, _shift(found))


def _op(found: Any) -> Literal["=", "!=", "=~", "!~"]:  # noqa: ANN401 - the parser's enumeration
    return next(ours for theirs, ours in _OPS if theirs == found)


def _shift(found: Any) -> str:  # noqa: ANN401 - a selector or a subquery
    said = []
    if found.at is not None:
        kind = found.at.type
        if kind == parser.AtModifierType.At:
            said.append(f"@ {to_ms(found.at.at.replace(tzinfo=found.at.at.tzinfo or UTC)) / 1000:.3f}")
        else:
            said.append("@ start()" if kind == parser.AtModifierType.Start else "@ end()")
    if found.offset:
        milliseconds = _ms(found.offset)
        said.append(f"offset {'-' if milliseconds < 0 else ''}{duration(abs(milliseconds))}")
    return " ".join(said)


def _aggregate(found: parser.AggregateExpr) -> Aggregate:
    modifier = found.modifier
    grouping: Literal["", "by", "without"] = ""
    if modifier is not None:
        grouping = "by" if modifier.type == parser.AggModifierType.By else "without"
    return Aggregate(
        op=str(found.op),
        expr=_read(found.expr),
        param=None if found.param is None else _read(found.param),
        grouping=grouping,
        labels=() if modifier is None else tuple(modifier.labels),
    )


def _binary(found: parser.BinaryExpr) -> Binary:
    modifier = found.modifier
    left, right, op = _read(found.lhs), _read(found.rhs), str(found.op)
    if modifier is None:
        return Binary(op, left, right)
    matching: Literal["", "on", "ignoring"] = ""
    if modifier.matching is not None:
        matching = "on" if modifier.matching.type == parser.LabelModifierType.Include else "ignoring"
    group: Literal["", "group_left", "group_right"] = ""
    if modifier.card == parser.VectorMatchCardinality.ManyToOne:
        group = "group_left"
    elif modifier.card == parser.VectorMatchCardinality.OneToMany:
        group = "group_right"
    return Binary(
        op=op,
        left=left,
        right=right,
        boolean=modifier.return_bool,
        matching=matching,
        labels=() if modifier.matching is None else tuple(modifier.matching.labels),
        group=group,
        group_labels=tuple(modifier.group_labels or ()),
    )


def _ms(span: timedelta | None) -> int:
    return 0 if span is None else round(span.total_seconds() * 1000)
