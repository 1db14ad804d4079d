"""What flows need of the outside; the real things are built in one place in cli and passed in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:  # types alone, and each would cost every command the time that its models take
    from cbops.model.base import JsonObject
    from cbops.model.config_notifications import NotificationKind
    from cbops.model.events_sending import ChannelTold
    from cbops.model.notice import About
    from cbops.model.policy import PolicyInfo, PolicyVersion, PutAnswer
    from cbops.model.rule_check import Answered, Found
    from cbops.model.series import Fetched, SeriesQuery
    from cbops.model.telemetry import AlertmanagerFacts, FiringAlert, LoadedRule
    from cbops.model.traffic import TrafficChunk, TrafficSummary


class Clock(Protocol):
    """Time, and waiting for it."""

    def now(self) -> datetime:
        """The present instant, in UTC."""
        ...

    def wait(self, seconds: float) -> None:
        """Let that much time pass."""
        ...


class NotifierPort(Protocol):
    """Channels that are told of what happens. Nothing waits for them unless it says so, and nothing raises."""

    notes: list[str]

    def announce(
        self, kind: NotificationKind, about: About, by: str, at: datetime, told: tuple[str, ...]
    ) -> None:
        """Begin to tell it."""
        ...

    def finished(self, *, wait: bool) -> tuple[ChannelTold, ...]:
        """What became of the messages since the last call."""
        ...


class AdminPort(Protocol):
    """The router's admin API. Every call may raise AdminError."""

    def policies(self, tenant: str | None = None) -> tuple[PolicyInfo, ...]:
        """All policies, every page of them, or one tenant's."""
        ...

    def history(self, tenant: str, policy: str) -> tuple[PolicyVersion, ...]:
        """All versions, as the server orders them; the live one has `is_active`."""
        ...

    def latest(self, tenant: str, policy: str) -> tuple[str, JsonObject]:
        """The latest version, which need not be the live one: (version, document)."""
        ...

    def loaded_at(self, tenant: str, policy: str) -> str | None:
        """When the router last took the policy up, as it tells; null where it doesn't."""
        ...

    def validate(self, document: Mapping[str, Any]) -> tuple[str, ...]:
        """What the router finds wrong with the document; empty when it is valid."""
        ...

    def put(
        self,
        tenant: str,
        policy: str,
        document: Mapping[str, Any],
        *,
        version: str,
        comment: str,
        check: bool = True,
    ) -> PutAnswer:
        """Write a new version; sent once, never repeated. `check` false: the router needn't find it valid."""
        ...

    def reload(self, tenant: str, policy: str) -> None:
        """Make the stored policy live again."""
        ...

    def disable_all(self) -> None:
        """The global emergency switch; AdminMissingError where the router has none."""
        ...


class LoadedRulesPort(Protocol):
    """A metrics source that may list the rules that it has loaded."""

    def alert_rules(self) -> tuple[LoadedRule, ...] | None:
        """Every loaded alert rule, in one request; null where the source evaluates none or doesn't tell.
        May raise MetricsError.
        """
        ...


class SamplePort(LoadedRulesPort, Protocol):
    """A metrics source: Prometheus or the embedded store."""

    @property
    def kind(self) -> str:
        """`prometheus` or `embedded`."""
        ...

    def fetch(self, query: SeriesQuery, start: datetime, end: datetime) -> Fetched:
        """Samples with start < t <= end, and each series' last sample at or before `start` (as far
        back as `LOOKBACK`, see the clients). Series without any sample there are left out.
        May raise MetricsError.
        """
        ...


@runtime_checkable
class NumberPort(Protocol):
    """A metrics source that evaluates expressions."""

    def single(self, expression: str, at: datetime) -> float:
        """The one number that an expression gives at an instant, in one request (two where nothing answers).
        May raise MetricsError.
        """
        ...


class AlertmanagerPort(Protocol):
    """Alertmanager. Every call may raise AlertmanagerError."""

    def alerts(self) -> tuple[FiringAlert, ...]:
        """What it holds now, resolved ones left out, in one request."""
        ...


class RulesPort(Protocol):
    """A metrics source that is asked about rules: which series there are, and what an expression gives.

    Every call may raise MetricsError.
    """

    @property
    def kind(self) -> str:
        """`prometheus` or `embedded`."""
        ...

    @property
    def requests(self) -> int:
        """How many were sent to a server so far."""
        ...

    def names(self, start: datetime, end: datetime) -> frozenset[str]:
        """The metrics that have samples in the window."""
        ...

    def series(self, name: str, start: datetime, end: datetime) -> Found:
        """The series of a metric that have samples in the window."""
        ...

    def ask(self, expression: str, start: datetime, end: datetime, step_seconds: int) -> Answered:
        """At how many instants of the window the expression had data; what can't be asked or is refused is no error."""
        ...


class TrafficPort(Protocol):
    """Recorded traffic, from trace files or synthesised from counters."""

    def chunks(self) -> Iterator[TrafficChunk]:
        """The requests in order of arrival; see `TrafficChunk.begins`. May raise InputError or MetricsError."""
        ...

    @property
    def summary(self) -> TrafficSummary:
        """What was read; complete after the last chunk."""
        ...


class AdminLookPort(AdminPort, Protocol):
    """The admin API, also asked how it is."""

    @property
    def requests(self) -> int:
        """How many were sent so far."""
        ...

    @property
    def date(self) -> datetime | None:
        """The server's clock as of its last answer, cut to the second; null where it doesn't say."""
        ...

    def look(self) -> int | None:
        """Whether it answers, and with how many policies (null: it doesn't say), at the cost of one request."""
        ...


class MetricsPort(SamplePort, RulesPort, Protocol):
    """A metrics source for samples and for what rules read."""


class MetricsServerPort(MetricsPort, LoadedRulesPort, Protocol):
    """A Prometheus server, also asked how it is. Every call is one request and may raise MetricsError; what only some
    servers of this kind serve is null where one doesn't.
    """

    @property
    def date(self) -> datetime | None:
        """The server's clock as of its last answer, cut to the second; null where it doesn't say."""
        ...

    def version(self) -> str | None:
        """Its version."""
        ...

    def recordings(self) -> Mapping[str, tuple[str, ...]] | None:
        """The expressions of the loaded recording rules, by the name of the series that they record."""
        ...

    def alertmanagers(self) -> tuple[str, ...] | None:
        """The addresses of the Alertmanagers that it sends its alerts to."""
        ...

    def values(self, expression: str, at: datetime) -> tuple[tuple[Mapping[str, str], float], ...]:
        """The labels and values that an expression has at an instant."""
        ...


class AlertmanagerLookPort(Protocol):
    """Alertmanager, asked how it is. Every call may raise AlertmanagerError."""

    @property
    def requests(self) -> int:
        """How many requests were sent so far."""
        ...

    @property
    def date(self) -> datetime | None:
        """The server's clock as of its last answer, cut to the second; null where it doesn't say."""
        ...

    def status(self) -> AlertmanagerFacts:
        """Its version, and how its cluster is, in one request."""
        ...
