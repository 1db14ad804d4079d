"""Alert rules that the server lists as loaded: since when, and how far their firing may lie from what they tell.

Source: the section on alerts of the domain description, and criterion 5 (only loaded rules are judged).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from cbops.judge.case import Case
from cbops.judge.rule_tenants import may_see
from cbops.model.base import to_ms
from cbops.model.observation import Observation
from cbops.model.telemetry import LoadedRule

# The kinds of the domain description, and one for opens that last.
OPENED = "RouterCircuitBreakerOpened"
STAYED_OPEN = "RouterCircuitBreakerStayedOpen"
FAILURE_RATE = "RouterCircuitBreakerHighFailureRate"
MULTIPLE = "RouterCircuitBreakerMultipleProvidersOpen"
PROBES = "RouterCircuitBreakerHalfOpenProbesFailed"
KINDS = (OPENED, STAYED_OPEN, FAILURE_RATE, MULTIPLE, PROBES)

GROUP_MS = 60_000  # between two evaluations, where the server doesn't say
SCRAPE_MS = 60_000
WINDOW_MS = 300_000  # the alerts look back five minutes, or longer where their expression says so
SLACK_MS = 60_000
_MS = {"s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_RANGE = re.compile(r"\[(\d{1,6})([smhd])[:\]]|increase(\d{1,6})([smhd])\b")
_STICKING = re.compile(r"router_circuit_breaker_(?:state(?![_\w])|trigger_reason)")
_RATE = re.compile(
    r"\b(?:rate|irate|increase|delta|idelta)\s*\(\s*(?:sum[^(]*\()?\s*\w*state_transitions_total"
)


@dataclass(frozen=True, slots=True)
class Watch:
    """One kind of alert as it is loaded: its rules together, by the longest of their times (ms)."""

    name: str
    rules: tuple[LoadedRule, ...]
    days: tuple[Observation, ...]  # collected with the rule loaded, and with what fired
    since: int  # surely loaded from here on
    scrape: int

    @property
    def hold(self) -> int:
        """How long its condition must hold."""
        return round(max(rule.for_seconds for rule in self.rules) * 1000)

    @property
    def keeps(self) -> int:
        """How long it goes on firing after that."""
        return round(max(rule.keep_firing_seconds for rule in self.rules) * 1000)

    @property
    def group(self) -> int:
        """Between two evaluations."""
        return max(round((rule.interval_seconds or 0) * 1000) or GROUP_MS for rule in self.rules)

    @property
    def rings(self) -> int:
        """The longest range of its expression: so long its condition holds on."""
        found = [
            int(match[1] or match[3]) * _MS[match[2] or match[4]]
            for rule in self.rules
            for match in _RANGE.finditer(rule.expression)
        ]
        return max(found, default=0)

    @property
    def looks_back(self) -> int:
        """The same, and at least what the alerts of the domain description look back."""
        return max(WINDOW_MS, self.rings)

    @property
    def late(self) -> int:
        """How long after its condition began it may fire."""
        return self.hold + 2 * self.group + 2 * self.scrape + SLACK_MS

    @property
    def lingers(self) -> int:
        """How long after its condition ended it may still fire."""
        return self.looks_back + self.keeps + 2 * self.group + 2 * self.scrape + SLACK_MS

    @property
    def sticks(self) -> bool:
        """Whether it reads a gauge that is never set back."""
        return any(_STICKING.search(rule.expression) for rule in self.rules)

    def judges(self, at: int) -> bool:
        """Whether it was surely loaded then, on a day that was collected with it."""
        return at >= self.since and any(
            to_ms(day.window.start) < at <= to_ms(day.window.end) for day in self.days
        )

    def of_tenant(self, tenant: str) -> bool:
        """Whether some rule may look at that tenant."""
        return any(may_see(rule, tenant) for rule in self.rules)

    def hints(self, dialect: str | None) -> str:
        """What its expression shows of why it is silent; empty where nothing does."""
        text = " ".join(rule.expression for rule in self.rules)
        told = []
        if _RATE.search(text):
            told.append("rate() and increase() see nothing in the first sample of a series that is born")
        if self.sticks:
            told.append("it reads a gauge that is never set back, so it tells no open from the one before")
        if dialect == "router" and re.search(r"state_transitions_total\{[^}]*\bstate\s*=", text):
            told.append("it reads the label of the other dialect (state; here from, to)")
        if dialect == "documented" and re.search(r"state_transitions_total\{[^}]*\bto\s*=", text):
            told.append("it reads the label of the other dialect (to; here state)")
        told += [f"its evaluation fails: {rule.last_error}" for rule in self.rules if rule.last_error]
        return "; ".join(told)


def watches(case: Case) -> dict[str, Watch]:
    """The kinds that any day was collected with, by name."""
    days = [day for day in case.observed.days if day.alert_rules is not None and day.alerts is not None]
    found = {}
    for name in KINDS:
        listed = tuple(day for day in days if any(rule.name == name for rule in day.alert_rules or ()))
        if listed:
            last = max(listed, key=lambda day: day.as_of)
            rules = tuple(rule for rule in last.alert_rules or () if rule.name == name)
            scrape = max(round((day.scrape.interval_seconds or 0) * 1000) or SCRAPE_MS for day in listed)
            found[name] = Watch(name, rules, listed, _since(name, days, listed), scrape)
    return found


def _since(name: str, looks: Sequence[Observation], listed: Sequence[Observation]) -> int:
    """From when on the rule was surely loaded: it was seen loaded, or fired, after the last look that missed it."""
    seen = sorted(to_ms(day.as_of) for day in listed)
    missed = [to_ms(day.as_of) for day in looks if day not in listed]
    after = max((at for at in missed if at < seen[-1]), default=None)
    later = [at for at in seen if after is None or at > after] or [seen[-1]]
    fired = [to_ms(one.start) for day in looks for one in day.alerts or () if one.name == name]
    return min([later[0], *(at for at in fired if after is None or at > after)])
