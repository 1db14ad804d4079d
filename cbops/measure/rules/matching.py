"""Which series a selector matches. Regular expressions are anchored; a missing label is the empty string."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from cbops.model.series import Matcher

Labels = Mapping[str, str]
_SPECIAL = re.compile(r"[.*+?()\[\]{}^$\\]")


class UnreadablePatternError(ValueError):
    """A regular expression of the server's kind that Python's can't read."""


def matches(matcher: Matcher, value: str) -> bool:
    """Whether a label's value meets the condition; UnreadablePatternError."""
    if matcher.op in ("=", "!="):
        return (value == matcher.value) is (matcher.op == "=")
    return (_pattern(matcher.value).fullmatch(value) is not None) is (matcher.op == "=~")


def matching(series: Iterable[Labels], matchers: Iterable[Matcher]) -> list[Labels]:
    """The series that meet all conditions."""
    found = list(series)
    for matcher in matchers:
        found = [one for one in found if matches(matcher, one.get(matcher.label, ""))]
    return found


def alternatives(matcher: Matcher) -> tuple[str, ...]:
    """The values that a condition names one by one: of `a`, and of the pattern `a|b`; empty for other patterns."""
    if matcher.op in ("=", "!="):
        return (matcher.value,) if matcher.value else ()
    parts = matcher.value.split("|")
    return () if any(_SPECIAL.search(part) for part in parts) else tuple(part for part in parts if part)


@lru_cache(maxsize=512)
def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.DOTALL)
    except re.error as wrong:
        raise UnreadablePatternError(text) from wrong
