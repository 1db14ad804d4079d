"""Findings about one rule, and numbers in words."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING

from cbops.measure.rules.printing import text_of
from cbops.model.rule_check import ReadRule, RuleFinding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cbops.model.checking import Level
    from cbops.model.promql import Expr

_SHOWN = 200
NEAR = 0.6


@dataclass(frozen=True, slots=True)
class Remark:
    """A finding that doesn't know yet whose it is."""

    level: Level
    code: str
    sentence: str
    fix: str

    def about(self, rule: ReadRule, expr: Expr | None = None) -> RuleFinding:
        """The finding of a rule, about one of its selectors or parts."""
        return RuleFinding(
            file=rule.file,
            line=rule.line,
            rule=rule.name,
            selector=None if expr is None else shown(expr),
            level=self.level,
            code=self.code,
            sentence=self.sentence,
            fix=self.fix,
        )


def shown(expr: Expr) -> str:
    """The expression, cut to what one line can show."""
    text = text_of(expr)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def series(count: int) -> str:
    """`1 series has`, `6 series have`: to be followed by what."""
    return f"{count} series"


def meant(word: str, choices: Iterable[str], otherwise: str) -> str:
    """`Did you mean 'x'?` where something is near, else what to do."""
    near = get_close_matches(word, sorted(set(choices)), n=1, cutoff=NEAR)
    return f"Did you mean '{near[0]}'?" if near else otherwise


def some(words: Iterable[str], limit: int = 5) -> str:
    """The first of them, and how many more there are."""
    listed = sorted(set(words))
    more = f" and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(f"'{word}'" for word in listed[:limit]) + more
