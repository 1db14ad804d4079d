"""A selector against the series that there are: pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cbops.measure.names import ALERTS, EVENTS, TRANSITIONS
from cbops.measure.rules.known import BORN_LATE, LATENCIES, ONLY_ROUTER, ROUTER, STATES, Known
from cbops.measure.rules.matching import (
    Labels,
    UnreadablePatternError,
    alternatives,
    matches,
    matching,
)
from cbops.measure.rules.printing import condition
from cbops.measure.rules.remarks import Remark, meant, series, some
from cbops.model.guard_series import GUARD_SERIES
from cbops.model.promql import NAME, Selector
from cbops.model.rule_check import Found, RuleFacts
from cbops.model.series import Matcher

RENDER = "cbops alerts render writes rules in the dialect that is spoken."
SYNTHETIC = ("ALERTS", "ALERTS_FOR_STATE")


@dataclass(frozen=True, slots=True)
class Judged:
    """How many series a selector matches (null: not asked, as `told` says), and what is to be said of it."""

    series: int | None
    told: str
    remarks: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class Selecting:
    """`recorded` and `alerts` are the names that the checked rules make themselves; `days` is the window."""

    known: Known
    facts: RuleFacts
    recorded: frozenset[str]
    alerts: frozenset[str]
    days: int

    def judge(self, selector: Selector) -> Judged:
        """What the metrics source has of it."""
        try:
            return self._judge(selector)
        except UnreadablePatternError as wrong:
            return Judged(None, f"the pattern '{wrong}' can't be tried here")

    def names(self, selector: Selector) -> tuple[str, ...]:
        """The metrics that a selector is about: its name, or those there that its pattern matches."""
        if selector.name is not None:
            return (selector.name,)
        wanted = [one for one in selector.matchers if one.label == NAME]
        if not wanted:
            return ()
        there = sorted(self.facts.names | self.recorded)
        return tuple(name for name in there if all(matches(one, name) for one in wanted))

    def _judge(self, selector: Selector) -> Judged:  # noqa: PLR0911 - each a reason of its own
        names = self.names(selector)
        if not names:
            return self._nameless(selector)
        if all(name in self.recorded for name in names):
            return Judged(None, "recorded by the rules that are checked")
        if selector.name in SYNTHETIC:
            return self._alerts(selector)
        asked = [self.facts.found[name] for name in names if name in self.facts.found]
        if len(asked) < len([name for name in names if name not in self.recorded]):
            return Judged(None, "not asked: too many metrics, or series")
        there = [one for found in asked for one in found.series]
        if not all(found.complete for found in asked):
            return Judged(None, "not asked: the metric has too many series")
        if not there:
            return Judged(0, "", (self._no_metric(names[0]),))
        return self._conditions(names[0], selector, there)

    def _nameless(self, selector: Selector) -> Judged:
        if not any(one.label == NAME for one in selector.matchers):
            return Judged(None, "not asked: a selector without a metric's name")
        pattern = next(one.value for one in selector.matchers if one.label == NAME)
        sentence = f"no metric has a name like '{pattern}': 0 of {len(self.facts.names)} in {self._window}"
        plain = re.sub(r"[.*+?()\[\]^$\\|]", "", pattern)
        fix = meant(plain, self._names, "Correct the pattern.")
        return Judged(0, "", (Remark("error", "no_such_metric", sentence, fix),))

    def _alerts(self, selector: Selector) -> Judged:
        """`ALERTS` is there while an alert is; so its names are held against the alerts that are checked."""
        found = self.facts.found.get(ALERTS, Found(()))
        there = matching(found.series, selector.conditions)
        wanted = [one for one in selector.conditions if one.label == "alertname" and one.op == "="]
        seen = {one.get("alertname", "") for one in found.series} | self.alerts
        for one in wanted:
            if not there and one.value not in seen:
                sentence = f"no alert '{one.value}' is in these files, and none fired in {self._window}"
                fix = meant(one.value, seen, "Name an alert that there is.")
                return Judged(0, "", (Remark("warning", "no_such_value", sentence, fix),))
        return Judged(len(there), "" if there else "no alert was pending or firing")

    @property
    def _window(self) -> str:
        return f"the last {self.days} days" if self.days != 1 else "the last day"

    @property
    def _names(self) -> frozenset[str]:
        return self.facts.names | self.recorded

    @property
    def _router_there(self) -> bool:
        return any(self.known.documented(name) in ROUTER for name in self.facts.names)

    def _no_metric(self, name: str) -> Remark:
        documented = self.known.documented(name)
        sentence = f"the metric {name} has no series in {self._window}"
        if documented in ONLY_ROUTER and self.known.dialect == "documented":
            return Remark(
                "error", "other_dialect", f"{sentence}: the documented dialect has no such metric", RENDER
            )
        if documented in BORN_LATE and self._router_there:
            return Remark(
                "warning",
                "not_born_yet",
                f"{sentence}; the router makes it when a circuit first moves, so this may be right",
                "Nothing, or check again when a circuit has opened.",
            )
        if name in GUARD_SERIES:
            return Remark(
                "info",
                "not_born_yet",
                f"{sentence}; a guard makes it (cbops monitor watch --textfile), so this may be right",
                "Start the guard, and have its text file scraped.",
            )
        if documented in LATENCIES:
            return Remark(
                "error",
                "no_such_metric",
                f"{sentence}: a stock router doesn't export it",
                "Name the gateway's histogram, here and in metrics.names of cbops.yaml.",
            )
        fix = "Is the router scraped? Check the target, and metrics.names."
        if documented not in ROUTER:
            fix = meant(name, self._names, "Correct the name, or have it scraped.")
        return Remark(
            "error", "no_such_metric", f"{sentence}; {len(self.facts.names)} metrics have some", fix
        )

    def _conditions(self, name: str, selector: Selector, there: Sequence[Labels]) -> Judged:
        wanted = selector.conditions
        found = len(matching(there, wanted))
        remarks = [remark for one in wanted for remark in self._one(name, one, there)]
        if not found and all(matching(there, (one,)) for one in wanted):
            remarks.append(self._together(name, wanted, there))
        return Judged(found, "", tuple(remarks))

    def _one(self, name: str, one: Matcher, there: Sequence[Labels]) -> Iterable[Remark]:
        """What is wrong with one condition alone."""
        if not any(series.get(one.label) for series in there):
            if not (one.op == "=" and not one.value):  # label="" asks for its absence
                yield self._no_label(name, one, there)
            return
        met = matching(there, (one,))
        if not met:
            yield self._no_value(name, one, there)
        elif one.op in ("=~", "!~"):
            yield from self._parts(name, one, there)

    def _no_label(self, name: str, one: Matcher, there: Sequence[Labels]) -> Remark:
        labels = {label for each in there for label in each if label != NAME}
        other = self.known.of_other_dialect(name, one.label)
        empty = matches(one, "")
        effect = (
            f"so {condition(one)} leaves nothing out" if empty else f"so {condition(one)} can never match"
        )
        sentence = f"none of the {series(len(there))} of {name} has the label '{one.label}', {effect}"
        if other is not None:
            spoken = self.known.dialect
            return Remark(
                "error",
                "other_dialect",
                f"{sentence}: that is the {other} dialect, and the data are in the {spoken} one",
                self._translated(name, one),
            )
        fix = meant(one.label, labels, f"Its labels are {some(labels, 12)}.")
        return Remark("warning" if empty else "error", "no_such_label", sentence, fix)

    def _translated(self, name: str, one: Matcher) -> str:
        """The same condition in the dialect that is spoken, where there is one."""
        label = self.known.label(one.label)
        if self.known.documented(name) != TRANSITIONS or label == "from":
            return RENDER
        mine = self.known.theirs("to" if self.known.dialect == "router" else "state")
        near = Matcher(mine, one.op, one.value)
        return f"Did you mean {condition(near)}? {RENDER}"

    def _no_value(self, name: str, one: Matcher, there: Sequence[Labels]) -> Remark:
        values = {each[one.label] for each in there if each.get(one.label)}
        listed = self.known.values(name, one.label)
        named = alternatives(one)
        sentence = (
            f"0 of the {series(len(there))} of {name} meet {condition(one)}; '{one.label}' is {some(values)}"
        )
        if listed and one.op in ("=", "=~") and named and any(value in listed for value in named):
            return self._unborn_value(name, named, sentence)
        if not listed and one.op in ("=", "=~") and any(self._elsewhere(one, value) for value in named):
            return Remark(
                "info",
                "not_born_yet",
                f"{sentence}; other metrics have it, so it may only not have been counted here yet",
                "Nothing, or check again when it has happened.",
            )
        fix = meant(named[0] if named else one.value, {*values, *listed}, "Correct the value.")
        return Remark("error", "no_such_value", f"{sentence}, in {self._window}", fix)

    def _unborn_value(self, name: str, named: tuple[str, ...], sentence: str) -> Remark:
        denial = self.known.documented(name) == EVENTS and set(named) == {"fail_fast"}
        if denial and self.known.dialect == "documented":
            opens = self._opens()
            return Remark(
                "error" if opens else "warning",
                "other_dialect",
                f"{sentence}: the documented dialect counts no denials"
                + (f", and {series(opens)} of opens had none" if opens else ""),
                "Denials are counted in the router dialect alone; leave the rule out, or count opens.",
            )
        return Remark(
            "info",
            "not_born_yet",
            f"{sentence}; a labelled counter appears with its first increment, so this may be right",
            "Nothing, or check again when it has happened.",
        )

    def _opens(self) -> int:
        """Series of transitions to open, in the documented dialect."""
        for name, found in self.facts.found.items():
            if self.known.documented(name) == TRANSITIONS:
                state = self.known.theirs("state")
                return sum(one.get(state) == STATES[1] for one in found.series)
        return 0

    def _elsewhere(self, one: Matcher, value: str) -> bool:
        return any(
            each.get(one.label) == value for found in self.facts.found.values() for each in found.series
        )

    def _parts(self, name: str, one: Matcher, there: Sequence[Labels]) -> Iterable[Remark]:
        """Values of a list `a|b` that can't be, though others of it are."""
        values = {each.get(one.label, "") for each in there}
        listed = self.known.values(name, one.label)
        for value in alternatives(one):
            if value in values or value in listed or (not listed and self._elsewhere(one, value)):
                continue
            told = f"of {condition(one)}, the part '{value}' matches 0 of the {series(len(there))} of {name}"
            yield Remark(
                "warning", "no_such_value", told, meant(value, {*values, *listed} - {""}, "Correct it.")
            )

    def _together(self, name: str, wanted: Sequence[Matcher], there: Sequence[Labels]) -> Remark:
        each = "; ".join(f"{condition(one)} {len(matching(there, (one,)))}" for one in wanted)
        sentence = f"of the {series(len(there))} of {name}, each condition has some ({each}), all together 0"
        if self.known.documented(name) in ROUTER:
            return Remark(
                "info",
                "not_born_yet",
                f"{sentence}; a labelled counter appears with its first increment, so this may be right",
                "Nothing, or check again when it has happened.",
            )
        return Remark("warning", "no_such_combination", sentence, "Check which of them belong together.")
