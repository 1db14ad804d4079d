"""Selectors of the dashboard: the server's names, and Grafana's variables as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cbops.measure.names import EVENTS, TRANSITIONS
from cbops.measure.rules.vocabulary import Vocabulary
from cbops.model.config import MetricsConfig
from cbops.model.observation import Dialect
from cbops.model.rules import RuleSettings
from cbops.model.series import Matcher

TENANT, PROVIDER = "$tenant", "$provider"
ALL = ".+"  # the value of a variable that chooses all
CIRCUIT = ("tenant_id", "provider_id")


@dataclass(frozen=True, slots=True)
class Words:
    """`chosen` is the tenant and provider of the variables, `tenants` that tenant with every provider; `others` and
    `strangers` are the same of all other tenants; `providers` is that provider for everyone.
    """

    dialect: Dialect
    everyone: Vocabulary
    chosen: Vocabulary
    tenants: Vocabulary
    others: Vocabulary
    strangers: Vocabulary
    providers: Vocabulary

    @classmethod
    def of(cls, dialect: Dialect, metrics: MetricsConfig) -> Words:
        """ConfigError for a name that cannot stand in a query."""
        everyone = Vocabulary.of(RuleSettings(dialect=dialect, metrics=metrics))
        tenant = Matcher(everyone.label("tenant_id"), "=~", TENANT)
        other = Matcher(everyone.label("tenant_id"), "!~", TENANT)
        provider = Matcher(everyone.label("provider_id"), "=~", PROVIDER)
        return cls(
            dialect=dialect,
            everyone=everyone,
            chosen=replace(everyone, scope=(tenant, provider)),
            tenants=replace(everyone, scope=(tenant,)),
            others=replace(everyone, scope=(other, provider)),
            strangers=replace(everyone, scope=(other,)),
            providers=replace(everyone, scope=(provider,)),
        )

    @property
    def target(self) -> str:
        """The labels of a router instance."""
        return self.everyone.target

    @property
    def circuit(self) -> str:
        """The labels of a circuit, all instances together."""
        return self.everyone.circuit

    @property
    def instance_circuit(self) -> str:
        """The labels of a circuit of one instance."""
        return self.everyone.instance_circuit

    @property
    def events(self) -> str:
        """Results and denials of the chosen circuits."""
        return self.chosen.selector(EVENTS)

    def event(self, kind: str) -> str:
        """Those of one kind."""
        return self.chosen.selector(EVENTS, event_type=kind)

    @property
    def seen(self) -> str:
        """What tells of a router instance when it was scraped: all results of the chosen tenants."""
        return self.tenants.selector(EVENTS)

    def to(self, state: str) -> str:
        """Transitions to a state."""
        return self.chosen.selector(TRANSITIONS, **{"to" if self.dialect == "router" else "state": state})

    def moved(self, labels: Mapping[str, str]) -> str:
        """Transitions with these labels, in documented names."""
        return self.chosen.selector(TRANSITIONS, **labels)

    def legend(self, *labels: str, between: str = " → ") -> str:
        """Grafana's template of labels."""
        return between.join(f"{{{{{self.everyone.label(name)}}}}}" for name in labels)

    @property
    def uncounted(self) -> str:
        """What must be said of fail-fasts; it begins with a space."""
        if self.dialect == "router":
            return ""
        return " A router of the documented dialect may not count fail-fasts at all: then 0 proves nothing."
