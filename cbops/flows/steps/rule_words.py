"""A check of rules in plain lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from cbops.flows.steps.rule_facts import Asking
from cbops.model.checking import LEVELS
from cbops.model.observation import Dialect
from cbops.model.rule_check import CheckedRule, RuleData, RuleFinding

_DATA: dict[RuleData, str] = {
    "had": "had data",
    "never_true": "never true",
    "never": "never had data",
    "not_asked": "not asked",
}


def rule_headline(rules: Sequence[CheckedRule], findings: Sequence[RuleFinding]) -> str:
    """How many rules, and how many findings of each level."""
    counts = Counter(one.level for one in findings)
    said = [
        f"{counts[level]} {level}{'s' if counts[level] != 1 and level != 'info' else ''}" for level in LEVELS
    ]
    return f"{len(rules)} {'rule' if len(rules) == 1 else 'rules'} checked: {', '.join(said)}."


def rule_lines(
    rules: Sequence[CheckedRule],
    findings: Sequence[RuleFinding],
    dialect: Dialect | None,
    asking: Asking,
    unchecked: Sequence[str],
) -> tuple[str, ...]:
    """The findings, what the rules gave, and what was not checked."""
    counts = Counter(one.data for one in rules)
    gave = ", ".join(f"{counts[each]} {words}" for each, words in _DATA.items() if counts[each])
    spoken = dialect or "unknown, no circuit ever moved"
    window = f"the last {asking.days} days" if asking.days != 1 else "the last day"
    return (
        *_findings(findings),
        f"In {window}: {gave or 'no rules'}. Dialect: {spoken}. Requests: {asking.source.requests}.",
        *(f"Not checked: {one}." for one in unchecked),
    )


def _findings(findings: Sequence[RuleFinding]) -> Iterator[str]:
    """Each once; those that say the same of several rules together."""
    alike: dict[tuple[str, str, str, str], list[RuleFinding]] = {}
    for one in findings:
        alike.setdefault((one.file, one.code, one.sentence, one.fix), []).append(one)
    for same in alike.values():
        first = same[0]
        rule = f" {first.rule}" if first.rule else ""
        yield f"{first.file}:{first.line}:{rule} {first.level} {first.code}"
        if first.selector:
            yield f"  in: {first.selector}"
        yield f"  {first.sentence}."
        yield f"  fix: {first.fix}"
        lines = sorted({one.line for one in same} - {first.line})
        if lines:
            yield f"  also in the rules of lines {', '.join(map(str, lines))}"
