"""What a check of rules asks of the metrics source, within a fixed number of requests.

At most 1 + MAX_METRICS + 2 · MAX_RULES: the names of all metrics, the series of each metric that the rules read, and for each
rule its expression and, where that never had data, the same without its conditions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cbops.flows.ports import RulesPort
from cbops.measure.names import ALERTS
from cbops.measure.rules.checking import NOTHING, Checker, Key, Question, wanted_metrics
from cbops.model.config import MetricsConfig
from cbops.model.rule_check import Answered, Found, ReadRules, RuleAnswer, RuleFacts

MAX_METRICS = 100
MAX_RULES = 200
_POINTS = 2016  # a week every five minutes
_STEP = 300
_FIRED = "it fired, as ALERTS shows"


@dataclass(frozen=True, slots=True)
class Asking:
    """Whom to ask, and about which window."""

    source: RulesPort
    start: datetime
    end: datetime
    days: int

    @property
    def step(self) -> int:
        """Seconds between two instants at which expressions are asked: five minutes, longer for many days."""
        return max(_STEP, -(-self.days * 86_400 // _POINTS // 60) * 60)


def rule_facts(
    asking: Asking, files: Sequence[ReadRules], metrics: MetricsConfig
) -> tuple[RuleFacts, tuple[str, ...]]:
    """The series behind the rules, and what could not be asked. MetricsError goes through."""
    source, start, end = asking.source, asking.start, asking.end
    names = source.names(start, end)
    wanted = wanted_metrics(files, names, metrics)
    there = [name for name in wanted if name in names]
    found = {name: Found(()) for name in wanted if name not in names}
    found |= {name: source.series(name, start, end) for name in there[:MAX_METRICS]}
    told = [
        f"{name} has too many series to hold them against the rules"
        for name in there
        if name in found and not found[name].complete
    ]
    if len(there) > MAX_METRICS:
        told.append(f"only {MAX_METRICS} of the {len(there)} metrics that the rules read were asked for")
    return RuleFacts(names, found), tuple(told)


def rule_answers(asking: Asking, checker: Checker) -> tuple[dict[Key, RuleAnswer], tuple[str, ...]]:
    """Whether each rule had data in the window, and what could not be asked."""
    firing = _fired(checker.facts)
    answers: dict[Key, RuleAnswer] = {}
    asked = 0
    for question in checker.questions():
        rule = question.rule
        if question.text is not None and asked >= MAX_RULES:
            answer = RuleAnswer("not_asked", f"not asked: more than {MAX_RULES} rules")
        else:
            asked += question.text is not None
            answer = _answer(asking, question, fired=rule.kind == "alert" and rule.name in firing)
        answers[rule.file, rule.line] = answer
    told = Counter(one.told for one in answers.values() if one.data == "not_asked" and one.refused is None)
    return answers, tuple(
        f"whether {count} rule{'s' if count != 1 else ''} had data: {reason}"
        for reason, count in sorted(told.items())
    )


def _fired(facts: RuleFacts) -> frozenset[str]:
    """The alerts that the server evaluated and that fired in the window."""
    series = facts.found.get(ALERTS, Found(())).series
    return frozenset(one.get("alertname", "") for one in series if one.get("alertstate") == "firing")


def _answer(asking: Asking, question: Question, *, fired: bool) -> RuleAnswer:  # noqa: PLR0911 - each an answer of its own
    if question.text is None:
        if fired:
            return RuleAnswer("had", _FIRED)
        return RuleAnswer("never" if question.reason == NOTHING else "not_asked", question.reason)
    given = asking.source.ask(question.text, asking.start, asking.end, asking.step)
    every = f"asked every {asking.step // 60} minutes"
    if given.refused:
        return RuleAnswer("not_asked", given.told, refused=given.told)
    if fired:
        return RuleAnswer("had", _FIRED)
    if given.hits is None:
        return RuleAnswer("not_asked", given.told)
    if given.hits:
        return RuleAnswer("had", f"data at {given.hits} of {given.points} instants, {every}")
    if question.relaxed is None:
        return RuleAnswer("never", f"no data at any of {given.points} instants, {every}")
    return _without_conditions(asking, question.relaxed, given, every)


def _without_conditions(asking: Asking, text: str, given: Answered, every: str) -> RuleAnswer:
    weaker = asking.source.ask(text, asking.start, asking.end, asking.step)
    never = f"never true at {given.points} instants, {every}"
    if weaker.hits is None:
        return RuleAnswer("never_true", f"{never}; whether its operands had data is not known: {weaker.told}")
    if weaker.hits:
        return RuleAnswer("never_true", f"{never}; what it compares had data at {weaker.hits}")
    return RuleAnswer("never", f"no data at any of {given.points} instants, {every}, conditions left aside")
