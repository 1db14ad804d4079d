"""A metrics source that is asked for the same thing only once."""

from __future__ import annotations

from datetime import datetime

from cbops.flows.ports import MetricsPort
from cbops.model.rule_check import Answered, Found


class Remembering:
    """A RulesPort: names and series are asked for once, whoever needs them."""

    def __init__(self, source: MetricsPort) -> None:
        self._source = source
        self._names: dict[tuple[datetime, datetime], frozenset[str]] = {}
        self._series: dict[tuple[str, datetime, datetime], Found] = {}

    @property
    def kind(self) -> str:
        """`prometheus` or `embedded`."""
        return self._source.kind

    @property
    def requests(self) -> int:
        """How many were sent to a server so far."""
        return self._source.requests

    def names(self, start: datetime, end: datetime) -> frozenset[str]:
        """The metrics that have samples in the window."""
        if (start, end) not in self._names:
            self._names[start, end] = self._source.names(start, end)
        return self._names[start, end]

    def series(self, name: str, start: datetime, end: datetime) -> Found:
        """The series of a metric that have samples in the window."""
        if (name, start, end) not in self._series:
            self._series[name, start, end] = self._source.series(name, start, end)
        return self._series[name, start, end]

    def ask(self, expression: str, start: datetime, end: datetime, step_seconds: int) -> Answered:
        """At how many instants of the window the expression had data."""
        return self._source.ask(expression, start, end, step_seconds)
