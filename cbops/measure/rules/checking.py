"""Rules against facts: pure. The same files and the same answers of the metrics source give the same findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cbops.measure.names import ALERTS, EVENTS, STATE, TRANSITIONS, server_name
from cbops.measure.rules.grouping import Groupings
from cbops.measure.rules.known import Known
from cbops.measure.rules.matching import UnreadablePatternError, matches
from cbops.measure.rules.printing import relaxed, text_of
from cbops.measure.rules.ranges import Ranges
from cbops.measure.rules.remarks import Remark
from cbops.measure.rules.selecting import SYNTHETIC, Selecting
from cbops.measure.rules.traps import Traps
from cbops.model.checking import LEVELS
from cbops.model.config import MetricsConfig
from cbops.model.observation import Dialect
from cbops.model.promql import NAME, Call, Expr, Selector, children, selectors, walk
from cbops.model.rule_check import (
    CheckedRule,
    CheckedSelector,
    Found,
    ReadRule,
    ReadRules,
    RuleAnswer,
    RuleFacts,
    RuleFinding,
)

Key = tuple[str, int]
UNLOADED = "they read series that these files record and the server doesn't have yet"
NOTHING = "none of its selectors matches a series"
_ABSENT = frozenset(("absent", "absent_over_time"))
_MAKING = _ABSENT | {"vector"}  # what has data without any series


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a rule: its expression and, where that has none, the one that has data wherever the operands
    have. Both null: it isn't asked, for `reason`.
    """

    rule: ReadRule
    text: str | None
    relaxed: str | None
    reason: str = ""


def wanted_metrics(
    files: Iterable[ReadRules], names: frozenset[str], metrics: MetricsConfig
) -> tuple[str, ...]:
    """The metrics that must be known for a check, those that tell the dialect first; not what the rules record."""
    files = tuple(files)
    recorded = recorded_names(files)
    found = [server_name(metrics, name) for name in (TRANSITIONS, EVENTS)]
    for selector in (one for rule in _rules(files) if rule.expr for one in selectors(rule.expr)):
        if selector.name is not None:
            found.append(selector.name)
        else:
            found += _named_like(selector, names)
    if any(rule.kind == "alert" for rule in _rules(files)):
        found.append(ALERTS)
    return tuple(dict.fromkeys(name for name in found if name not in recorded and name != SYNTHETIC[1]))


def recorded_names(files: Iterable[ReadRules]) -> frozenset[str]:
    """The series that the rules record."""
    return frozenset(rule.name for rule in _rules(files) if rule.kind == "record")


def spoken(facts: RuleFacts, metrics: MetricsConfig) -> Dialect | None:
    """The dialect of the series; the configuration's where no circuit ever moved."""
    theirs = metrics.labels
    there = facts.found.get(server_name(metrics, TRANSITIONS), Found(())).series
    if any(theirs.get("to", "to") in one for one in there):
        return "router"
    if any(theirs.get("state", "state") in one for one in there):
        return "documented"
    if metrics.dialect != "auto":
        return metrics.dialect
    return "router" if server_name(metrics, STATE) in facts.names else None


@dataclass(frozen=True, slots=True)
class Checker:
    """The rules and what they are held against."""

    files: tuple[ReadRules, ...]
    facts: RuleFacts
    recorded: frozenset[str]
    selecting: Selecting
    ranges: Ranges

    @classmethod
    def of(cls, files: Sequence[ReadRules], facts: RuleFacts, metrics: MetricsConfig, days: int) -> Checker:
        """Everything that doesn't depend on a single rule."""
        files = tuple(files)
        known = Known(metrics, spoken(facts, metrics))
        recorded = recorded_names(files)
        alerts = frozenset(rule.name for rule in _rules(files) if rule.kind == "alert")
        made: dict[str, tuple[Expr, ...]] = {}
        for rule in _rules(files):
            if rule.kind == "record":
                made[rule.name] = (*made.get(rule.name, ()), *((rule.expr,) if rule.expr else ()))
        whole = {name: exprs for name, exprs in made.items() if exprs}
        selecting = Selecting(known, facts, recorded, alerts, days)
        return cls(files, facts, recorded, selecting, Ranges(known, whole))

    @property
    def dialect(self) -> Dialect | None:
        """Which one the data are in."""
        return self.selecting.known.dialect

    def questions(self) -> tuple[Question, ...]:
        """What to ask about each rule."""
        return tuple(self._question(rule) for rule in _rules(self.files))

    def rules(self, answers: Mapping[Key, RuleAnswer]) -> tuple[CheckedRule, ...]:
        """Each rule with its selectors."""
        return tuple(
            CheckedRule(
                file=rule.file,
                line=rule.line,
                group=rule.group,
                kind=rule.kind,
                name=rule.name,
                data=answers[rule.file, rule.line].data,
                told=answers[rule.file, rule.line].told,
                selectors=tuple(self._listed(rule)),
            )
            for rule in _rules(self.files)
        )

    def findings(self, answers: Mapping[Key, RuleAnswer]) -> tuple[RuleFinding, ...]:
        """The worst first; equal ones in the order of the files and lines."""
        found = [one for file in self.files for one in file.findings]
        for rule in _rules(self.files):
            found += self._of_rule(rule, answers[rule.file, rule.line])
        found += [one for file in self.files for one in self._unloaded(file)]
        order = {file.file: number for number, file in enumerate(self.files)}
        return tuple(
            sorted(dict.fromkeys(found), key=lambda one: (LEVELS.index(one.level), order[one.file], one.line))
        )

    def _question(self, rule: ReadRule) -> Question:
        if rule.expr is None:
            return Question(rule, rule.text, None)
        if any(name for one in selectors(rule.expr) for name in self._unloaded_names(one)):
            return Question(rule, None, None, UNLOADED)
        judged = [self.selecting.judge(one) for one in _outside_absent(rule.expr)]
        made = any(isinstance(one, Call) and one.function in _MAKING for one in walk(rule.expr))
        if judged and not made and all(one.series == 0 for one in judged):
            return Question(rule, None, None, NOTHING)
        weaker = relaxed(rule.expr)
        return Question(rule, rule.text, text_of(weaker) if weaker != rule.expr else None)

    def _unloaded_names(self, selector: Selector) -> Iterator[str]:
        name = selector.name
        if name is not None and name in self.recorded and name not in self.facts.names:
            yield name

    def _listed(self, rule: ReadRule) -> Iterator[CheckedSelector]:
        for selector in dict.fromkeys(one.plain for one in selectors(rule.expr)) if rule.expr else ():
            judged = self.selecting.judge(selector)
            yield CheckedSelector(selector=text_of(selector), series=judged.series, told=judged.told)

    def _of_rule(self, rule: ReadRule, answer: RuleAnswer) -> Iterator[RuleFinding]:
        if rule.expr is None:
            yield _unparsed(rule, answer).about(rule)
            return
        said: list[tuple[Expr, Remark]] = []
        outside = {one.plain for one in _outside_absent(rule.expr)}
        for selector in dict.fromkeys(one.plain for one in selectors(rule.expr)):
            judged = self.selecting.judge(selector)
            said += [(selector, one if selector in outside else _expected(one)) for one in judged.remarks]
        said += Traps(self.selecting, self.ranges, rule.kind).of(rule.expr)
        said += Groupings(self.selecting).of(rule.expr)
        for expr, remark in said:
            yield remark.about(rule, expr)
        if answer.refused is not None:
            told = f"the server refuses the expression: {answer.refused}"
            yield Remark(
                "error", "refused", told, "Correct it; an older server knows fewer functions."
            ).about(rule)
        explained = any(one.level == "error" or one.code in _EXPLAINS for _, one in said)
        if answer.data == "never" and not explained:
            yield _NEVER.about(rule)

    def _unloaded(self, file: ReadRules) -> Iterator[RuleFinding]:
        """One finding for all series that the file records and the server doesn't have."""
        mine = [rule for rule in file.rules if rule.kind == "record"]
        missing = [rule for rule in mine if rule.name not in self.facts.names]
        readers = [
            rule
            for rule in file.rules
            if rule.expr and any(name for one in selectors(rule.expr) for name in self._unloaded_names(one))
        ]
        if readers and missing:
            told = (
                f"{len(missing)} of the {len(mine)} series that this file records are not on the server, "
                f"so {len(readers)} rules that read such series were not asked for data"
            )
            fix = "Load the file into Prometheus, let it run, and check again."
            yield Remark("info", "not_loaded", told, fix).about(missing[0]).model_copy(update={"rule": None})


_EXPLAINS = ("not_born_yet", "no_such_label")
_NEVER = Remark(
    "warning",
    "never_data",
    "its selectors match series, but the expression never had data, its conditions left aside: the sides of a join "
    "don't meet, or its ranges hold too few samples",
    "Ask the server for its parts one by one.",
)


def _rules(files: Iterable[ReadRules]) -> Iterator[ReadRule]:
    for file in files:
        yield from file.rules


def _named_like(selector: Selector, names: frozenset[str]) -> list[str]:
    wanted = [one for one in selector.matchers if one.label == NAME]
    try:
        return [name for name in sorted(names) if wanted and all(matches(one, name) for one in wanted)]
    except UnreadablePatternError:
        return []


def _outside_absent(expr: Expr) -> Iterator[Selector]:
    """The selectors whose absence isn't what the rule waits for."""
    if isinstance(expr, Selector):
        yield expr
    elif not (isinstance(expr, Call) and expr.function in _ABSENT):
        for child in children(expr):
            yield from _outside_absent(child)


def _expected(remark: Remark) -> Remark:
    """In absent(…), what isn't there is what is waited for; a wrong dialect stays wrong."""
    if remark.code == "other_dialect":
        return remark
    return Remark("info", remark.code, f"{remark.sentence}; inside absent() that may be meant", remark.fix)


def _unparsed(rule: ReadRule, answer: RuleAnswer) -> Remark:
    told = f"not PromQL: {rule.fault}"
    if answer.refused is not None:
        told = f"{told}; the server says: {answer.refused}"
    elif rule.unread or answer.data != "not_asked":
        told = f"cbops can't read the expression ({rule.fault}), so its selectors were not checked"
        return Remark("warning", "not_parsed", told, "Check it by hand.")
    return Remark("error", "promql", told, "Correct the expression.")
