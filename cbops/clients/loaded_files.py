"""The rules that a server has loaded, as if they had been read from a file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cbops.clients.promql import PromqlError, PromqlTooLongError, parse_promql
from cbops.model.promql import Expr, selectors
from cbops.model.rule_check import ReadRule, ReadRules, RuleKind
from cbops.model.telemetry import LoadedRule

LOADED = "the loaded rules"


def as_read(alerts: Iterable[LoadedRule], recordings: Mapping[str, tuple[str, ...]]) -> ReadRules:
    """The alerts in their order, and the recordings that they read, directly or through others.

    There are no lines, so each rule has its number as its line, from 1.
    """
    rules: list[ReadRule] = []
    wanted: list[str] = []
    for alert in alerts:
        rules.append(_read(len(rules) + 1, alert.group, "alert", alert.name, alert.expression))
        wanted += _names(rules[-1].expr)
    seen: set[str] = set()
    while wanted:
        name = wanted.pop(0)
        if name in seen:
            continue
        seen.add(name)
        for text in recordings.get(name, ()):
            rules.append(_read(len(rules) + 1, "", "record", name, text))
            wanted += _names(rules[-1].expr)
    return ReadRules(LOADED, tuple(rules), ())


def expression(text: str) -> Expr | None:
    """The expression, in a form in which layout and comments don't matter; null where cbops can't read it."""
    try:
        return parse_promql(text)
    except PromqlError:
        return None


def _names(expr: Expr | None) -> list[str]:
    return [one.name for one in selectors(expr) if one.name is not None] if expr else []


def _read(line: int, group: str, kind: RuleKind, name: str, text: str) -> ReadRule:
    expr, fault, unread = None, None, False
    try:
        expr = parse_promql(text)
    except PromqlError as wrong:
        fault, unread = str(wrong), isinstance(wrong, PromqlTooLongError)
    return ReadRule(LOADED, line, group, kind, name, text, expr, fault, unread)
