"""Whether an alert rule's expression can look at a tenant, by what its selectors ask of the tenant's label.

The expression is read by its words: it is a server's, which parsed it. In doubt it may.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from cbops.model.telemetry import LoadedRule

_TEXT = r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|`[^`]*`'
_COMMENT_OR_TEXT = re.compile(rf"({_TEXT})|#[^\n]*", re.DOTALL)
_BRACES = re.compile(rf"\{{((?:{_TEXT}|[^}}\"'`])*)\}}", re.DOTALL)
_MATCHER = re.compile(rf"(?:\"([^\"\\]*)\"|([A-Za-z_]\w*))\s*(=~|!~|!=|=)\s*({_TEXT})", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def may_see(rule: LoadedRule, tenant: str) -> bool:
    """False only where each selector with a condition on tenants is about others."""
    named = list(_conditions(rule))
    return not named or any(all(_holds(op, value, tenant) for op, value in each) for each in named)


def names_tenants(rule: LoadedRule) -> bool:
    """Whether the tenant stands in its expression or labels, so that what fires is some tenant's."""
    label = rule.tenant_label
    return label in rule.expression or any(label in key or "tenant" in key for key in rule.labels)


def _conditions(rule: LoadedRule) -> Iterator[list[tuple[str, str]]]:
    """What each selector with a condition on tenants asks of them."""
    text = _COMMENT_OR_TEXT.sub(lambda found: found[1] or "", rule.expression)
    for braces in _BRACES.finditer(text):
        asked = [
            (match[3], _value(match[4]))
            for match in _MATCHER.finditer(braces[1])
            if (match[1] or match[2]) == rule.tenant_label
        ]
        if asked:
            yield asked


def _value(written: str) -> str:
    inner = written[1:-1]
    return inner if written[0] == "`" else _ESCAPED.sub(r"\1", inner)


def _holds(op: str, value: str, tenant: str) -> bool:
    if op in ("=", "!="):
        return (value == tenant) is (op == "=")
    try:
        found = re.fullmatch(value, tenant, re.DOTALL) is not None
    except re.error:  # a pattern of the server's kind that isn't Python's
        return True
    return found is (op == "=~")
