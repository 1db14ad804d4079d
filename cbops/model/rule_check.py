"""What a check of rule files reads, what it asks of the metrics source, and what it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cbops.model.base import Frozen
from cbops.model.checking import Level
from cbops.model.promql import Expr

RuleKind = Literal["alert", "record"]
# had: there were samples. never_true: the operands had some, the condition never held. never: no samples at all.
# not_asked: see `told`.
RuleData = Literal["had", "never_true", "never", "not_asked"]


class RuleFinding(Frozen):
    """One thing that a check of rules says.

    `line` is that of the rule in `file` (of the fault, where the file itself is at fault); `rule` null: it is about
    the file. `selector` null: about the expression as a whole. An error is a rule that can't work as written; a
    warning is a risk; info is what one should know.
    """

    file: str
    line: int
    rule: str | None
    selector: str | None
    level: Level
    code: str
    sentence: str
    fix: str


class CheckedSelector(Frozen):
    """A selector of a rule. `series`: how many it matches in the window; null where that was not asked, as `told` says."""

    selector: str
    series: int | None
    told: str


class CheckedRule(Frozen):
    """A rule, what it selects, and whether it ever had data in the window; `told` says how that is known."""

    file: str
    line: int
    group: str
    kind: RuleKind
    name: str
    data: RuleData
    told: str
    selectors: tuple[CheckedSelector, ...]


@dataclass(frozen=True, slots=True)
class ReadRule:
    """A rule as it stands in a file. `expr` null: it couldn't be parsed, `fault` says why; `unread`: it is only too long."""

    file: str
    line: int
    group: str
    kind: RuleKind
    name: str
    text: str
    expr: Expr | None
    fault: str | None = None
    unread: bool = False


@dataclass(frozen=True, slots=True)
class ReadRules:
    """The rules of one file in order, and what is wrong with its form."""

    file: str
    rules: tuple[ReadRule, ...]
    findings: tuple[RuleFinding, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The label sets of a metric's series in the window; `complete` false: there were too many to fetch."""

    series: tuple[Mapping[str, str], ...]
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Answered:
    """What an expression gave over the window: in how many of `points` instants it had data.

    `hits` null: it couldn't be asked, as `told` says; `refused`: because the server calls it wrong.
    """

    hits: int | None
    points: int = 0
    told: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """Whether a rule had data; `told` says how that is known. `refused`: why the server calls it wrong."""

    data: RuleData
    told: str
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What the metrics source said. `names` are all metrics in the window; `found` holds those that were asked for
    (one that isn't there: no series).
    """

    names: frozenset[str]
    found: Mapping[str, Found]
