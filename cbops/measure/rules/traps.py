"""Expressions that are well known to be wrong about the router's series, told from their form alone.

Source: 'Births', 'The state gauge sticks' and the table of metrics in the domain description, and its section on alerts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cbops.measure.names import (
    DECISIONS,
    EVENTS,
    FALLBACK_REASON,
    KNOWN_LABELS,
    STATE,
    TIMEOUT_REMAINING,
    TIMEOUT_TRANSITIONS,
    TRANSITIONS,
    TRIGGER_REASON,
    WINDOW_FAILURES,
    WINDOW_REQUESTS,
)
from cbops.measure.rules.matching import matching
from cbops.measure.rules.printing import COMPARISONS
from cbops.measure.rules.ranges import Range, Ranges, always, never
from cbops.measure.rules.remarks import Remark, series, shown
from cbops.measure.rules.selecting import Selecting
from cbops.model.promql import (
    Aggregate,
    Binary,
    Call,
    Expr,
    Number,
    Selector,
    bare,
    children,
    selectors,
    walk,
)
from cbops.model.rule_check import RuleKind

_RISES = frozenset(("rate", "irate", "increase", "delta", "idelta", "changes"))
_BORN = {EVENTS: ("event_type", "fail_fast"), DECISIONS: ("reason", FALLBACK_REASON)}
_RENDERED = "cbops alerts render writes"
_MANY = 10  # series from which on a label of each one's own is no accident


@dataclass(frozen=True, slots=True)
class Traps:
    """`kind`: of the rule; a gauge that sticks does more harm in an alert."""

    selecting: Selecting
    ranges: Ranges
    kind: RuleKind

    def of(self, expr: Expr) -> Iterator[tuple[Expr, Remark]]:
        """What is wrong, each with the part that it is about."""
        for one in walk(expr):
            if isinstance(one, Call) and one.function in _RISES:
                yield from self._rise(one)
            elif isinstance(one, Binary) and one.op in COMPARISONS:
                yield from self._comparison(one)
            elif isinstance(one, Selector) and self._name(one) == TIMEOUT_REMAINING:
                yield one, _REMAINING

    def _name(self, selector: Selector) -> str:
        return self.selecting.known.documented(selector.name or "")

    def _rise(self, call: Call) -> Iterator[tuple[Expr, Remark]]:
        for selector in selectors(call):
            name = self._name(selector)
            if name == TRIGGER_REASON:
                yield selector, _never_up(call.function)
            elif name in (WINDOW_REQUESTS, WINDOW_FAILURES):
                yield selector, _at_transitions(call.function)
            elif self._born(name, selector):
                yield selector, self._first_sample(call.function, selector)

    def _born(self, name: str, selector: Selector) -> bool:
        """Whether its series are born with what the rule waits for."""
        if name in (TRANSITIONS, TIMEOUT_TRANSITIONS):
            return True
        if name not in _BORN:
            return False
        label, value = _BORN[name]
        theirs = self.selecting.known.theirs(label)
        return any(
            one.label == theirs and one.op in ("=", "=~") and one.value == value
            for one in selector.conditions
        )

    def _first_sample(self, function: str, selector: Selector) -> Remark:
        count = self.selecting.judge(selector).series
        own = self._label_of_each(selector)
        many = "" if not count else f" ({series(count)} here, each with a first one)"
        told = f"{function}() sees nothing in a series' first sample{many}, so the first open of a circuit is missed"
        if own is not None:
            told = (
                f"{function}() sees nothing in a series' first sample, and '{own}' gives each increment a series of "
                f"its own ({series(count or 0)}): nothing is ever seen"
            )
        return Remark(
            "warning" if own is None else "error",
            "first_sample",
            told,
            f"Count a newborn series from 0, as {_RENDERED}: circuit:router_circuit_breaker_opens:increase5m.",
        )

    def _label_of_each(self, selector: Selector) -> str | None:
        """The label that is another one in each series, such as a trace id."""
        found = self.selecting.facts.found.get(selector.name or "")
        there = [] if found is None else matching(found.series, selector.conditions)
        if len(there) < _MANY:
            return None
        known = self.selecting.known
        labels = {label for each in there for label in each if known.label(label) not in KNOWN_LABELS}
        return next(
            (name for name in sorted(labels) if len({each.get(name) for each in there}) == len(there)), None
        )

    def _comparison(self, expr: Binary) -> Iterator[tuple[Expr, Remark]]:
        left, right = bare(expr.left), bare(expr.right)
        for side, other in ((left, right), (right, left)):
            held = isinstance(other, Number)
            for selector in _as_they_are(side) if held else ():
                if (name := self._name(selector)) in (STATE, TRIGGER_REASON):
                    yield selector.plain, self._sticking(name)
            if held and expr.op in ("==", "!=") and _extrapolates(side):
                yield expr, _EXTRAPOLATED
        yield from self._bounds(expr)
        if {self._target(left), self._target(right)} == {"open", "half_open"}:
            yield expr, _OPENS_AGAINST

    def _sticking(self, name: str) -> Remark:
        metric = "the state gauge" if name == STATE else "the trigger reason"
        return Remark(
            "error" if self.kind == "alert" else "warning",
            "sticking_gauge",
            f"{metric} is never set back: once a circuit was in a state, its series holds that value for ever",
            f"Read the transitions, as {_RENDERED}: circuit:router_circuit_breaker_open:instances.",
        )

    def _bounds(self, expr: Binary) -> Iterator[tuple[Expr, Remark]]:
        left, right = self.ranges.of(expr.left), self.ranges.of(expr.right)
        if never(expr.op, left, right):
            told = f"{shown(expr)} can never hold: {_between(left)} {expr.op} {_between(right)}"
            counted = isinstance(side := bare(expr.left), Aggregate) and side.op == "count"
            fix = "A count of nothing has no series: use absent(…)." if counted else "Correct the comparison."
            yield expr, Remark("error", "never_holds", told, fix)
        elif isinstance(bare(expr.right), Number) and _open(left) and always(expr.op, left, right):
            told = f"{shown(expr)} holds whenever there is a series: {_between(left)} {expr.op} {_between(right)}"
            yield expr, Remark("warning", "always_holds", told, "Correct the comparison.")

    def _target(self, expr: Expr) -> str | None:
        """The one state that all its transitions go to."""
        known = self.selecting.known
        labels = (known.theirs("to"), known.theirs("state"))
        found = {
            one.value
            for selector in selectors(expr)
            if self._name(selector) == TRANSITIONS
            for one in selector.conditions
            if one.label in labels and one.op == "="
        }
        return found.pop() if len(found) == 1 else None


def _as_they_are(expr: Expr) -> Iterator[Selector]:
    """The selectors whose values are compared, not their rises."""
    if isinstance(expr, Selector):
        yield expr
    elif not (isinstance(expr, Call) and expr.function in _RISES):
        for child in children(expr):
            yield from _as_they_are(child)


def _open(found: Range) -> bool:
    """Whether the condition is meant to choose: `count(…) > 0` is a way to ask whether there is anything at all."""
    return found[0] < found[1] and found[0] < 1


def _extrapolates(expr: Expr) -> bool:
    return any(isinstance(one, Call) and one.function in ("rate", "increase") for one in walk(expr))


def _between(found: Range) -> str:
    low, high = found
    if low == high:
        return f"{low:g}"
    return f"{low:g} or more" if high == float("inf") else f"{low:g} to {high:g}"


def _never_up(function: str) -> Remark:
    return Remark(
        "error",
        "never_counted_up",
        f"{function}() of the trigger reason is always 0: the router sets it to 1 and never counts it up",
        f"Count the transitions, as {_RENDERED}: circuit:router_circuit_breaker_opens:increase5m.",
    )


def _at_transitions(function: str) -> Remark:
    return Remark(
        "warning",
        "moves_at_transitions",
        f"{function}() of a window statistic is 0 between transitions: the router counts it up only when a circuit moves",
        "Count results: router_circuit_breaker_events_total.",
    )


_REMAINING = Remark(
    "warning",
    "stays_at_last",
    "the remaining time-out stays at its last value when the circuit is open no longer",
    f"Read the transitions, as {_RENDERED}: circuit:router_circuit_breaker_open:instances.",
)
_EXTRAPOLATED = Remark(
    "warning",
    "extrapolated",
    "rate() and increase() extrapolate: 75 opens are 74.06, so an exact number is hardly ever met",
    "Compare with < or >.",
)
_OPENS_AGAINST = Remark(
    "warning",
    "opens_against_half_opens",
    "opens against half-opens: while a circuit flaps, each open has its half-open, and the two are alike",
    f"Count failed probes, as {_RENDERED}: circuit:router_circuit_breaker_failed_probes:increase10m.",
)
