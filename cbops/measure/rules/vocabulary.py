"""The server's words for the router's series, inside PromQL."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cbops.errors import ConfigError
from cbops.measure.names import UP, server_name
from cbops.model.config import MetricsConfig
from cbops.model.rules import RuleScope, RuleSettings
from cbops.model.series import Matcher, any_of

_METRIC = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Selectors and label lists as the server understands them. `scope` is part of every router selector."""

    config: MetricsConfig
    scope: tuple[Matcher, ...]

    @classmethod
    def of(cls, settings: RuleSettings) -> Vocabulary:
        """ConfigError for a name that cannot stand in a rule."""
        config = settings.metrics
        _check("metrics.names", config.names.values(), _METRIC)
        _check("metrics.labels", config.labels.values(), _LABEL)
        _check("a tenant label", (label.name for label in settings.scope.labels), _LABEL)
        tenant = config.labels.get("tenant_id", "tenant_id")
        return cls(config, tuple(_matchers(settings.scope, tenant)))

    def label(self, name: str) -> str:
        """The server's name of a label."""
        return self.config.labels.get(name, name)

    def labels(self, *names: str) -> str:
        """A list of labels, as after `by` and `on`."""
        return ", ".join(self.label(name) for name in names)

    @property
    def target(self) -> str:
        """The labels of one router instance."""
        return self.labels("job", "instance")

    @property
    def tenant(self) -> str:
        """The label of a tenant."""
        return self.labels("tenant_id")

    @property
    def circuit(self) -> str:
        """The labels of a circuit, all instances together."""
        return self.labels("tenant_id", "provider_id")

    @property
    def instance_circuit(self) -> str:
        """The labels of a circuit of one instance."""
        return self.labels("job", "instance", "tenant_id", "provider_id")

    def selector(self, name: str, **labels: str) -> str:
        """Series of the tenants in scope: by documented names, a value for each label."""
        mine = [Matcher(self.label(label), "=", value) for label, value in labels.items()]
        return server_name(self.config, name) + _braces([*mine, *self.scope])

    def everyone(self, name: str) -> str:
        """The same series of all tenants."""
        return server_name(self.config, name)

    def guard(self, name: str, tenants: Iterable[str]) -> str:
        """Series that a guard of these tenants writes itself, under its own names; none: of every guard."""
        wanted = tuple(tenants)
        return name + _braces([any_of("tenant_id", wanted)] if wanted else [])

    @staticmethod
    def quoted(text: str) -> str:
        """A PromQL string."""
        return _quoted(text)

    @property
    def up(self) -> str:
        """Whether scrapes succeeded, of the routers' job where that is configured."""
        job = [Matcher(self.label("job"), "=", self.config.job)] if self.config.job else []
        return server_name(self.config, UP) + _braces(job)

    def recorded(self, series: str, **labels: str) -> str:
        """A series of these rules, with a value for each label."""
        return series + _braces([Matcher(self.label(label), "=", value) for label, value in labels.items()])


def _matchers(scope: RuleScope, tenant: str) -> Iterable[Matcher]:
    if scope.tenants:
        yield any_of(tenant, scope.tenants)
    values: dict[str, set[str]] = {}
    for label in scope.labels:
        values.setdefault(label.name, set()).add(label.value)
    for name in sorted(values):
        yield any_of(name, values[name])


def _check(what: str, names: Iterable[str], form: re.Pattern[str]) -> None:
    for name in names:
        if not form.fullmatch(name):
            raise ConfigError(
                f"{what}: '{name}' cannot be a name in a rule",
                hint="Letters, digits and underscores, not beginning with a digit.",
            )


def _braces(matchers: Iterable[Matcher]) -> str:
    listed = ",".join(f"{one.label}{one.op}{_quoted(one.value)}" for one in matchers)
    return f"{{{listed}}}" if listed else ""


def _quoted(value: str) -> str:
    """A PromQL string."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
